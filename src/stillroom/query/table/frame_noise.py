"""Sums of a measure over rows of a table, and how far they can be from the sums without noise."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from stillroom.privacy.combined import Combined, Part
from stillroom.privacy.intervals import HIGHEST_LEVEL, joint_level, rounded_terms
from stillroom.privacy.marginals import cells
from stillroom.query.estimation import HALF, row_noise, sizes_of
from stillroom.query.table.estimate import Estimate, exact, vague

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.after import Extent
    from stillroom.model.plan import Plan
    from stillroom.privacy.marginals import Kept
    from stillroom.query.table.partitions import Partition
    from stillroom.query.table.totals import Totals


class MeasureSums:
    """Sums of one measure over frames of rows.

    The rows of one grouping set have no leaf cell in common. Where one marginal is measured, their sum is one of so many independent draws
    of noise, and has its exact interval. Where several are, a sum of all rows that agree in some keys is a total of a coarser set, and has
    the interval of that; the intervals of other rows share the error probability (Bonferroni). So do the sums of several grouping sets,
    which are of the same cells.
    """

    def __init__(self, plan: Plan, totals: Totals, measure: int, level: Fraction) -> None:
        """Remember what intervals cover, each for itself."""
        self._plan, self._totals, self._measure, self._level = plan, totals, measure, level
        self._sizes = sizes_of(plan)
        self._several = any(len(plan.strategies[plan.of_set(measure, kept)]) > 1 for kept in plan.finish.sets)
        self._positions = [totals.positions(key) for key in range(len(self._sizes))] if self._several else []

    def over(self, partition: Partition, extent: Extent | None) -> list[Estimate]:
        """Return the sum over the frame of each row."""
        members, totals = partition.members, self._totals
        sums = list(accumulate((totals.sums[self._measure][row] for row in members), initial=0))
        offsets = list(accumulate((totals.offsets[self._measure][row] for row in members), initial=0))
        counts = {one: list(accumulate(self._is_of(one, members), initial=0)) for one in sorted({totals.sets[row] for row in members})}
        frames, whole = partition.frames(extent), (0, len(members))
        fibres = self._fibres(members) if self._several and whole in frames else {}
        found: dict[tuple[int, int], Estimate] = {}
        for begins, ends in set(frames):
            rows = {one: count[ends] - count[begins] for one, count in counts.items() if count[ends] > count[begins]}
            half = self._half_width(rows, fibres if (begins, ends) == whole else {})
            found[begins, ends] = self._estimate(sums[ends] - sums[begins], offsets[ends] - offsets[begins], half) if rows else exact(None)
        return [found[frame] for frame in frames]

    def _is_of(self, wanted: int, members: Sequence[int]) -> list[bool]:
        return [self._totals.sets[row] == wanted for row in members]

    def _estimate(self, total: int, offset: float, half: int | None) -> Estimate:
        """Return a sum with its interval, in the measure's own numbers."""
        unit = 10 ** self._plan.measures[self._measure].digits * self._totals.one
        if half is None:
            return vague(Fraction(total, unit))
        value, low, high = around(total, total, offset, half)
        return Estimate(Fraction(value, unit), Fraction(low, unit), Fraction(high, unit), noisy=True)

    def _half_width(self, rows: Mapping[int, int], fibres: Mapping[int, Kept]) -> int | None:
        """Return the half-width for so many rows of each grouping set; None at a level that is too near to 1."""
        shared = joint_level(self._level, max(1, len(rows)))
        halves = [self._half_of(self._plan.finish.sets[one], count, fibres.get(one), shared) for one, count in rows.items()]
        return None if None in halves else sum(half for half in halves if half is not None)

    def _half_of(self, kept: Kept, rows: int, fibre: Kept | None, level: Fraction) -> int | None:
        """Return the half-width of a sum of rows of one grouping set; they are a total of `fibre`, if there is one."""
        strategy, one = self._plan.strategies[self._plan.of_set(self._measure, kept)], self._totals.one
        if len(strategy) == 1:
            draws = rounded_terms(rows * (cells(self._sizes, strategy[0].kept) // cells(self._sizes, kept)))
            noise, times = Combined((Part(one, strategy[0].mechanism, draws),)), 1
        elif fibre is not None:
            noise, times = row_noise(strategy, self._sizes, fibre, one), 1
        else:
            noise, times, level = row_noise(strategy, self._sizes, kept, one), rows, joint_level(level, rows)
        return None if level > HIGHEST_LEVEL else times * noise.whole_half_width(level)

    def _fibres(self, members: Sequence[int]) -> dict[int, Kept]:
        """Return, for each grouping set whose rows here are all that agree in some keys, these keys."""
        found: dict[int, Kept] = {}
        for one, count in Counter(self._totals.sets[row] for row in members).items():
            rows = [row for row in members if self._totals.sets[row] == one]
            seen = {key: len({self._positions[key][row] for row in rows}) for key in self._plan.finish.sets[one]}
            free = [key for key, values in seen.items() if values > 1]
            if count == cells(self._sizes, free):
                found[one] = tuple(key for key in seen if key not in free)
        return found


def around(total: int, estimate: int, offset: float, half: int, *, nonnegative: bool = False) -> tuple[int, int, int]:
    """Return a total and its interval, which lies around the nearest whole number to what the total was before it was moved.

    An interval of what cannot be negative is cut at 0, and never below half its width (`moved`). It is widened to what is shown.
    """
    middle = estimate + math.floor(offset + HALF)
    low, high = middle - half, middle + half
    if nonnegative:
        low, high = max(low, 0), max(high, half)
    return total, min(total, low), max(total, high)
