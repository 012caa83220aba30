"""Totals: what each row of a table adds up, from noisy leaf cells."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.model.plan import NoisyCells, Plan

    Exact = NDArray[np.int64] | NDArray[np.object_]

TOTALLED = -1
"""The position of a key that a row totals over."""


class Totals:
    """All rows of a plan's table before any is left out: its grouping sets as they stand, each in the order of its keys' domains.

    A total is the sum of its leaf cells, so that totals always agree with their parts.

    Attributes:
        sets: For each row, the number of its grouping set.
        terms: For each grouping set, how many leaf cells a row adds up.
        sums: For each measure, the total of each row; none for measures with a grid.
        grids: For each measure, the totals of each row in the cells of its grid, the last key fastest; only one without a grid.
    """

    def __init__(self, plan: Plan, cells: NoisyCells) -> None:
        """Add up the leaf cells of each measure along the keys that a grouping set leaves out."""
        self._sizes = tuple(len(key.domain) for key in plan.grouping)
        self._kept = plan.finish.sets
        counts = [prod(self._sizes[key] for key in kept) for kept in self._kept]
        self.sets = [number for number, count in enumerate(counts) for _ in range(count)]
        self.terms = tuple(plan.cells // count for count in counts)
        self.grids = tuple(self._grid(measure) for measure in cells)
        self.sums = tuple([] if one.grid else grid.ravel().tolist() for one, grid in zip(plan.measures, self.grids, strict=True))

    def _grid(self, measure: Sequence[int]) -> Exact:
        """Return the totals of each row, in the cells of the measure's grid."""
        import numpy as np

        leaves = _exact(measure).reshape(*self._sizes, -1)
        sums = []
        for kept in self._kept:
            left_out = tuple(key for key in range(len(self._sizes)) if key not in kept)
            sums.append(leaves.sum(axis=left_out).reshape(-1, leaves.shape[-1]))
        return np.concatenate(sums)

    def positions(self, key: int) -> list[int]:
        """Return for each row the position of a key's value in its domain, or `TOTALLED`."""
        found: list[int] = []
        for kept in self._kept:
            before, behind = (prod(self._sizes[one] for one in kept if side(one)) for side in (key.__gt__, key.__lt__))
            domain = range(self._sizes[key]) if key in kept else (TOTALLED,)
            found += [position for position in domain for _ in range(behind)] * before
        return found


def _exact(measure: Sequence[int]) -> Exact:
    """Return leaf cells as an array whose sums are exact: in 64 bits where no sum of cells can leave them."""
    import numpy as np

    fits = max(map(abs, measure)) * len(measure) < 2**63
    return np.array(measure, dtype=np.int64) if fits else np.array(measure, dtype=np.object_)
