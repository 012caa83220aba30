"""How far one person can move a measure: from the plan's bounds, in whole numbers.

One identifier contributes a vector with an entry for each cell: every entry within [low, high], at most `groups` of them not 0, absolute
values adding up to at most rows × the largest absolute value of a row, or to the total that the plan states. Norms are largest when cell
after cell is filled to the peak. What clamping removes is one number.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.expression import PARTS
from stillroom.model.measure import Aggregate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.marginal import Marginal
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Bounds


class Moved(NamedTuple):
    """How far two neighbours can be apart: the L1 distance, and the square of the L2 distance."""

    l1: int
    l2_squared: int


def moves(measure: Measure, bounds: Bounds, sizes: Sequence[int], kept: Sequence[int]) -> tuple[Moved, Moved]:
    """Return how far a marginal moves when a person appears or vanishes, and when a person is altered.

    A total adds up all leaf cells that agree with it in the keys that are kept; a person is in at most `groups` of them.
    """
    if measure.aggregate is Aggregate.REMOVED:
        return _removed(measure, bounds)
    totals = prod(sizes[key] for key in kept)
    together = max(1, _touched(measure, bounds, prod(sizes) // totals))
    one = measure.model_copy(update={"low": measure.low * together, "high": measure.high * together})
    return add_remove(one, bounds, totals), change(one, bounds, totals)


def marginal_moves(measure: Measure, bounds: Bounds, sizes: Sequence[int], marginal: Marginal) -> tuple[Moved, Moved]:
    """Return how far a marginal moves: its totals, or the scores of what is chosen by it."""
    if marginal.part is None:
        return moves(measure, bounds, sizes, marginal.kept)
    return _choice_moves(measure, bounds, sizes, marginal.kept, max(marginal.part, PARTS - marginal.part))


def _choice_moves(measure: Measure, bounds: Bounds, sizes: Sequence[int], kept: Sequence[int], share: int) -> tuple[Moved, Moved]:
    """Return how far apart the scores of a group may move, over all groups.

    A row moves each score of its group by a share of a row at most, up or down, and scores have two units for each part of a row: so by
    twice the share to either side. A person is in some groups with some rows each, as in a count; an altered person both leaves and comes.
    """
    groups = prod(sizes[key] for key in kept if key not in measure.grid)
    every = prod(size for key, size in enumerate(sizes) if key not in measure.grid)
    together = max(1, min(bounds.groups, every // groups))
    counted = measure.model_copy(update={"grid": (), "high": measure.high * together})
    rows, once = add_remove(counted, bounds, groups), 4 * share
    return Moved(rows.l1 * once, rows.l2_squared * once**2), Moved(2 * rows.l1 * once, 4 * rows.l2_squared * once**2)


def add_remove(measure: Measure, bounds: Bounds, cells: int) -> Moved:
    """Return how far a measure moves when one person's rows appear or vanish."""
    total = _total(measure, bounds)
    return _times(_filled(total, _peak(measure, total), _touched(measure, bounds, cells)), bounds.identifiers)


def change(measure: Measure, bounds: Bounds, cells: int) -> Moved:
    """Return how far a measure moves when one person's rows become any other rows, so that one vector takes the place of another."""
    total, groups = _total(measure, bounds), _touched(measure, bounds, cells)
    peak = _peak(measure, total)
    one_sign = measure.low == 0 or measure.high == 0
    return _times(_apart(total, peak, groups, cells) if one_sign else _opposed(measure, total, groups, cells), bounds.identifiers)


def _removed(measure: Measure, bounds: Bounds) -> tuple[Moved, Moved]:
    """Return how far what clamping removes moves: one number, to which a person adds what is too much, less what is too little.

    The excess over `high` of any cells is at most that of all rows in one cell, each at the greatest value, since `high` is not negative
    and taken away once for each cell, or that of all absolute values; the shortfall below `low` likewise.
    """
    most, least = bounds.rows * measure.row_high, bounds.rows * measure.row_low
    if measure.total is not None:
        most, least = min(most, measure.total), max(least, -measure.total)
    over, under = max(0, most - measure.high), max(0, measure.low - least)
    one, other = max(over, under), over + under
    return _times(Moved(one, one**2), bounds.identifiers), _times(Moved(other, other**2), bounds.identifiers)


def _touched(measure: Measure, bounds: Bounds, cells: int) -> int:
    """Return the most cells of one person: groups of the table; in a grid, which divides these further, no more than there are rows."""
    return min(bounds.rows if measure.grid else bounds.groups, cells)


def _total(measure: Measure, bounds: Bounds) -> int:
    return bounds.rows * max(-measure.row_low, measure.row_high) if measure.total is None else measure.total


def _peak(measure: Measure, total: int) -> int:
    return min(max(-measure.low, measure.high), total)


def _filled(total: int, peak: int, cells: int) -> Moved:
    """Return the norms of the vector that fills cells to the peak until the total is used up."""
    if peak == 0:
        return Moved(0, 0)
    full = min(total // peak, cells)
    rest = min(total - full * peak, peak) if full < cells else 0
    return Moved(full * peak + rest, full * peak**2 + rest**2)


def _apart(total: int, peak: int, groups: int, cells: int) -> Moved:
    """Return the norms where all entries have one sign: the two vectors had best not share a cell, and share the cells evenly."""
    mine = min(groups, (cells + 1) // 2)
    first, second = _filled(total, peak, mine), _filled(total, peak, min(groups, cells - mine))
    return Moved(first.l1 + second.l1, first.l2_squared + second.l2_squared)


def _opposed(measure: Measure, total: int, groups: int, cells: int) -> Moved:
    """Return bounds of the norms where entries have both signs, so that vectors may be opposed in a cell, by `span` at most.

    L1 is at most twice that of add/remove, and `span` in each cell. The square of L2 is at most what a vector of this L1 can have with
    entries up to `span`; and with k cells in both vectors it is at most k·span² + 2·(n - k)·peak², n being the most cells of one vector.
    """
    peak = _peak(measure, total)
    one = _filled(total, peak, groups)
    touched = min(groups, total)
    span, most = min(measure.high, total) + min(-measure.low, total), min(cells, 2 * touched)
    l1 = min(2 * one.l1, most * span)
    return Moved(l1, min(_filled(l1, span, most).l2_squared, touched * max(span**2, 2 * peak**2)))


def _times(moved: Moved, identifiers: int) -> Moved:
    """Return the norms for a person with several identifiers, by the triangle inequality."""
    return Moved(moved.l1 * identifiers, moved.l2_squared * identifiers**2)
