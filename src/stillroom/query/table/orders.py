"""Orders of the rows of a table, by values after the noise."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.query.table.estimate import Plain


class Term(Protocol):
    """One term of an order."""

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        ...

    @property
    def nulls_first(self) -> bool:
        """Whether NULL comes before all else, else behind it."""
        ...


def ranks(term: Term, values: Sequence[Plain]) -> list[int]:
    """Return for each value its place among all different ones, in the order of a term: equal values have one place."""
    keys = {value: _sort_key(value) for value in set(values) if value is not None}
    ordered = sorted(keys, key=keys.__getitem__, reverse=term.descending)
    places: dict[Plain, int] = {value: place for place, value in enumerate(ordered, start=1)}
    places[None] = 0 if term.nulls_first else len(ordered) + 1
    return [places[value] for value in values]


def _sort_key(value: Plain) -> tuple[float, Fraction, str]:
    """Return a key that sorts numbers and truth values by size, and text by code point; doubles decide most comparisons quickly."""
    if isinstance(value, str):
        return (0.0, Fraction(0), value)
    number = Fraction(value or 0)
    return (_near(number), number, "")


def _near(number: Fraction) -> float:
    """Return the nearest double; an infinity for what is larger than all doubles."""
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)
