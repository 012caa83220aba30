"""Row expressions as typed columns of Polars that cannot fail."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars.calls import called
from stillroom.adapters.polars.values import Term, Type, alike, as_type, common, constant, null, whole
from stillroom.adapters.statements.sql import LARGEST_NARROW, unsound, within
from stillroom.model.expression import (
    After,
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Bounded,
    Call,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    Covariance,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
    Over,
    Quantile,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.adapters.polars.values import Scope


def term(node: Expression, scope: Scope) -> Term:
    """Translate an expression.

    It cannot fail on any row, nor wrap: every number has a type that holds the plan's bound of it, a division by zero is NULL, no cast
    narrows, and no text is read as anything else. Each operand is written once, so that the query is as long as the plan.

    Raises:
        Failed: The plan is not one that this engine can run, whatever the data.
    """
    match node:
        case Column():
            return scope.columns[node.name]
        case Constant():
            return constant(node.value)
        case Arithmetic() | Divide():
            return _number(node, scope)
        case Case():
            return _case(node, scope)
        case Call():
            return called(node, [term(operand, scope) for operand in node.operands], scope)
        case Compare() | Among() | Like() | IsNull() | Not() | All() | Any():
            return Term(_condition(node, scope), Type.TRUTH)
        case Average() | After() | Bounded() | Covariance() | Quantile() | Over():
            raise unsound()


def truth(node: Expression, scope: Scope) -> pl.Expr:
    """Translate a condition."""
    return as_type(term(node, scope), Type.TRUTH)


def _number(node: Arithmetic | Divide, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)
    bound = within(node.bound)
    if isinstance(node, Divide):
        return Term(_divide(as_type(left, Type.WIDE), as_type(right, Type.WIDE), node.shift, scope), Type.WIDE)
    width = Type.WIDE if bound > LARGEST_NARROW or Type.WIDE in {left.type, right.type} else Type.NARROW
    one, other = as_type(left, width), as_type(right, width)
    match node.operation:
        case ArithmeticOp.ADD:
            return Term(one + other, width)
        case ArithmeticOp.SUBTRACT:
            return Term(one - other, width)
        case ArithmeticOp.MULTIPLY:
            return Term(one * other, width)


def _divide(dividend: pl.Expr, divisor: pl.Expr, shift: int, scope: Scope) -> pl.Expr:
    """Return the quotient rounded half away from zero; NULL for the divisor 0.

    2n / d cut off towards zero is the quotient in halves, cut off; rounding t / 2 half away from zero gives the same as rounding n / d so,
    because a cut that starts between two halves never reaches the next. One more half away from zero, cut off again, is that rounding.
    """
    halves = scope.bind((dividend * whole(2 * 10**shift, Type.WIDE)).truncdiv(divisor))
    away = pl.when(halves < 0).then(whole(-1, Type.WIDE)).otherwise(whole(1, Type.WIDE))
    return (halves + away).truncdiv(whole(2, Type.WIDE))


def _case(node: Case, scope: Scope) -> Term:
    results = [*(term(branch.then, scope) for branch in node.branches), term(node.otherwise, scope)]
    shared = common(results)
    conditions = [truth(branch.when, scope) for branch in node.branches]
    if shared is Type.NULL:
        return Term(null(), Type.NULL)
    *values, otherwise = (as_type(result, shared) for result in results)
    written = reversed(list(zip(conditions, values, strict=True)))
    chosen = reduce(lambda rest, branch: pl.when(branch[0]).then(branch[1]).otherwise(rest), written, otherwise)
    return Term(chosen, shared)


def _condition(node: Compare | Among | Like | IsNull | Not | All | Any, scope: Scope) -> pl.Expr:
    match node:
        case Compare():
            (left, right), _ = alike([term(node.left, scope), term(node.right, scope)])
            return _compared(node.comparison, left, right)
        case Among():
            return _among(node, scope)
        case Like():
            return as_type(term(node.operand, scope), Type.TEXT).str.contains(_regex(node.pattern))
        case IsNull():
            return term(node.operand, scope).node.is_null()
        case Not():
            return ~truth(node.operand, scope)
        case _:
            operands = [truth(operand, scope) for operand in node.operands]
            return pl.all_horizontal(operands) if isinstance(node, All) else pl.any_horizontal(operands)


def _compared(comparison: Comparison, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Return a comparison, with the side that reads columns on the left.

    In memory, Polars 2.1 takes a comparison of a constant with a column for one row where all values of that column are one constant.
    """
    if not left.meta.root_names():
        return _TURNED[comparison](right, left)
    return _COMPARED[comparison](left, right)


_COMPARED: dict[Comparison, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.NOT_EQUAL: operator.ne,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}

_TURNED: dict[Comparison, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    **_COMPARED,
    Comparison.LESS: operator.gt,
    Comparison.LESS_OR_EQUAL: operator.ge,
}
"""The same with the sides turned."""


def _among(node: Among, scope: Scope) -> pl.Expr:
    """Return a membership test; in an empty list nothing is, and NULL stays NULL."""
    operand, values = term(node.operand, scope), [constant(value.value) for value in node.values]
    (sought, *_), shared = alike([operand, *values])
    listed = pl.Series([value.value for value in node.values], dtype=shared.value)
    return scope.bind(sought).is_in(listed.implode())


_ANY_TEXT = {"%": ".*", "_": "."}


def _regex(pattern: str) -> str:
    """Return a pattern of LIKE as a regular expression, which matches whole texts in time that grows with their length alone."""
    return "".join(["(?s)^", *(_ANY_TEXT.get(sign) or pl.escape_regex(sign) for sign in pattern), "$"])
