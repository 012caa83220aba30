"""The totals of a measure from the noisy marginals of its strategy, and how far they can be from the totals without noise."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.plan import moving_sizes, reach, sizes_for
from stillroom.privacy.combined import Combined, Part
from stillroom.privacy.marginals import below, cells, shares, weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.model.marginal import Marginal
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from stillroom.privacy.marginals import Kept

    Floats: TypeAlias = NDArray[np.float64]
    Whole: TypeAlias = NDArray[np.int64] | NDArray[np.object_]


HALF = 0.5 + 2.0**-20
"""What is added before rounding down; the errors of doubles are far less than what is more than a half."""


def sizes_of(plan: Plan, measure: Measure | None = None, shown: int | None = None) -> tuple[int, ...]:
    """Return the size of each key's domain for a measure, or for the table; 1 for keys that do not tell its cells apart.

    Args:
        plan: The plan.
        measure: The measure, or none for the table.
        shown: How many combinations of selected keys there are; as many as bear on noise, if left out.
    """
    return sizes_for(plan.keys, plan.measures, measure, reach(plan.bounds) if shown is None else shown)


def moving_sizes_of(plan: Plan, measure: Measure) -> tuple[int, ...]:
    """Return the sizes of keys that bear on how far one person moves a measure of a plan."""
    return moving_sizes(plan.keys, plan.measures, measure, reach(plan.bounds))


def shape_of(sizes: Sequence[int], kept: Iterable[int]) -> tuple[int, ...]:
    """Return the shape of a marginal as an array with one axis a key; those that it adds up over have length 1."""
    return tuple(size if key in kept else 1 for key, size in enumerate(sizes))


def exact(numbers: Sequence[int]) -> Whole:
    """Return whole numbers as an array whose sums are exact: in 64 bits where no sum of them can leave these."""
    import numpy as np

    fits = max(map(abs, numbers), default=0) * len(numbers) < 2**63
    return np.array(numbers, dtype=np.int64) if fits else np.array(numbers, dtype=np.object_)


def marginal_of(leaves: Sequence[int], sizes: Sequence[int], kept: Kept) -> Sequence[int]:
    """Return the totals of leaf cells over the keys that are not kept, in canonical order."""
    others = tuple(key for key, size in enumerate(sizes) if key not in kept and size > 1)
    if not others:
        return leaves
    totals: list[int] = exact(leaves).reshape(sizes).sum(axis=others, keepdims=True).ravel().tolist()
    return totals


def precisions(strategy: Sequence[Marginal]) -> dict[Kept, float]:
    """Return the precision of each marginal, 1/variance, but for a factor that all have."""
    return {one.kept: 1 / one.mechanism.scale**2 for one in strategy}


@lru_cache(maxsize=1024)
def row_noise(strategy: tuple[Marginal, ...], sizes: tuple[int, ...], kept: Kept, one: int) -> Combined:
    """Return the noise of each total of a grouping set, in units of 1/one."""
    mechanisms = {marginal.kept: marginal.mechanism for marginal in strategy}
    if len(strategy) == 1:
        (measured,) = mechanisms
        return Combined((Part(one, mechanisms[measured], cells(sizes, measured) // cells(sizes, kept)),))
    parts = (weight for weight in weights(sizes, precisions(strategy), kept) if weight.totals)
    return Combined(tuple(Part(part.weight * one, mechanisms[part.kept], part.totals) for part in parts))


def estimate(sizes: Sequence[int], known: Mapping[Kept, float], measured: Mapping[Kept, Floats]) -> Floats:
    """Return leaf cells whose marginals are the least-squares estimates of all that the measured marginals tell about.

    What no marginal tells about is taken as 0: no grouping set shows it.

    Args:
        sizes: The size of each key's domain.
        known: The precision of each marginal.
        measured: The marginals, one axis a key.
    """
    import numpy as np

    leaves = np.zeros(tuple(sizes))
    for part in below(measured):
        told = np.zeros(shape_of(sizes, part))
        for kept, share in shares(sizes, known, part).items():
            others = tuple(key for key in kept if key not in part)
            told += measured[kept].mean(axis=others, keepdims=True) * (share * cells(sizes, kept) / leaves.size)
        for key in part:
            told = told - told.mean(axis=key, keepdims=True)
        leaves += told
    return leaves


def most_rounded(kept: Kept) -> float:
    """Return by how much `rounded` may change a total: it is made of 2^k rounded numbers, k being the number of keys that it keeps."""
    return HALF * (1 << len(kept))


def rounded(leaves: Floats) -> Whole:
    """Return whole numbers whose sums along any axes are near those of the leaf cells.

    What is rounded are the sums of all cells up to each cell, along all axes; their differences are the result. So a total is off by no
    more than `most_rounded`, however many cells it adds up. Halves are frequent, as weights may be simple fractions: they are rounded up,
    on every machine.
    """
    import numpy as np

    sums = leaves
    for axis in range(leaves.ndim):
        sums = sums.cumsum(axis=axis)
    sums = np.floor(sums + HALF)
    whole = exact([int(one) for one in sums.ravel().tolist()]).reshape(sums.shape)
    for axis in range(leaves.ndim):
        whole = np.diff(whole, axis=axis, prepend=0)
    return whole
