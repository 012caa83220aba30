"""Window functions of a finish, written down once more: for each row, all rows of the table are looked at, as the SQL standard says it.

It shares no code with `query.table.windows`, except for half-widths.
"""

from __future__ import annotations

import functools
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stillroom.privacy.intervals import quantile, rounded_terms
from stillroom.query.estimation import sizes_of
from tests import finishing

if TYPE_CHECKING:
    from tests.finishing import Guess, Line

FINEST = 1 - Fraction(1, 10**8)
TOTALS = {"count", "sum", "min", "max"}


def said(node: Any, me: Line, level: Fraction) -> Guess:  # noqa: ANN401 - a window
    """Return what a window says of a row."""
    known = me.table.known
    if node not in known:
        rows = [line for line in me.table if node.rows is None or line.guess(node.rows).value is True]
        groups = [[other for other in rows if same(node, one, other)] for one in me.table]
        ordered = [sorted(group, key=functools.cmp_to_key(functools.partial(compared, node))) for group in groups]
        known[node] = dict(zip(map(id, me.table), ordered, strict=True)), max(1, *map(len, groups))
    groups_of, most = known[node]
    mine = groups_of[id(me)]
    inside = any(line is me for line in mine)
    found = answer(node, me, mine, level, most) if inside or (node.function in TOTALS and node.extent is None) else finishing.Guess(None)
    return finishing.Guess(found.value, noisy=True, vague=True) if loud([*node.keys, node.rows]) else found


def loud(nodes: list[Any]) -> bool:
    return re.search("'m[0-9]", str(nodes)) is not None


def same(node: Any, one: Line, other: Line) -> bool:  # noqa: ANN401 - a window
    return all(one.guess(key).value == other.guess(key).value for key in node.keys)


def compared(node: Any, one: Line, other: Line) -> int:  # noqa: ANN401 - a window
    """Return -1, 0 or 1 for a row that comes before, beside or behind another."""
    for term in node.order:
        left, right = one.guess(term.value).value, other.guess(term.value).value
        if left == right:
            continue
        if left is None or right is None:
            return -1 if (left is None) == term.nulls_first else 1
        return -1 if (left < right) != term.descending else 1
    return 0


def answer(node: Any, me: Line, mine: list[Line], level: Fraction, most: int) -> Guess:  # noqa: ANN401 - a window
    at = next((place for place, line in enumerate(mine) if line is me), 0)
    before = sum(compared(node, line, me) < 0 for line in mine)
    behind = sum(compared(node, line, me) > 0 for line in mine)
    shuffled = loud([term.value for term in node.order])
    if node.function in {"lag", "nth"} | TOTALS:
        frame = mine if node.extent is None else framed(node.extent, mine, at, before, behind)
        found = (
            picked(node, mine, frame, at, level)
            if node.function in {"lag", "nth"}
            else total(node, frame, level, most, whole=len(frame) == len(mine))
        )
        vague = shuffled and (node.extent is not None or node.function not in TOTALS)
        return finishing.Guess(found.value, noisy=True, vague=True) if vague else found
    group = len({before_of(node, line, mine) for line in mine if compared(node, line, me) <= 0})
    value = place_value(node, at, before, len(mine) - behind, group, len(mine))
    if not shuffled:
        return finishing.Guess(value, value, value)
    return unsure(node, me, mine, level, most, value)


def before_of(node: Any, line: Line, mine: list[Line]) -> int:  # noqa: ANN401 - a window
    return sum(compared(node, other, line) < 0 for other in mine)


def framed(extent: Any, mine: list[Line], at: int, before: int, behind: int) -> list[Line]:  # noqa: ANN401 - a frame
    """Return the rows of a frame."""
    if extent.peers:
        return mine[0 if extent.start is None else before : len(mine) if extent.end is None else len(mine) - behind]
    return [
        line
        for place, line in enumerate(mine)
        if (extent.start is None or place >= at + extent.start) and (extent.end is None or place <= at + extent.end)
    ]


def picked(node: Any, mine: list[Line], frame: list[Line], at: int, level: Fraction) -> Guess:  # noqa: ANN401 - a window
    if node.function == "lag":
        place, among = at - node.number, mine
    else:
        place, among = (node.number - 1 if node.number > 0 else len(frame) + node.number), frame
    return among[place].guess(node.value, level) if 0 <= place < len(among) else finishing.Guess(None)


def total(node: Any, frame: list[Line], level: Fraction, most: int, *, whole: bool) -> Guess:  # noqa: ANN401 - a window
    """Return a total of a frame."""
    if node.function == "sum" and node.value.op == "column" and node.value.name[0] == "m":
        return measured(int(node.value.name[1:]), frame, level, whole=whole)
    extent = node.extent
    if extent is not None and not extent.peers and None not in {extent.start, extent.end}:
        most = max(1, min(most, extent.end - extent.start + 1))
    values = [line.guess(node.value, 1 - (1 - level) / most) for line in frame]
    present = [one.value for one in values if one.value is not None]
    unsure = [one for one in values if one.noisy and one.low is None]
    if node.function == "count":
        sure = sum(one.value is not None and one not in unsure for one in values)
        ends = (Fraction(sure), Fraction(sure + len(unsure))) if unsure else (Fraction(len(present)),) * 2
        return finishing.Guess(Fraction(len(present)), *ends, noisy=bool(unsure))
    made = {"sum": sum, "min": min, "max": max}[node.function]
    value = made(present) if present else None  # type: ignore[operator]  # one of three functions of numbers
    if not any(one.noisy for one in values):
        return finishing.Guess(value, value, value) if isinstance(value, Fraction) else finishing.Guess(value)
    if unsure or not isinstance(value, Fraction):
        return finishing.Guess(value, noisy=True, vague=True)
    known = [one for one in values if one.value is not None]
    vague = all(one.vague for one in known if one.noisy)
    return finishing.Guess(value, made(one.low for one in known), made(one.high for one in known), noisy=True, vague=vague)  # type: ignore[operator]


def measured(number: int, frame: list[Line], level: Fraction, *, whole: bool) -> Guess:
    """Return a sum of a measure: the leaf cells of rows of one grouping set are different ones."""
    if not frame:
        return finishing.Guess(None)
    plan, sets = frame[0].plan, {line.kept for line in frame}
    halves = [half_of([line for line in frame if line.kept == kept], number, 1 - (1 - level) / len(sets), whole=whole) for kept in sets]
    value, centre = sum(line.totals[number] for line in frame), sum((line.centres[number] for line in frame), Fraction(0))
    unit, middle = 10 ** (plan.measures[number].digits + plan.finish.places), math.floor(centre + Fraction(finishing.HALF))
    low, high = min(value, middle - sum(halves)), max(value, middle + sum(halves))
    return finishing.Guess(Fraction(value, unit), Fraction(low, unit), Fraction(high, unit), noisy=True)


def half_of(lines: list[Line], number: int, level: Fraction, *, whole: bool) -> int:
    """Return how far a sum of rows of one grouping set may be off."""
    first, plan = lines[0], lines[0].plan
    sizes, strategy = sizes_of(plan), plan.strategies[finishing.of_set(plan, number, first.kept)]
    if len(strategy) == 1:
        draws = len(lines) * math.prod(sizes[key] for key in strategy[0].kept) // math.prod(sizes[key] for key in first.kept)
        one: int = 10**plan.finish.places
        return one * quantile(strategy[0].mechanism, rounded_terms(draws), level)
    free = [key for key in first.kept if len({line.at[key] for line in lines}) > 1]
    if whole and len(lines) == math.prod(sizes[key] for key in free):
        return first.noise(number, tuple(key for key in first.kept if key not in free)).whole_half_width(level)
    return len(lines) * first.noise(number).whole_half_width(1 - (1 - level) / len(lines))


def place_value(node: Any, at: int, before: int, up_to: int, group: int, rows: int) -> Fraction:  # noqa: ANN401 - a window
    match node.function:
        case "row_number":
            return Fraction(at + 1)
        case "rank":
            return Fraction(before + 1)
        case "dense_rank":
            return Fraction(group)
        case "percent_rank":
            return Fraction(before, rows - 1) if rows > 1 else Fraction(0)
        case "cume_dist":
            return Fraction(up_to, rows)
        case _:
            return bucket(at, rows, node.number)


def bucket(at: int, rows: int, buckets: int) -> Fraction:
    """Deal rows out: the first buckets have one more, if they do not come out even."""
    dealt = [number for number in range(1, buckets + 1) for _ in range(rows // buckets + (number <= rows % buckets))]
    return Fraction(dealt[at])


def unsure(node: Any, me: Line, mine: list[Line], level: Fraction, most: int, value: Fraction) -> Guess:  # noqa: ANN401 - a window
    """Return a place in an order that noise decides: as far up and down as intervals let a row move."""
    joint = 1 - (1 - level) / most
    ahead = sum(certainly(node, other, me, joint) for other in mine)
    after = sum(certainly(node, me, other, joint) for other in mine)
    first, last, rows = ahead, len(mine) - 1 - after, len(mine)
    ends = [place_value(node, place, place, place + 1, place + 1, rows) for place in (first, last)]
    if node.function == "dense_rank":
        ends[0] = Fraction(2 if ahead else 1)
    return finishing.Guess(value, ends[0], ends[1], noisy=True, vague=ahead == after == 0)


def certainly(node: Any, one: Line, other: Line, level: Fraction) -> bool:  # noqa: ANN401 - a window
    """Tell whether a row comes before another whatever the noise: by the terms up to the first noisy one."""
    for term in node.order:
        left, right = one.guess(term.value, level), other.guess(term.value, level)
        if not loud([term.value]):
            part = compared(node.model_copy(update={"order": (term,)}), one, other)
            if part:
                return part < 0
            continue
        ends = [math.nan if end is None else end for end in (left.low, left.high, right.low, right.high)]
        return bool(ends[0] > ends[3]) if term.descending else bool(ends[1] < ends[2])
    return False
