"""Values next to each other: brought to one kind and unit, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.expression import Compare, Constant
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.constants import date_constant
from stillroom.query.typed import Typed, aligned, combined, is_null, mismatch

if TYPE_CHECKING:
    from stillroom.model.expression import Comparison

BOOLEAN = ColumnType(kind=Kind.BOOLEAN)


def compared(comparison: Comparison, left: Typed, right: Typed) -> Typed:
    """Return a comparison of two operands of one kind."""
    return comparison_of(comparison, left, right).as_test()


def comparison_of(comparison: Comparison, left: Typed, right: Typed) -> Typed:
    """Return a comparison that is part of a function of both operands, and so reads them."""
    node = Compare(comparison=comparison, left=left.expression, right=right.expression)
    return combined(node, BOOLEAN.model_copy(update={"nullable": left.type.nullable or right.type.nullable}), left, right)


def same_kind(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Bring two operands of a comparison to one kind and unit; text next to a date must be a date."""
    if left.type.kind is Kind.DATE and right.type.kind is Kind.TEXT:
        right = as_date(right)
    elif right.type.kind is Kind.DATE and left.type.kind is Kind.TEXT:
        left = as_date(left)
    if left.type.numeric and right.type.numeric:
        return aligned(left, right)
    if left.type.kind is not right.type.kind and not is_null(left) and not is_null(right):
        raise mismatch("The two sides of a comparison have different types.")
    return left, right


def as_date(operand: Typed) -> Typed:
    """Read constant text as a date."""
    if is_null(operand):
        return operand
    if not isinstance(operand.expression, Constant):
        raise mismatch("Text and a date cannot be compared.")
    return date_constant(str(operand.expression.value))


def as_condition(operand: Typed) -> Typed:
    """Return an operand that must be a truth value."""
    if operand.type.kind is not Kind.BOOLEAN and not is_null(operand):
        raise mismatch("A condition must be true or false.")
    return operand
