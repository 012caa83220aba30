"""Marginals of leaf cells, added up one cell after the other."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from stillroom.privacy.exponential import scores
from stillroom.query.estimation import marginal_of, sizes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stillroom.model.marginal import Marginal
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
    return tuple(tuple(_exactly(plan, cells, one, number) for one in strategy) for number, (cells, strategy) in numbered)


def _exactly(plan: Plan, leaves: Sequence[int], marginal: Marginal, measure: int) -> tuple[int, ...]:
    """Return the totals of a marginal; where it chooses, the first best bucket of each group."""
    totals = added_up(plan, leaves, marginal.kept, measure)
    if marginal.part is None:
        return totals
    found = [scores(counts, marginal.part) for counts in groups(plan, totals, measure)]
    return tuple(min(range(len(group)), key=group.__getitem__) for group in found)


def groups(plan: Plan, totals: Sequence[int], measure: int) -> list[Sequence[int]]:
    """Return the counts of the buckets of each group, from totals over some keys and all of the grid."""
    buckets = prod(len(plan.keys[key].listed) for key in plan.measures[measure].grid)
    return [totals[first : first + buckets] for first in range(0, len(totals), buckets)]


def made_up_cells(plan: Plan, shown: int, total: Callable[[], int], place: Callable[[int], int]) -> NoisyCells:
    """Return cells as a protection might: totals of made-up leaf cells, in some combinations of selected keys, and of everybody.

    Args:
        plan: The plan.
        shown: How many combinations there are.
        total: Makes up the total of a leaf cell.
        place: Chooses one of so many buckets, where a marginal chooses.
    """
    found = []
    for number, (measure, strategy) in enumerate(zip(plan.measures, plan.strategies, strict=True)):
        sizes = sizes_of(plan, measure, shown)
        leaves = [total() for _ in range(prod(sizes))]
        totals = [marginal_of(leaves, sizes, one.kept) for one in strategy]
        pairs = zip(strategy, totals, strict=True)
        found.append(
            tuple(tuple(own) if one.part is None else tuple(place(len(each)) for each in groups(plan, own, number)) for one, own in pairs)
        )
    return tuple(found)


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


def in_groups(plan: Plan, leaves: Sparse, kept: tuple[int, ...], measure: int) -> dict[tuple[object, ...], dict[int, int]]:
    """Return the counts of the buckets of each group, given sparse leaf cells and the keys that tell groups and buckets apart."""
    grid = plan.measures[measure].grid
    buckets = prod(len(plan.keys[key].listed) for key in grid)
    grouped = [key for key in own_keys(plan, measure) if key not in grid and key >= plan.selected]
    found: dict[tuple[object, ...], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cell, count in leaves.items():
        combination, number = cell if isinstance(cell, tuple) else (None, cell)
        rest, bucket = divmod(number, buckets)
        place: list[object] = [combination]
        for key in reversed(grouped):
            rest, own = divmod(rest, len(plan.keys[key].listed))
            place.append(own if key in kept else -1)
        found[tuple(place)][bucket] += count
    return found


def moved_within(before: Mapping[int, int], after: Mapping[int, int], part: int) -> int:
    """Return within which range the scores of a group move, given the counts of its buckets that are not empty.

    Between two of these, and at both ends, all empty buckets have one score.
    """
    occupied = sorted(before.keys() | after.keys())
    one, other = (scores([0, *(count for bucket in occupied for count in (counts.get(bucket, 0), 0))], part) for counts in (before, after))
    moved = [there - here for here, there in zip(one, other, strict=True)]
    return max(moved) - min(moved)
