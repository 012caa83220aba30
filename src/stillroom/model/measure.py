"""Measures: what is counted or added up of the rows in each cell."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field

from stillroom.model.expression import Constant, Expression
from stillroom.model.value import BigInt, Value

if TYPE_CHECKING:
    from collections.abc import Sequence


class Aggregate(StrEnum):
    """What a measure makes of the rows in a cell."""

    SUM = "sum"
    UNION = "union"
    PERSONS = "persons"
    REMOVED = "removed"


class Measure(Value):
    """For each cell, one whole number that is made of the rows of all persons in it.

    A sum adds up, over persons, the clamped total of `value` over the person's rows in the cell. NULL counts as 0. COUNT(*) sums 1s,
    COUNT(DISTINCT person) clamps that total to [0, 1].

    Persons are counted once in each cell, however many rows or leaf cells they have there: those with a row for which `value` is 1.

    A union counts the distinct values, NULL left out, that occur in the rows of anybody in the cell. One person adds between 0 and
    `high` to a cell, and no more to all cells together than the person has rows.

    What is removed is what clamping takes away from the sum of the same value and bounds: over persons, and over the cells that each of
    them keeps, total less clamped total. It is one number for the whole table, which has no keys.

    Attributes:
        value: A whole number per row; any value for a union.
        row_low: Least `value` of a row (at most 0); 0 for a union.
        row_high: Greatest `value` of a row (at least 0); 1 for a union, since a row has one value.
        low: Least total of one person in one cell (at most 0); lower totals are clamped. 0 for a union.
        high: Greatest total of one person in one cell (at least 0); higher totals are clamped. For a union, the most values of one
            person in one cell: as many as the person has rows, or as there are.
        total: The most that absolute values of a person's rows add up to, over all cells, where the contract proves less than as many rows
            as one person has, each at the largest absolute value. Left out of the encoding where it does not.
        digits: Decimal places of the total.
        aggregate: What it is; left out of the encoding where it is a sum.
        grid: Positions of further keys, ascending, behind those that are grouped by, whose values tell its cells apart as well. A row
            without a value of theirs is in no cell of this measure, and in those of others all the same. Left out of the encoding where
            empty.
        kept: Positions of the keys that are grouped by that tell its cells apart, ascending, where it is measured for some grouping sets
            alone. Distinct values and persons of a total are not the sum of those of its parts, so that each set has a measure of its own;
            and the sets that keep no selected key have one, since of the parts of their totals only some are shown. Left out of the
            encoding where all keys do.
    """

    value: Expression
    row_low: BigInt
    row_high: BigInt
    low: BigInt
    high: BigInt
    total: BigInt | None = Field(default=None, ge=0, exclude_if=lambda total: total is None)
    digits: int = 0
    aggregate: Aggregate = Field(default=Aggregate.SUM, exclude_if=Aggregate.SUM.__eq__)
    grid: tuple[int, ...] = Field(default=(), exclude_if=().__eq__)
    kept: tuple[int, ...] | None = Field(default=None, exclude_if=lambda kept: kept is None)

    @property
    def distinct(self) -> bool:
        """Whether it counts what is distinct, so that its totals are not the sums of their parts."""
        return self.aggregate in {Aggregate.UNION, Aggregate.PERSONS}

    @property
    def of_ones(self) -> bool:
        """Whether it adds up ones, so that to count rows is the same."""
        return self.value == Constant(value=1)


PERSONS = Measure(value=Constant(value=1), row_low=0, row_high=1, low=0, high=1)
"""Whether a person is in a combination of selected keys: summed over persons, it is how many are."""


def highest_total(measure: Measure) -> int:
    """Return the bound of a person's totals of a sum in a cell, on either side of 0; 0 for what is no sum, and is never cut."""
    return max(-measure.low, measure.high) if measure.aggregate is Aggregate.SUM else 0


def alike(measures: Sequence[Measure], number: int) -> list[int]:
    """Return the numbers of the measures that differ from one of them at most in the grouping sets that they tell about.

    Where caps have made some equal that were not, each has noise of its own: the n-th of those that are equal goes with the n-th of others.
    """
    own = measures[number]
    kin = [place for place, one in enumerate(measures) if one.model_copy(update={"kept": own.kept}) == own]
    nth = {place: sum(measures[other] == measures[place] for other in kin if other < place) for place in kin}
    return [place for place in kin if nth[place] == nth[number]]


def telling(measures: Sequence[Measure], number: int, kept: tuple[int, ...]) -> int:
    """Return the number of the measure, of those alike, that tells about a grouping set.

    Distinct values and persons are told by the one of the very set; a sum, by the one with the fewest keys that has all of the set.

    Raises:
        ValueError: There is none for this set.
    """
    if all(one.kept is None for one in measures):
        return number
    exactly, wanted = measures[number].distinct, set(kept)
    known = {place: measures[place].kept for place in alike(measures, number)}
    tell = [place for place, one in known.items() if one is None or (wanted == set(one) if exactly else wanted <= set(one))]
    return min(tell, key=lambda place: (known[place] is None, len(known[place] or ())))


def told(measures: Sequence[Measure], number: int, sets: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return the grouping sets that one of several measures tells about."""
    return [kept for kept in sets if telling(measures, number, kept) == number]
