"""Quantiles by the exponential mechanism: what may be chosen of a measure, and whether a table shows what can have been chosen."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

from stillroom.client.verification.calendar import CALENDAR_KINDS, calendar_value
from stillroom.client.verification.numerals import units_of
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.model.expression import Quantile
from stillroom.model.mechanism import CHOOSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.marginal import Strategy
    from stillroom.model.plan import Output, Plan
    from stillroom.model.release import Cell


def chooses(strategy: Strategy) -> bool:
    """Tell whether anything is chosen of a measure, rather than counted."""
    return any(one.part is not None for one in strategy)


def check_choices(plan: Plan, number: int, sets: Sequence[tuple[int, ...]]) -> None:
    """See that a measure with a grid is one of which each part is chosen once for each of its grouping sets, by noise of one kind.

    Raises:
        Broken: It is not.
    """
    strategy, grid = plan.strategies[number], plan.measures[number].grid
    parts = {one.part for one in strategy}
    wanted = {(part, (*kept, *grid)) for part, kept in product(parts, sets)}
    require(bool(grid), f"something is chosen of measure {number}, which has no grid")
    once = len(strategy) == len(wanted) and {(one.part, one.kept) for one in strategy} == wanted
    require(once and None not in parts, f"not every part of measure {number} is chosen once for each grouping set")
    kinds = {one.mechanism.noise for one in strategy}
    require(len(kinds) == 1 and kinds <= CHOOSING, f"the parts of measure {number} are not chosen by noise of one kind")


def check_values(plan: Plan, output: Output, cells: Sequence[Cell]) -> int:
    """Check a column of chosen quantiles: each value is that of a bucket, and all that is known of it is between which ends it lies.

    Returns:
        How many cells were checked: none of another column.

    Raises:
        Broken: A value is of no bucket, or a cell claims to know more.
    """
    node = output.value
    if not isinstance(node, Quantile) or not chooses(plan.strategies[int(node.measure[1:])]):
        return 0
    buckets = prod(len(plan.keys[key].listed) for key in plan.measures[int(node.measure[1:])].grid)
    for cell in cells:
        value = _units(output, node, cell.value)
        bucket = (value - node.low) // node.width
        possible = {_middle(node, bucket), _middle(node, buckets - 1)} if 0 <= bucket < buckets else set()
        require(value in possible, "a quantile is not the middle of a bucket that can be chosen")
        require(cell.no_information, "a quantile that was chosen is said to be known better than it is")
        if output.kind in CALENDAR_KINDS and cell.low is None and cell.high is None:
            continue  # a release from before dates had intervals
        ends = tuple(None if end is None else _units(output, node, end) for end in (cell.low, cell.high))
        expect("the ends of a quantile", ends, (node.low, node.high))
    return len(cells)


def _units(output: Output, node: Quantile, text: str | None) -> int:
    """Read a value in the units of a quantile, which are whole."""
    if output.kind in CALENDAR_KINDS:
        return calendar_value(output.kind, text or "")
    unit: int = 10 ** max(0, output.digits - node.digits)
    whole, rest = divmod(units_of(text, output.digits), unit)
    if rest or output.digits < node.digits:
        raise Broken("a quantile lies between two values")
    return whole


def _middle(node: Quantile, bucket: int) -> int:
    """Return the value that stands for a bucket: the middle of its values, the lower of two; of one behind all values, the greatest."""
    begin = node.low + bucket * node.width
    if begin >= node.high:
        return node.high
    values = (min(begin + node.width - node.step, node.high) - begin) // node.step
    return begin + values // 2 * node.step
