"""Marginals of leaf cells, added up one cell after the other."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.plan import LeafCells, NoisyCells, Plan


def places(plan: Plan) -> list[tuple[int, ...]]:
    """Return where each leaf cell lies in its keys' domains, in canonical order."""
    return list(product(*(range(len(key.domain)) for key in plan.keys)))


def added_up(plan: Plan, leaves: Sequence[int], kept: tuple[int, ...]) -> tuple[int, ...]:
    """Return the totals of a measure's leaf cells over the keys that are not kept, in canonical order."""
    totals = dict.fromkeys(product(*(range(len(plan.keys[key].domain)) for key in kept)), 0)
    for place, value in zip(places(plan), leaves, strict=True):
        totals[tuple(place[key] for key in kept)] += value
    return tuple(totals.values())


def without_noise(plan: Plan, leaves: LeafCells) -> NoisyCells:
    """Return what would be measured if the noise happened to be zero."""
    pairs = zip(leaves, plan.strategies, strict=True)
    return tuple(tuple(added_up(plan, cells, one.kept) for one in strategy) for cells, strategy in pairs)


def sole(leaves: LeafCells) -> NoisyCells:
    """Return leaf cells as the one marginal that is measured of each measure."""
    return tuple((tuple(cells),) for cells in leaves)


def sparse_marginal(plan: Plan, leaves: Mapping[int, int], kept: tuple[int, ...]) -> dict[int, int]:
    """Return the totals of a vector of leaf cells of which most are 0, by any numbering of the totals."""
    sizes = [len(key.domain) for key in plan.keys]
    totals: defaultdict[int, int] = defaultdict(int)
    for cell, value in leaves.items():
        number, place = 0, cell
        for key in range(len(sizes) - 1, -1, -1):
            place, own = divmod(place, sizes[key])
            number = number * (sizes[key] + 1) + (own + 1 if key in kept else 0)
        totals[number] += value
    return dict(totals)
