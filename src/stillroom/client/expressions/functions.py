"""Functions of several values, of none, and choices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from stillroom.client.expressions.aggregates import AGGREGATE, sample
from stillroom.client.expressions.expression import Expression
from stillroom.client.expressions.piece import Piece, Takes, Value, column, operand, plain, whole, written
from stillroom.client.expressions.scalars import listed
from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

Values: TypeAlias = "Value | Sequence[Value]"
"""A value, or several as a list."""


class When:
    """The beginning of a choice: `when(condition, value).when(…).otherwise(value)`."""

    def __init__(self, branches: tuple[tuple[str, str], ...]) -> None:
        """Use `when`."""
        self._branches = branches

    def when(self, condition: Piece, value: Value) -> When:
        """Add a branch, for rows of no branch before."""
        return When((*self._branches, (written(condition), operand(value).sql)))

    def otherwise(self, value: Value = None) -> Expression:
        """End the choice with the value of all other rows."""
        branches = " ".join(f"WHEN {condition} THEN {value}" for condition, value in self._branches)
        return Expression(f"CASE {branches} ELSE {operand(value).sql} END")


def when(condition: Piece, value: Value) -> When:
    """Begin a choice: the value of the first branch whose condition is true."""
    return When(((written(condition), operand(value).sql),))


def param(name: str) -> Expression:
    """Return a constant whose value is given when the question is priced or asked: `parameters={name: value}`.

    Raises:
        InvalidInput: It is no name of a parameter.
    """
    if not re.fullmatch(NAME, plain(name, "A parameter's name")):
        raise InvalidInput(Code.SQL_INVALID, f"{name!r} is no name of a parameter.", "Use small letters, digits and underscores.")
    return Expression(f":{name}")


def _call(name: str, *operands: Value, takes: Takes = Takes.NOTHING) -> Expression:
    return Expression(f"{name}({', '.join(operand(one).sql for one in operands)})", takes)


def _of_some(name: str, values: tuple[Values, ...]) -> Expression:
    """Return a call with any number of operands.

    Raises:
        InvalidInput: There is none.
    """
    every = listed(values)
    if not every:
        raise InvalidInput(Code.SQL_INVALID, f"{name} has nothing to be of.", "Give it columns or expressions.")
    return _call(name, *every)


def coalesce(*values: Values) -> Expression:
    """Return the first value that is not missing."""
    return _of_some("COALESCE", values)


def max_horizontal(*values: Values) -> Expression:
    """Return the greatest of several values of a row; those that are missing do not count."""
    return _of_some("GREATEST", values)


def min_horizontal(*values: Values) -> Expression:
    """Return the least of several values of a row; those that are missing do not count."""
    return _of_some("LEAST", values)


def concat_str(*values: Values, ignore_nulls: bool = False) -> Expression:
    """Put texts after each other, whatever is no text as a cast spells it.

    Args:
        values: The texts, one by one or in lists.
        ignore_nulls: Leave out what is missing; else nothing is there where one is missing.
    """
    if ignore_nulls:
        return _of_some("CONCAT", values)
    every = listed(values)
    if not every:
        raise InvalidInput(Code.SQL_INVALID, "concat_str has nothing to be of.", "Give it columns or texts.")
    return Expression(f"({' || '.join(operand(value).sql for value in every)})")


def count() -> Expression:
    """Count rows: of a group, of a person, or in a window."""
    return Expression("COUNT(*)", AGGREGATE)


def count_if(condition: Piece) -> Expression:
    """Count the rows for which a condition is true."""
    return Expression(f"COUNT_IF({written(condition)})", AGGREGATE)


def cov(y: Piece, x: Piece, ddof: int = 1) -> Expression:
    """Return the covariance of two columns: of a sample, or with `ddof=0` of all there are."""
    return _pair(f"COVAR_{sample(ddof)}", y, x)


def corr(y: Piece, x: Piece) -> Expression:
    """Return the correlation of two columns."""
    return _pair("CORR", y, x)


def regr_slope(y: Piece, x: Piece) -> Expression:
    """Return by how much `y` rises with `x`, in the line that fits best."""
    return _pair("REGR_SLOPE", y, x)


def regr_intercept(y: Piece, x: Piece) -> Expression:
    """Return where the line that fits best has `y` for an `x` of 0."""
    return _pair("REGR_INTERCEPT", y, x)


def _pair(name: str, y: Piece, x: Piece) -> Expression:
    return Expression(f"{name}({written(y)}, {written(x)})", AGGREGATE)


def pi() -> Expression:
    """Return 3.141592653589793; beside results only."""
    return _call("PI")


def grouping(key: str | Piece) -> Expression:
    """Return 1 in rows that total over a key, and 0 in others."""
    return Expression(f"GROUPING({column(key) if isinstance(key, str) else written(key)})")


def row_number() -> Expression:
    """Number rows in an order, from 1. Needs `over`."""
    return _call("ROW_NUMBER", takes=Takes.OVER)


def rank() -> Expression:
    """Number rows in an order, equal ones alike, and leave numbers out behind them; of results only. Needs `over`."""
    return _call("RANK", takes=Takes.OVER)


def dense_rank() -> Expression:
    """Number rows in an order, equal ones alike, and leave no number out; of results only. Needs `over`."""
    return _call("DENSE_RANK", takes=Takes.OVER)


def percent_rank() -> Expression:
    """Return which part of the other rows come before, from 0 to 1; of results only. Needs `over`."""
    return _call("PERCENT_RANK", takes=Takes.OVER)


def cume_dist() -> Expression:
    """Return which part of the rows come no later, up to 1; of results only. Needs `over`."""
    return _call("CUME_DIST", takes=Takes.OVER)


def ntile(buckets: int) -> Expression:
    """Divide rows in an order among as many buckets, from 1 on; of results only. Needs `over`."""
    return _call("NTILE", whole(buckets, "The number of buckets", least=1), takes=Takes.OVER)
