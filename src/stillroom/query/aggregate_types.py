"""What is known about aggregates inside one person, before any row is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.expression import Constant
from stillroom.model.function import Function
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.added import of_rows, of_value
from stillroom.query.functions.call import called, whole
from stillroom.query.typed import CONSTANT_LIMIT, Typed, bound_of, number_type, quotient, span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.query.added import Added

ROW = Typed(Constant(value=1), ColumnType(kind=Kind.INTEGER, low=1, high=1, nullable=False), functional=True)
"""What COUNT(*) counts in each row."""


def counted_type(most: int) -> ColumnType:
    """Return what is known about how many there are of what a person has at most so many of."""
    return ColumnType(kind=Kind.INTEGER, low=0, high=most, nullable=False)


def average(total: Typed, count: Typed, value: Typed) -> Typed:
    """Return an average, with six decimal places or as many as its values have more; NULL without a value.

    It lies between the least and the greatest value. So does what it is rounded to: these ends have no more decimal places.
    """
    return between(quotient(total, count), value)


def between(found: Typed, value: Typed) -> Typed:
    """Return what lies between two values with the range of these, in its own units; ends that are too large to be written are left out."""
    low, high = (end * 10 ** (found.type.digits - value.type.digits) for end in span(value))
    if max(-low, high) >= CONSTANT_LIMIT:
        return found
    return called(Function.WITHIN, number_type(found.type.digits, low, high, nullable=True), found, whole(low), whole(high))


def total_type(function: str, value: Typed, rows: int, known: Mapping[str, Added]) -> ColumnType:
    """Return what is known about COUNT, SUM, MIN or MAX of a value over at most so many rows. The least and the greatest are values.

    A sum of one value or more is at least the least of them, or as many times that as there are rows; and at least what the negative ones
    of all rows of the person add up to. Likewise at most.

    Args:
        function: Which of them.
        value: Of what.
        rows: The most rows.
        known: What columns add up to over any rows of a person.

    Raises:
        Refusal: It is a sum of something without bounds.
    """
    if function == "count":
        return counted_type(rows)
    if function == "sum":
        low, high = span(value)
        every = of_value(value.expression, value.type, rows, known) or of_rows(low, high, rows)
        low, high = max(min(low, low * rows), every.low), min(max(high, high * rows), every.high)
        bound_of(low, high)
        return ColumnType(kind=value.type.kind, digits=value.type.digits, low=low, high=high, nullable=value.type.nullable)
    return value.type
