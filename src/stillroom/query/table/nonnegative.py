"""Whole numbers that are not negative, near estimates that may be, such that totals stay near their own estimates.

They are made of noisy numbers only, so that they cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from stillroom.privacy.marginals import Kept
    from stillroom.query.estimation import Whole


SWEEPS = 8
"""How often cells are moved towards each of several tables of totals; more changes hardly anything."""


def nonnegative(cells: Whole, sets: Sequence[Kept]) -> Whole:
    """Return whole numbers of at least 0, from the totals that a table shows down to its cells.

    The grouping sets come from coarse to fine. In a set that contains no other, negative numbers are raised to 0 and nothing else changes.
    In all others, the parts of each total become the nearest ones of at least 0 that add up to it. Where a set contains several others,
    none of them within another, this is done for one after the other, several times (alternating projections), so that the cells add up to
    the totals of the last one and are near to those of the rest.

    Args:
        cells: Estimates, one axis a key.
        sets: The grouping sets that the table shows.
    """
    every = tuple(range(cells.ndim))
    most = max(abs(int(cells.max())), abs(int(cells.min())))
    roomy = (cells.astype(object) if 4 * most * cells.size >= 2**63 else cells)[..., None]
    done: dict[Kept, Whole] = {}
    for kept in sorted({*sets, every}, key=lambda one: (len(one), one)):
        totals = roomy.sum(axis=tuple(key for key in every if key not in kept), keepdims=True)
        done[kept] = _agreeing(totals, kept, done)
    return done[every].reshape(cells.shape)


def _agreeing(cells: Whole, kept: Kept, done: Mapping[Kept, Whole]) -> Whole:
    """Return cells of at least 0, near to others, that add up to the totals of coarser sets."""
    import numpy as np

    inside = [one for one in done if set(one) < set(kept)]
    largest = sorted((one for one in inside if not any(set(one) < set(other) for other in inside)), reverse=True)
    if not largest:
        return cells.clip(min=0)
    for _ in range(SWEEPS):
        before = cells
        for one in largest:
            cells = _divided(done[one], cells, tuple(key for key in kept if key not in one))
        if np.array_equal(before, cells):
            break
    return cells


def _divided(totals: Whole, parts: Whole, axes: Sequence[int]) -> Whole:
    """Divide each total among its parts, which lie along some axes."""
    import numpy as np

    places = range(-len(axes), 0)
    moved = np.moveaxis(parts, axes, places)
    lines = nearest(moved.reshape(totals.size, -1), totals.ravel())
    return np.moveaxis(lines.reshape(moved.shape), places, axes)


def nearest(lines: NDArray[Any], totals: NDArray[Any]) -> NDArray[Any]:
    """Return for each line the nearest whole numbers of at least 0 that add up to its total.

    They are the numbers less one amount, and 0 where that is more (projection on a simplex; Held, Wolfe and Crowder 1974, "Validation of
    subgradient optimization"). What the amount has beyond a whole number is taken from some of those that are more, one each, which leaves
    at least 0; all are equally good for that. Each line begins with another one in the order of size, lest it be always the same columns.

    Args:
        lines: Numbers, a line each.
        totals: Numbers of at least 0.
    """
    import numpy as np

    order = np.argsort(-lines, axis=1, kind="stable")
    ranked = np.take_along_axis(lines, order, axis=1)
    ranks = np.arange(lines.shape[1])
    beyond = ranked.cumsum(axis=1) - totals[:, None]
    more = ((ranks + 1) * ranked >= beyond).sum(axis=1, keepdims=True)
    excess = np.take_along_axis(beyond, more - 1, axis=1)
    turned = (ranks + np.arange(len(lines))[:, None]) % more
    kept = ranked - excess // more - (turned < excess % more)
    found = np.empty_like(lines)
    np.put_along_axis(found, order, np.where(ranks < more, kept, 0), axis=1)
    return found
