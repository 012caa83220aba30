"""Values next to each other: brought to one kind and unit, and compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.admission.cells import limits
from stillroom.errors import Code, Refusal
from stillroom.model.expression import ArithmeticOp, Compare, Constant
from stillroom.model.schema import CALENDAR, SECONDS_OF_DAY, ColumnType, Kind
from stillroom.query.constants import date_constant, timestamp_constant
from stillroom.query.typed import Typed, aligned, arithmetic, combined, constant, is_null, mismatch

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """Bring two operands of a comparison to one kind and unit.

    Text next to a date or timestamp must be one; a date next to a timestamp is its beginning.
    """
    left, right = of_calendar(left, right.type.kind), of_calendar(right, left.type.kind)
    if left.type.numeric and right.type.numeric:
        return aligned(left, right)
    if left.type.kind is not right.type.kind and not is_null(left) and not is_null(right):
        raise mismatch("The two sides of a comparison have different types.")
    return left, right


def of_calendar(operand: Typed, beside: Kind) -> Typed:
    """Return an operand beside a date or a timestamp: constant text is read as one, and a date beside a timestamp becomes one."""
    if beside is Kind.TIMESTAMP and operand.type.kind is Kind.DATE:
        return midnight(operand)
    if beside not in CALENDAR or operand.type.kind is not Kind.TEXT or is_null(operand):
        return operand
    if not isinstance(operand.expression, Constant):
        fix = "Cast the text: CAST(t AS DATE) or CAST(t AS TIMESTAMP)."
        raise Refusal(Code.TYPE_MISMATCH, "Text cannot be compared with a date or a timestamp.", fix)
    text = str(operand.expression.value)
    return date_constant(text) if beside is Kind.DATE else timestamp_constant(text)


def midnight(date: Typed) -> Typed:
    """Return the timestamp at which a date begins."""
    known = date.type
    if isinstance(date.expression, Constant) and isinstance(date.expression.value, int):
        return replace(constant(date.expression.value * SECONDS_OF_DAY, Kind.TIMESTAMP), functional=date.functional)
    low, high = limits(known)
    number = replace(date, type=ColumnType(kind=Kind.INTEGER, low=low, high=high, nullable=known.nullable))
    seconds = arithmetic(ArithmeticOp.MULTIPLY, number, constant(SECONDS_OF_DAY, Kind.INTEGER))
    values = None if known.values is None else tuple(int(value) * SECONDS_OF_DAY for value in known.values)
    return replace(seconds, type=seconds.type.model_copy(update={"kind": Kind.TIMESTAMP, "values": values}))


def calendar_kind(operands: Iterable[Typed]) -> Kind | None:
    """Return what operands beside each other are brought to by `of_calendar`: timestamps if one is there, else dates, else nothing."""
    kinds = {operand.type.kind for operand in operands}
    return next((kind for kind in (Kind.TIMESTAMP, Kind.DATE) if kind in kinds), None)


def as_condition(operand: Typed) -> Typed:
    """Return an operand that must be a truth value."""
    if operand.type.kind is not Kind.BOOLEAN and not is_null(operand):
        raise mismatch("A condition must be true or false.")
    return operand
