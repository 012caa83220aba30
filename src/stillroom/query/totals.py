"""Totals: what each row of a table adds up, from noisy leaf cells."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from stillroom.model.plan import leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.model.plan import NoisyCells, Plan

TOTALLED = -1
"""The position of a key that a row totals over."""


class Totals:
    """All rows of a plan's table before any is left out: its grouping sets as they stand, each in the order of its keys' domains.

    Leaf cells have an axis for each key, but selected keys share the first: the combinations that are shown. A total is the sum of its leaf
    cells, so that totals always agree with their parts.

    Attributes:
        sets: For each row, the number of its grouping set.
        terms: For each grouping set, how many leaf cells a row adds up.
        sums: For each measure, the total of each row.
    """

    def __init__(self, plan: Plan, cells: NoisyCells, shown: int = 0) -> None:
        """Add up the leaf cells of each measure along the keys that a grouping set leaves out.

        Args:
            plan: The plan.
            cells: The leaf cells of each measure.
            shown: How many combinations of selected keys are shown.
        """
        shared = min(1, plan.selected)
        self._axes = [0] * plan.selected + list(range(shared, shared + len(plan.keys) - plan.selected))
        self._sizes = (*([shown] * shared), *(len(key.listed) for key in plan.keys[plan.selected :]))
        self._kept = [sorted({self._axes[key] for key in kept}) for kept in plan.finish.sets]
        counts = [prod(self._sizes[axis] for axis in kept) for kept in self._kept]
        self.sets = [number for number, count in enumerate(counts) for _ in range(count)]
        self.terms = tuple(leaves(plan.keys, kept) for kept in plan.finish.sets)
        self.sums = tuple(self._sums(measure) for measure in cells)

    def _sums(self, measure: Sequence[int]) -> list[int]:
        """Return the total of each row; with one axis more than keys, NumPy never returns a bare number."""
        leaves = _exact(measure).reshape(*self._sizes, 1)
        sums: list[int] = []
        for kept in self._kept:
            left_out = tuple(axis for axis in range(len(self._sizes)) if axis not in kept)
            sums += leaves.sum(axis=left_out).ravel().tolist()
        return sums

    def positions(self, key: int) -> list[int]:
        """Return for each row the position of a key's value in its domain, or of a combination among those shown, or `TOTALLED`."""
        found: list[int] = []
        axis = self._axes[key]
        for kept in self._kept:
            before, behind = (prod(self._sizes[one] for one in kept if side(one)) for side in (axis.__gt__, axis.__lt__))
            domain = range(self._sizes[axis]) if axis in kept else (TOTALLED,)
            found += [position for position in domain for _ in range(behind)] * before
        return found


def _exact(measure: Sequence[int]) -> NDArray[np.int64] | NDArray[np.object_]:
    """Return leaf cells as an array whose sums are exact: in 64 bits where no sum of cells can leave them."""
    import numpy as np

    fits = max(map(abs, measure), default=0) * len(measure) < 2**63
    return np.array(measure, dtype=np.int64) if fits else np.array(measure, dtype=np.object_)
