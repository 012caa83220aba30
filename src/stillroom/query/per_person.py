"""What is known about aggregates inside one person, before any row is read."""

from __future__ import annotations

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Constant
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.typed import Typed, bound_of, span

ROW = Typed(Constant(value=1), ColumnType(kind=Kind.INTEGER, low=1, high=1, nullable=False), functional=True)
"""What COUNT(*) counts in each row."""


def counted_type(most: int) -> ColumnType:
    """Return what is known about how many there are of what a person has at most so many of."""
    return ColumnType(kind=Kind.INTEGER, low=0, high=most, nullable=False)


def total_type(function: str, value: Typed, rows: int) -> ColumnType:
    """Return what is known about COUNT, SUM, MIN or MAX of a value over at most so many rows.

    Raises:
        Refusal: It is a sum of something without bounds, or the least or greatest of something without an order of its own.
    """
    if function == "count":
        return counted_type(rows)
    if function == "sum":
        low, high = span(value)
        low, high = min(low, low * rows), max(high, high * rows)
        bound_of(low, high)
        return ColumnType(kind=value.type.kind, digits=value.type.digits, low=low, high=high, nullable=value.type.nullable)
    if value.type.kind in {Kind.TEXT, Kind.BOOLEAN}:
        raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "MIN and MAX need numbers, dates or timestamps.", "Use them on one of these.")
    return value.type
