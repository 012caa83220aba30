"""Marginals of leaf cells, added up one cell after the other."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.plan import LeafCells, NoisyCells, Plan
    from tests.reference import Sparse


def own_keys(plan: Plan, measure: int) -> tuple[int, ...]:
    """Return the positions of the keys that tell a measure's cells apart."""
    if plan.measures[measure].aggregate == "removed":
        return ()
    kept = plan.measures[measure].kept
    return (*(range(len(plan.grouping)) if kept is None else kept), *plan.measures[measure].grid)


def places(plan: Plan, measure: int = 0) -> list[tuple[int, ...]]:
    """Return where each leaf cell of a measure lies in its keys' domains, in canonical order."""
    return list(product(*(range(len(plan.keys[key].listed)) for key in own_keys(plan, measure))))


def added_up(plan: Plan, leaves: Sequence[int], kept: tuple[int, ...], measure: int = 0) -> tuple[int, ...]:
    """Return the totals of a measure's leaf cells over the keys that are not kept, in canonical order."""
    totals = dict.fromkeys(product(*(range(len(plan.keys[key].listed)) for key in kept)), 0)
    order = [own_keys(plan, measure).index(key) for key in kept]
    for place, value in zip(places(plan, measure), leaves, strict=True):
        totals[tuple(place[key] for key in order)] += value
    return tuple(totals.values())


def without_noise(plan: Plan, leaves: LeafCells) -> NoisyCells:
    """Return what would be measured if the noise happened to be zero."""
    numbered = enumerate(zip(leaves, plan.strategies, strict=True))
    return tuple(tuple(added_up(plan, cells, one.kept, number) for one in strategy) for number, (cells, strategy) in numbered)


def sole(leaves: LeafCells) -> NoisyCells:
    """Return leaf cells as the one marginal that is measured of each measure."""
    return tuple((tuple(cells),) for cells in leaves)


def sparse_marginal(plan: Plan, leaves: Sparse, kept: tuple[int, ...], measure: int) -> Sparse:
    """Return the totals of a vector of leaf cells of which most are 0, by any numbering of the totals; leaf cells stay as they are.

    Those of selected keys have the combination beside their number. Every marginal of them keeps it.
    """
    own_positions = own_keys(plan, measure)
    if kept == own_positions:
        return dict(leaves)
    others = [key for key in own_positions if key >= plan.selected]
    sizes = [len(plan.keys[key].listed) for key in others]
    totals: Sparse = defaultdict(int)
    for cell, value in leaves.items():
        combination, place = cell if isinstance(cell, tuple) else (None, cell)
        number = 0
        for key in range(len(sizes) - 1, -1, -1):
            place, own = divmod(place, sizes[key])
            number = number * (sizes[key] + 1) + (own + 1 if others[key] in kept else 0)
        totals[combination, number] += value
    return totals
