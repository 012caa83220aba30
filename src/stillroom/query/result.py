"""Results: expressions over keys and noisy aggregates, with what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Arithmetic, ArithmeticOp, Constant, Expression, columns_of
from stillroom.model.schema import CALENDAR, SECONDS_OF_DAY, Kind
from stillroom.query.constants import date_constant, timestamp_constant
from stillroom.query.typed import mismatch

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_DIGITS = 6
"""Decimal places that a quotient shows, and that averages, variances and the like show beyond those of their columns: a share of some
millions of people is never rounded to nothing. Products show no more than twice that."""


@dataclass(frozen=True)
class Result:
    """An expression over keys and noisy results.

    Attributes:
        expression: The expression.
        kind: What it is.
        digits: Decimal places to show.
        noisy: Whether it depends on noisy results.
        length: The most characters of a text, if that is known.
    """

    expression: Expression
    kind: Kind
    digits: int = 0
    noisy: bool = False
    length: int | None = None

    @property
    def number(self) -> bool:
        """Whether arithmetic applies."""
        return self.kind in {Kind.INTEGER, Kind.DECIMAL}

    @property
    def null(self) -> bool:
        """Whether it is the constant NULL."""
        return isinstance(self.expression, Constant) and self.expression.value is None


def reads_noise(node: Expression) -> bool:
    """Tell whether an expression depends on what is measured."""
    return any(name.startswith("m") for name in columns_of(node))


def longest(results: Iterable[Result]) -> int | None:
    """Return the most characters of a text that is one of several, if that is known."""
    lengths = [one.length for one in results if not one.null]
    known = [length for length in lengths if length is not None]
    return max(known, default=None) if len(known) == len(lengths) else None


def truth(expression: Expression, *operands: Result) -> Result:
    """Return a truth value over operands."""
    return Result(expression, Kind.BOOLEAN, 0, any(operand.noisy for operand in operands))


def check_numbers(*operands: Result) -> None:
    """Refuse arithmetic on anything but numbers."""
    if not all(operand.number or operand.null for operand in operands):
        raise mismatch("Arithmetic needs numbers.")


def comparable(left: Result, right: Result) -> tuple[Result, Result]:
    """Bring two operands to one kind: constant text next to a date or timestamp must be one, a date next to a timestamp is its start."""
    left, right = _of_calendar(left, right.kind), _of_calendar(right, left.kind)
    if not (left.null or right.null or (left.number and right.number) or left.kind is right.kind):
        raise mismatch("The two sides of a comparison have different types.")
    return left, right


def _of_calendar(operand: Result, beside: Kind) -> Result:
    """Return an operand beside a date or a timestamp, which constant text is read as; a date beside a timestamp is its beginning."""
    if beside is Kind.TIMESTAMP and operand.kind is Kind.DATE:
        day = After(function=ScalarFunction.TRUNC, operands=(operand.expression,))
        start = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=day, right=Constant(value=SECONDS_OF_DAY))
        return replace(operand, expression=start, kind=Kind.TIMESTAMP)
    text = operand.expression.value if isinstance(operand.expression, Constant) else None
    if beside not in CALENDAR or operand.kind is not Kind.TEXT or not isinstance(text, str):
        return operand
    read = date_constant if beside is Kind.DATE else timestamp_constant
    return replace(operand, expression=read(text).expression, kind=beside)
