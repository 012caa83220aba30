"""What is known about aggregates inside one person, before any row is read."""

from __future__ import annotations

from stillroom.model.expression import Constant
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.typed import Typed, bound_of, span

ROW = Typed(Constant(value=1), ColumnType(kind=Kind.INTEGER, low=1, high=1, nullable=False), functional=True)
"""What COUNT(*) counts in each row."""


def counted_type(most: int) -> ColumnType:
    """Return what is known about how many there are of what a person has at most so many of."""
    return ColumnType(kind=Kind.INTEGER, low=0, high=most, nullable=False)


def total_type(function: str, value: Typed, rows: int) -> ColumnType:
    """Return what is known about COUNT, SUM, MIN or MAX of a value over at most so many rows. The least and the greatest are values.

    Raises:
        Refusal: It is a sum of something without bounds.
    """
    if function == "count":
        return counted_type(rows)
    if function == "sum":
        low, high = span(value)
        low, high = min(low, low * rows), max(high, high * rows)
        bound_of(low, high)
        return ColumnType(kind=value.type.kind, digits=value.type.digits, low=low, high=high, nullable=value.type.nullable)
    return value.type
