"""Rows of a table while they are chosen and ordered, and their columns: keys, noisy totals, and what is computed from them."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from stillroom.model.expression import PARTS, Average, Column, Quantile, columns_of, walk
from stillroom.privacy import ratios
from stillroom.privacy.intervals import joint_level
from stillroom.privacy.quantiles import greatest_of, least_of, quantile_of
from stillroom.query.estimate import Estimate, exact
from stillroom.query.estimates import estimates
from stillroom.query.estimation import HALF
from stillroom.query.quantiles import grid_of
from stillroom.query.scales import LEVEL, average_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Key, Plan
    from stillroom.model.schema import Scalar
    from stillroom.privacy.intervals import Derived
    from stillroom.query.totals import Totals


class Rows:
    """Some rows of a table, in some order."""

    def __init__(self, plan: Plan, totals: Totals, numbers: Sequence[int] | None = None) -> None:
        """Remember which of all rows these are; all of them, if left out."""
        self._plan, self._totals = plan, totals
        self._numbers = range(len(totals.sets)) if numbers is None else numbers

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._numbers)

    def chosen(self, places: Iterable[int]) -> Rows:
        """Return the rows at some places among these, in the order of the places."""
        return Rows(self._plan, self._totals, [self._numbers[place] for place in places])

    def column(self, node: Expression) -> Sequence[Estimate]:
        """Return an expression's value and interval in each row; several noisy terms share the error probability (Bonferroni)."""
        atoms = _atoms(node)
        level = joint_level(LEVEL, max(1, len(atoms)))
        known = {name: self._atom(atom, level) for name, atom in atoms.items()}
        known |= {name: self._key(name) for name in columns_of(node) if name[0] in {"k", "g"}}
        return estimates(node, known, len(self))

    def positions(self, key: int) -> list[int]:
        """Return the position of a key's value in its domain, in each row, or `TOTALLED`."""
        positions = self._totals.positions(key)
        return [positions[number] for number in self._numbers]

    def measured(self, measure: int, level: Fraction) -> Iterable[tuple[int, int, int]]:
        """Yield, for each row, the noisy total of a measure and the ends of its interval, in parts of a unit."""
        halves = [noise.whole_half_width(level) for noise in self._totals.noise(measure)]
        sums, sets = self._totals.sums[measure], self._totals.sets
        estimates, offsets = self._totals.estimates[measure], self._totals.offsets[measure]
        around = partial(_around, nonnegative=self._plan.is_nonnegative(measure))
        return (around(sums[one], estimates[one] + math.floor(offsets[one] + HALF), halves[sets[one]]) for one in self._numbers)

    def averaged(self, atom: Average, level: Fraction) -> Iterable[Derived]:
        """Yield, for each row, an average with its interval, in units."""
        total, count = int(atom.total[1:]), int(atom.count[1:])
        noises = zip(self._totals.noise(total), self._totals.noise(count), strict=True)
        known = [average_of(atom, *noise, level, self._totals.one) for noise in noises]
        sets = self._totals.sets
        return (self._averaged(known[sets[number]], total, count, number) for number in self._numbers)

    def _averaged(self, known: ratios.Average, total: int, count: int, number: int) -> Derived:
        """Return an average in one row: the ratio of what the row shows, with an interval around the ratio before rounding."""
        sums, estimates, offsets = self._totals.sums, self._totals.estimates, self._totals.offsets
        shown = ratios.clamped(known, sums[total][number], sums[count][number])
        of_sum, of_count = (estimates[one][number] + Fraction(offsets[one][number]) for one in (total, count))
        return ratios.ratio_interval(known, of_sum, of_count, shown)

    def placed(self, atom: Quantile, level: Fraction) -> Iterable[Derived]:
        """Yield, for each row, a quantile or an extreme with its interval, in units."""
        known = [grid_of(self._plan, atom, kept) for kept in self._plan.finish.sets]
        levels = self._totals.levels(int(atom.measure[1:]))
        for number in self._numbers:
            grid, counts = known[self._totals.sets[number]], [one[number] for one in levels]
            match atom.part:
                case 0:
                    yield least_of(grid, counts, level)
                case _ if atom.part == PARTS:
                    yield greatest_of(grid, counts, level)
                case _:
                    yield quantile_of(grid, counts, Fraction(atom.part, PARTS), level)

    def _key(self, name: str) -> list[Estimate]:
        """Return a key's values (`k0`, …), or where it is totalled over (`g0`, …)."""
        key = self._plan.keys[int(name[1:])]
        known = key_values(key) if name[0] == "k" else [exact(Fraction(0))] * len(key.domain) + [exact(Fraction(1))]
        return [known[position] for position in self.positions(int(name[1:]))]

    def _atom(self, atom: Column | Average | Quantile, level: Fraction) -> list[Estimate]:
        """Return a noisy term with its interval at a level."""
        if isinstance(atom, Average):
            return _estimated(self.averaged(atom, level), atom.digits)
        if isinstance(atom, Quantile):
            return _estimated(self.placed(atom, level), atom.digits)
        number = int(atom.name[1:])
        unit = 10 ** self._plan.measures[number].digits * self._totals.one
        return [
            Estimate(Fraction(total, unit), Fraction(low, unit), Fraction(high, unit), noisy=True)
            for total, low, high in self.measured(number, level)
        ]


def _estimated(derived: Iterable[Derived], digits: int) -> list[Estimate]:
    """Return derived numbers, which are in units, with their intervals."""
    unit = 10**digits
    return [Estimate(one.value / unit, one.low / unit, one.high / unit, noisy=True, no_information=one.no_information) for one in derived]


def _around(total: int, middle: int, half: int, *, nonnegative: bool) -> tuple[int, int, int]:
    """Return a total and its interval, which lies around the nearest whole number to what the total was before it was moved.

    An interval of what cannot be negative is cut at 0, and never below half its width (`moved`). It is widened to what is shown.
    """
    low, high = middle - half, middle + half
    if nonnegative:
        low, high = max(low, 0), max(high, half)
    return total, min(total, low), max(total, high)


def key_values(key: Key) -> list[Estimate]:
    """Return a key's values in order, and NULL for `TOTALLED` at the end."""
    return [*(_key_value(value, key.digits) for value in key.domain), Estimate(None)]


def _key_value(value: Scalar, digits: int) -> Estimate:
    """Return one value of a key; numbers and dates as rationals."""
    if isinstance(value, int) and not isinstance(value, bool):
        return exact(Fraction(value, 10**digits))
    return exact(value)


def _atoms(node: Expression) -> Mapping[str, Column | Average | Quantile]:
    """Return the noisy terms of an expression by name."""
    found: dict[str, Column | Average | Quantile] = {}
    for part in walk(node):
        if isinstance(part, Average):
            found[f"{part.total}/{part.count}"] = part
        elif isinstance(part, Quantile):
            found[f"{part.measure}@{part.part}"] = part
        elif isinstance(part, Column) and part.name.startswith("m"):
            found[part.name] = part
    return found
