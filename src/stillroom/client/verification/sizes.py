"""How many cells of a measure there are, and which grouping sets it tells about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.measure import Aggregate

if TYPE_CHECKING:
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan


DISTINCT = frozenset({Aggregate.UNION, Aggregate.PERSONS})
"""What counts values or persons once in a total, however many of its parts they are in."""


def moving_sizes(plan: Plan, measure: Measure) -> list[int]:
    """Return the size of each key's domain that bears on how far a person moves a measure; 1 for keys that do not tell its cells apart.

    What is distinct is counted in the cells of one grouping set; sums add up leaf cells, whichever sets they tell about. Selected keys
    share the first axis.
    """
    grouped = measure.kept if measure.kept is not None and measure.aggregate in DISTINCT else range(len(plan.grouping))
    sizes = [len(key.domain) if key.domain is not None else 1 if number else endless(plan) for number, key in enumerate(plan.keys)]
    return [size if number in {*grouped, *measure.grid} else 1 for number, size in enumerate(sizes)]


def endless(plan: Plan) -> int:
    """Return the number of combinations of selected keys that matters: there is no end to them, so that two vectors may share no cell."""
    return 2 * plan.bounds.groups * plan.bounds.identifiers


def keeps_selected(plan: Plan, kept: tuple[int, ...]) -> bool:
    """Tell whether a grouping set has the combinations of selected keys; where none are selected, all sets are of the first kind."""
    return plan.selected == 0 or 0 in kept


def over_everybody(measure: Measure) -> bool:
    """Tell whether a measure is a sum for the grouping sets that keep no selected key."""
    return measure.aggregate is Aggregate.SUM and measure.kept is not None


def like(plan: Plan, measure: int) -> list[int]:
    """Return the numbers of the measures of the same for other grouping sets, and its own.

    Caps may leave two measures equal. They are measured apart all the same, each with its own for other sets, in the same order.
    """
    found: dict[tuple[int, ...] | None, list[int]] = {}
    for number, one in enumerate(plan.measures):
        if one.model_copy(update={"kept": None}) == plan.measures[measure].model_copy(update={"kept": None}):
            found.setdefault(one.kept, []).append(number)
    place = found[plan.measures[measure].kept].index(measure)
    return sorted(numbers[place] for numbers in found.values() if place < len(numbers))


def telling(plan: Plan, measure: int, kept: tuple[int, ...]) -> int:
    """Return which measure, of those of the same, tells about a grouping set.

    Raises:
        ValueError: There is none.
    """
    own, found = plan.measures[measure], {plan.measures[number].kept: number for number in like(plan, measure)}
    if own.aggregate in DISTINCT:
        wanted = None if own.kept is None else kept
    else:
        wanted = None if keeps_selected(plan, kept) else next((one for one in found if one is not None), None)
    if wanted not in found:
        raise ValueError(kept)
    return found[wanted]
