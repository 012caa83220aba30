"""Totals: what each row of a table adds up, from noisy marginals."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from stillroom.model.measure import Aggregate, alike
from stillroom.query.choices import choice_of
from stillroom.query.estimation import estimate, exact, most_rounded, precisions, rounded, row_noise, shape_of, sizes_of
from stillroom.query.table.nonnegative import nonnegative

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.model.expression import Quantile
    from stillroom.model.measure import Measure
    from stillroom.model.plan import NoisyCells, Plan
    from stillroom.privacy.combined import Combined
    from stillroom.privacy.marginals import Kept
    from stillroom.query.estimation import Whole

TOTALLED = -1
"""The position of a key that a row totals over."""


class Totals:
    """All rows of a plan's table before any is left out: its grouping sets as they stand, each in the order of its keys' domains.

    Selected keys share one axis, that of the first: the combinations that are shown, which vary most slowly.

    Totals are whole numbers of 1/one of their measure's units, and each is exactly the sum of its parts. Where one marginal is measured,
    they are its noisy totals added up. Where several are, they are the least-squares estimates from all of them, rounded. Where
    none may be negative, they are moved (`nonnegative`); their intervals stay where they were, but for what lies below 0.

    Attributes:
        sets: For each row, the number of its grouping set.
        sums: For each measure, the total of each row; none for measures with a grid, nor for what clamping removed.
        estimates: The same before they were kept from being negative.
        offsets: For each measure, by how much each estimate was larger before rounding.
        one: The parts of a unit that are told apart.
    """

    def __init__(self, plan: Plan, measured: NoisyCells, shown: int = 0) -> None:
        """Estimate all totals of each measure, given how many combinations of selected keys are shown."""
        self._sizes, self._plan, self._kept = sizes_of(plan, shown=shown), plan, plan.finish.sets
        self.one: int = 10**plan.finish.places
        counts = [prod(self._sizes[key] for key in kept) for kept in self._kept]
        self.sets = [number for number, count in enumerate(counts) for _ in range(count)]
        self._measured, self._shown = measured, shown
        read = [alike(plan.measures, number)[0] == number and _has_totals(one) for number, one in enumerate(plan.measures)]
        found = [self._estimated(number) if one else _Sums([], [], []) for number, one in enumerate(read)]
        self.sums: tuple[list[int], ...] = tuple(one.sums for one in found)
        self.estimates: tuple[list[int], ...] = tuple(one.estimates for one in found)
        self.offsets: tuple[list[float], ...] = tuple(one.offsets for one in found)

    def noise(self, measure: int) -> list[Combined]:
        """Return the noise of a measure's totals, for each grouping set."""
        sizes = sizes_of(self._plan)
        strategies = [self._plan.strategies[self._plan.of_set(measure, kept)] for kept in self._kept]
        return [row_noise(strategy, sizes, kept, self.one) for strategy, kept in zip(strategies, self._kept, strict=True)]

    def levels(self, measure: int) -> list[NDArray[np.float64]]:
        """Return the totals of each row on each level of a measure's tree, from the top to the leaves: an array with a line a row."""
        return [self._level(measure, level) for level in range(len(self._plan.strategies[measure]) - 1, -1, -1)]

    def _level(self, measure: int, level: int) -> NDArray[np.float64]:
        """Return the totals of each row on one level."""
        import numpy as np

        grouped, rows = len(self._plan.grouping), []
        for wanted in self._kept:
            number = self._plan.of_set(measure, wanted)
            sizes = sizes_of(self._plan, self._plan.measures[number], self._shown)
            shape = shape_of(sizes, self._plan.strategies[number][level].kept)
            nodes = prod(shape[grouped:])
            cells = exact(self._measured[number][level]).reshape(*shape[:grouped], nodes)
            left_out = tuple(key for key in range(grouped) if key not in wanted)
            rows.append(cells.sum(axis=left_out).reshape(prod(self._sizes[key] for key in wanted), nodes))
        return np.concatenate(rows).astype(np.float64)

    def chosen(self, quantile: Quantile) -> list[int]:
        """Return the number of the bucket that was chosen for a quantile in each row."""
        places = (choice_of(self._plan, quantile, kept)[:2] for kept in self._kept)
        return [bucket for number, place in places for bucket in self._measured[number][place]]

    def _estimated(self, number: int) -> _Sums:
        """Return what is told about each row by a measure, or by those that grouping sets have of their own."""
        telling = [self._plan.of_set(number, kept) for kept in self._kept]
        known = {one: self._told(one, [kept for kept, its in zip(self._kept, telling, strict=True) if its == one]) for one in set(telling)}
        rows = [known[one][kept] for kept, one in zip(self._kept, telling, strict=True)]
        return _Sums(*(list(chain.from_iterable(column)) for column in zip(*rows, strict=True)))

    def _told(self, number: int, sets: Sequence[Kept]) -> dict[Kept, _Sums]:
        """Return what a measure tells about the rows of some grouping sets."""
        cells, estimates = self._rounded(number, sets)
        if not self._plan.is_nonnegative(number) or not cells.size:
            return estimates
        if self._plan.measures[number].distinct:
            return {kept: one._replace(sums=[max(0, total) for total in one.sums]) for kept, one in estimates.items()}
        moved = nonnegative(cells, sets)
        return {kept: one._replace(sums=_summed(moved, kept)) for kept, one in estimates.items()}

    def _rounded(self, number: int, sets: Sequence[Kept]) -> tuple[Whole, dict[Kept, _Sums]]:
        """Return estimates of cells and of totals, and by how much these were larger before rounding."""
        import numpy as np

        strategy, measured = self._plan.strategies[number], self._measured[number]
        sizes = sizes_of(self._plan, self._plan.measures[number], self._shown)
        shapes = [shape_of(sizes, marginal.kept) for marginal in strategy]
        if len(strategy) == 1:
            cells = exact([cell * self.one for cell in measured[0]]).reshape(shapes[0])
            totals = {kept: _summed(cells, kept) for kept in sets}
            return cells, {kept: _Sums(sums, sums, [0] * len(sums)) for kept, sums in totals.items()}
        arrays = [np.array(cells, dtype=np.float64).reshape(shape) for cells, shape in zip(measured, shapes, strict=True)]
        known = {marginal.kept: array for marginal, array in zip(strategy, arrays, strict=True)}
        leaves = estimate(sizes, precisions(strategy), known) * self.one
        cells = rounded(leaves)
        totals = {kept: _summed(cells, kept) for kept in sets}
        offsets = {kept: [_offset(kept, *pair) for pair in zip(sums, _summed(leaves, kept), strict=True)] for kept, sums in totals.items()}
        return cells, {kept: _Sums(sums, sums, offsets[kept]) for kept, sums in totals.items()}

    def positions(self, key: int) -> list[int]:
        """Return for each row the position of a key's value in its domain, or of a combination among those shown, or `TOTALLED`."""
        found: list[int] = []
        axis = 0 if key < self._plan.selected else key
        for kept in self._kept:
            before, behind = (prod(self._sizes[one] for one in kept if side(one)) for side in (axis.__gt__, axis.__lt__))
            domain = range(self._sizes[axis]) if axis in kept else (TOTALLED,)
            found += [position for position in domain for _ in range(behind)] * before
        return found


class _Sums(NamedTuple):
    """What is known about rows.

    Attributes:
        sums: The total of each.
        estimates: The same before it was kept from being negative.
        offsets: By how much each estimate was larger before rounding.
    """

    sums: list[int]
    estimates: list[int]
    offsets: list[float]


def _has_totals(measure: Measure) -> bool:
    return not measure.grid and measure.aggregate is not Aggregate.REMOVED


def _offset(kept: Kept, total: int, before: float) -> float:
    """Return what rounding took away: no more than it can, whatever the errors of doubles in very large numbers."""
    most = most_rounded(kept)
    return min(max(before - total, -most), most)


def _summed(cells: NDArray[Any], kept: Kept) -> list[Any]:
    """Return the total of each row of a grouping set; with one axis more than keys, NumPy never returns a bare number."""
    left_out = tuple(key for key in range(cells.ndim) if key not in kept)
    totals: list[Any] = cells[..., None].sum(axis=left_out).ravel().tolist()
    return totals
