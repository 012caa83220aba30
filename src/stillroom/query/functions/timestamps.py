"""Dates and timestamps as whole numbers of days and seconds, and back. Both are of the years 1 to 9999; what would be another is NULL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.admission.cells import limits
from stillroom.admission.dates import FIRST_DAY, LAST_DAY
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP
from stillroom.model.expression import ArithmeticOp
from stillroom.model.function import Function
from stillroom.model.schema import SECONDS_OF_DAY, ColumnType, Kind
from stillroom.query.comparisons import midnight
from stillroom.query.functions.call import called, whole
from stillroom.query.functions.numbers import floor, remainder
from stillroom.query.typed import Typed, arithmetic, mismatch, number_type, span

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS_OF_DAY = {"HOUR": 3_600, "MINUTE": 60, "SECOND": 1}
"""The seconds of units of time that days have."""

TIME_OF_DAY: dict[str, Callable[[Typed], Typed]] = {
    "HOUR": lambda passed: floor(passed, 3_600),
    "MINUTE": lambda passed: remainder(floor(passed, 60), whole(60)),
    "SECOND": lambda passed: remainder(passed, whole(60)),
}
"""Parts of the time of day, the largest first, given how many seconds of it have passed."""


def days(operand: Typed, what: str) -> Typed:
    """Return a date as the whole number of days that it is, and a timestamp as that of its day.

    Without bounds, all that admission lets pass can occur.
    """
    if operand.type.kind is Kind.TIMESTAMP:
        return floor(seconds(operand, what), SECONDS_OF_DAY)
    return _number(operand, Kind.DATE, what)


def seconds(operand: Typed, what: str) -> Typed:
    """Return a timestamp as the whole number of seconds that it is; a date as that of its beginning."""
    timestamp = midnight(operand) if operand.type.kind is Kind.DATE else operand
    return _number(timestamp, Kind.TIMESTAMP, what)


def second_of_day(operand: Typed, what: str) -> Typed:
    """Return how many seconds of its day have passed at a timestamp."""
    passed = arithmetic(ArithmeticOp.SUBTRACT, seconds(operand, what), whole(FIRST_TIMESTAMP))
    return remainder(passed, whole(SECONDS_OF_DAY))


def date(number: Typed, values: tuple[int, ...] | None = None) -> Typed:
    """Return a whole number of days as a date; NULL outside the calendar."""
    return _of_calendar(number, Kind.DATE, FIRST_DAY, LAST_DAY, values)


def timestamp(number: Typed, values: tuple[int, ...] | None = None) -> Typed:
    """Return a whole number of seconds as a timestamp; NULL outside the calendar."""
    return _of_calendar(number, Kind.TIMESTAMP, FIRST_TIMESTAMP, LAST_TIMESTAMP, values)


def _number(operand: Typed, kind: Kind, what: str) -> Typed:
    known = operand.type
    if known.kind is not kind:
        raise mismatch(f"{what} needs a date or a timestamp.")
    low, high = limits(known)
    return replace(operand, type=ColumnType(kind=Kind.INTEGER, low=low, high=high, values=known.values, nullable=known.nullable))


def _of_calendar(number: Typed, kind: Kind, first: int, last: int, values: tuple[int, ...] | None) -> Typed:
    low, high = span(number)
    missing = number.type.nullable
    if low < first or high > last:
        low, high, missing = *(min(max(end, first), last) for end in (low, high)), True
        number = called(Function.WITHIN, number_type(0, low, high, nullable=True), number, whole(first), whole(last))
    return replace(number, type=ColumnType(kind=kind, low=low, high=high, values=values, nullable=missing))
