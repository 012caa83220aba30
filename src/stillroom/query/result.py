"""Results: expressions over keys and noisy aggregates, with what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillroom.model.expression import Constant, Expression, columns_of
from stillroom.model.schema import Kind
from stillroom.query.constants import date_constant
from stillroom.query.typed import mismatch

SHOWN_DIGITS = 6
"""Decimal places that a quotient shows; products show no more than twice that."""


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
    """Bring two operands to comparable kinds; constant text next to a date must be a date."""
    for one, other in ((left, right), (right, left)):
        if (
            one.kind is Kind.DATE
            and other.kind is Kind.TEXT
            and isinstance(other.expression, Constant)
            and isinstance(other.expression.value, str)
        ):
            dated = replace(other, expression=date_constant(other.expression.value).expression, kind=Kind.DATE)
            return (one, dated) if one is left else (dated, one)
    if not (left.null or right.null or (left.number and right.number) or left.kind is right.kind):
        raise mismatch("The two sides of a comparison have different types.")
    return left, right
