"""What clamping removes from sums, measured where the analyst asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import columns_of
from stillroom.model.measure import Aggregate
from stillroom.query.estimation import row_noise, sizes_of
from stillroom.query.scales import LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.model.measure import Measure
    from stillroom.model.plan import Finish, Plan
    from stillroom.query.measures import Sums

REMOVED_LIMIT = 2**62
"""No more than this may be removed of one person, as no person's total may be larger."""


def removals(finish: Finish, measures: Sequence[Measure], summed: Sums, rows: int) -> Iterator[Measure]:
    """Yield, for each sum that a column is made of and that clamping can change, what it removes.

    Where a person's total cannot leave the bounds, nothing is ever removed, and nothing is measured. Counts of persons are clamped by what
    they mean, and lose nothing.

    Args:
        finish: What is computed from noisy cells.
        measures: What it reads.
        summed: The measures that are sums, by name: what a person's total in a cell lies between before it is clamped.
        rows: The most rows of one person.

    Raises:
        Refusal: One person could lose more than can be measured.
    """
    shown = frozenset[str]().union(*(columns_of(output.value) for output in finish.outputs))
    for number, measure in enumerate(measures):
        name = f"m{number}"
        if name not in summed.keys() & shown or (measure.low <= summed[name][0] and summed[name][1] <= measure.high):
            continue
        most = max(rows * measure.row_high - measure.high, measure.low - rows * measure.row_low)
        if most >= REMOVED_LIMIT:
            raise Refusal(
                Code.BOUND_TOO_LARGE,
                "Clamping could remove more from one person's total than can be measured.",
                "Leave out --clamped, or narrow the column's bounds, or rows_per_person.",
            )
        yield measure.model_copy(update={"aggregate": Aggregate.REMOVED})


def columns_with(plan: Plan, headings: Sequence[str], removed: int) -> tuple[str, ...]:
    """Return the headings of the columns that are made of the sum from which one of the measures says what was removed."""
    name, pairs = f"m{plan.removed[removed]}", zip(headings, plan.finish.outputs, strict=True)
    return tuple(heading for heading, output in pairs if name in columns_of(output.value))


def half_removed(plan: Plan, removed: int) -> int:
    """Return the half-width of what clamping removed, in units of its sum: of one draw of noise."""
    return row_noise(plan.strategies[removed], sizes_of(plan, plan.measures[removed]), (), 1).whole_half_width(LEVEL)
