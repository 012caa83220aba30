"""Totals: what each row of a table adds up, from noisy marginals."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from stillroom.model.plan import Aggregate
from stillroom.query.choices import choice_of
from stillroom.query.estimation import estimate, exact, most_rounded, precisions, rounded, row_noise, shape_of, sizes_of
from stillroom.query.table.nonnegative import nonnegative

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.model.expression import Quantile
    from stillroom.model.marginal import Marginal
    from stillroom.model.plan import NoisyCells, Plan
    from stillroom.privacy.combined import Combined
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
        self._measured = measured
        apart = [measure.grid or measure.aggregate is Aggregate.REMOVED for measure in plan.measures]
        found = [([], [], []) if elsewhere else self._estimated(number) for number, elsewhere in enumerate(apart)]
        self.sums: tuple[list[int], ...] = tuple(sums for sums, _, _ in found)
        self.estimates: tuple[list[int], ...] = tuple(estimates for _, estimates, _ in found)
        self.offsets: tuple[Sequence[float], ...] = tuple(offsets for _, _, offsets in found)

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

        sizes, kept = self._sizes[: len(self._plan.grouping)], self._plan.strategies[measure][level].kept
        cells = exact(self._measured[measure][level]).reshape(*shape_of(sizes, kept), -1)
        rows = []
        for wanted in self._kept:
            left_out = tuple(key for key in range(len(sizes)) if key not in wanted)
            rows.append(cells.sum(axis=left_out).reshape(-1, cells.shape[-1]))
        return np.concatenate(rows).astype(np.float64)

    def chosen(self, quantile: Quantile) -> list[int]:
        """Return the number of the bucket that was chosen for a quantile in each row."""
        places = (choice_of(self._plan, quantile, kept)[0] for kept in self._kept)
        return [bucket for place in places for bucket in self._measured[int(quantile.measure[1:])][place]]

    def _estimated(self, number: int) -> tuple[list[int], list[int], Sequence[float]]:
        """Return a measure's total of each row, what it was before it was kept from being negative, and how much larger before rounding."""
        if self._plan.measures[number].kept is not None:
            return self._apart(number)
        cells, estimates, offsets = self._rounded(self._plan.strategies[number], self._measured[number])
        sums = self._summed(nonnegative(cells, self._kept)) if self._plan.is_nonnegative(number) else estimates
        return sums, estimates, offsets

    def _apart(self, number: int) -> tuple[list[int], list[int], Sequence[float]]:
        """Return the totals of distinct values, which are measured for each grouping set by itself."""
        measured = (self._measured[self._plan.of_set(number, kept)][0] for kept in self._kept)
        estimates = [total * self.one for totals in measured for total in totals]
        sums = [max(0, total) for total in estimates] if self._plan.is_nonnegative(number) else estimates
        return sums, estimates, [0] * len(estimates)

    def _rounded(self, strategy: Sequence[Marginal], measured: Sequence[Sequence[int]]) -> tuple[Whole, list[int], Sequence[float]]:
        """Return estimates of cells, the total of each row, and by how much it was larger before rounding."""
        import numpy as np

        shapes = [shape_of(self._sizes, marginal.kept) for marginal in strategy]
        if len(strategy) == 1:
            cells = exact([cell * self.one for cell in measured[0]]).reshape(shapes[0])
            sums = self._summed(cells)
            return cells, sums, [0] * len(sums)
        arrays = [np.array(cells, dtype=np.float64).reshape(shape) for cells, shape in zip(measured, shapes, strict=True)]
        known = {marginal.kept: array for marginal, array in zip(strategy, arrays, strict=True)}
        leaves = estimate(self._sizes, precisions(strategy), known) * self.one
        cells = rounded(leaves)
        sums = self._summed(cells)
        return cells, sums, list(map(self._offset, self.sets, sums, self._summed(leaves)))

    def _offset(self, number: int, total: int, before: float) -> float:
        """Return what rounding took away: no more than it can, whatever the errors of doubles in very large numbers."""
        most = most_rounded(self._kept[number])
        return min(max(before - total, -most), most)

    def _summed(self, cells: NDArray[Any]) -> list[Any]:
        """Return the total of each row; with one axis more than keys, NumPy never returns a bare number."""
        sums: list[Any] = []
        for kept in self._kept:
            left_out = tuple(key for key in range(len(self._sizes)) if key not in kept)
            sums += cells[..., None].sum(axis=left_out).ravel().tolist()
        return sums

    def positions(self, key: int) -> list[int]:
        """Return for each row the position of a key's value in its domain, or of a combination among those shown, or `TOTALLED`."""
        found: list[int] = []
        axis = 0 if key < self._plan.selected else key
        for kept in self._kept:
            before, behind = (prod(self._sizes[one] for one in kept if side(one)) for side in (axis.__gt__, axis.__lt__))
            domain = range(self._sizes[axis]) if axis in kept else (TOTALLED,)
            found += [position for position in domain for _ in range(behind)] * before
        return found
