"""Results: expressions over keys and noisy aggregates, with what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillroom.model.expression import Constant, Expression, columns_of
from stillroom.model.schema import CALENDAR, Kind
from stillroom.query.constants import date_constant, timestamp_constant
from stillroom.query.typed import mismatch

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
    """

    expression: Expression
    kind: Kind
    digits: int = 0
    noisy: bool = False

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


def truth(expression: Expression, *operands: Result) -> Result:
    """Return a truth value over operands."""
    return Result(expression, Kind.BOOLEAN, 0, any(operand.noisy for operand in operands))


def check_numbers(*operands: Result) -> None:
    """Refuse arithmetic on anything but numbers."""
    if not all(operand.number or operand.null for operand in operands):
        raise mismatch("Arithmetic needs numbers.")


def comparable(left: Result, right: Result) -> tuple[Result, Result]:
    """Bring two operands to comparable kinds; constant text next to a date or a timestamp must be one."""
    left, right = _of_calendar(left, right.kind), _of_calendar(right, left.kind)
    if not (left.null or right.null or (left.number and right.number) or left.kind is right.kind):
        raise mismatch("The two sides of a comparison have different types.")
    return left, right


def _of_calendar(operand: Result, beside: Kind) -> Result:
    """Return an operand beside a date or a timestamp, which constant text is read as."""
    text = operand.expression.value if isinstance(operand.expression, Constant) else None
    if beside not in CALENDAR or operand.kind is not Kind.TEXT or not isinstance(text, str):
        return operand
    read = date_constant if beside is Kind.DATE else timestamp_constant
    return replace(operand, expression=read(text).expression, kind=beside)
