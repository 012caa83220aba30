"""What window functions say of the rows of a table that shows all rows that they see: computed once more."""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections import defaultdict
from fractions import Fraction
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stillroom.client.verification.functions import Known, applied, sure
from stillroom.client.verification.outcome import Broken
from stillroom.model.after import ScalarFunction, TableFunction
from stillroom.model.expression import After, Column, columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from stillroom.model.after import Extent
    from stillroom.model.expression import By, Expression, Over

_PICKED = frozenset({TableFunction.LAG, TableFunction.NTH})
_AGGREGATES = frozenset({TableFunction.COUNT, TableFunction.SUM, TableFunction.MIN, TableFunction.MAX})


class Sheet(Protocol):
    """The rows of a table."""

    @property
    def canonical(self) -> Sequence[int]:
        """The numbers of the rows, by grouping set and keys."""
        ...

    def column(self, node: Expression, level: float) -> Sequence[Known]:
        """Return an expression in each row, with intervals at a level."""
        ...

    def total(self, measure: int, rows: Sequence[int], level: float) -> Known:
        """Return the sum of a measure over some rows."""
        ...


class Run(NamedTuple):
    """The rows of a partition in their order, and for each the places where its peers begin and behind which they end."""

    rows: list[int]
    peers: list[tuple[int, int]]


def said(node: Over, sheet: Sheet, level: float) -> list[Known]:
    """Return what a window function says of each row."""
    runs = _runs(node, sheet)
    most = max((len(run.rows) for run in runs), default=1)
    found = [sure(None)] * len(sheet.canonical)
    says = _picks(node, sheet, level) if node.function in _PICKED else _places(node, sheet, level, most)
    says = _aggregates(node, sheet, level, most) if node.function in _AGGREGATES else says
    for run in runs:
        for row, one in zip(run.rows, says(run), strict=True):
            found[row] = one
    shuffled = _noisy([term.value for term in node.order]) and (node.function in _PICKED or node.extent is not None)
    unclear = shuffled or _noisy([*node.keys, *([] if node.rows is None else [node.rows])])
    return [Known(one.value) for one in found] if unclear else found


def _noisy(nodes: Sequence[Expression]) -> bool:
    return any(name.startswith("m") for node in nodes for name in columns_of(node))


def _runs(node: Over, sheet: Sheet) -> list[Run]:
    """Return the partitions: rows in canonical order, sorted by the last term first, which leaves ties as they stand."""
    rows = list(sheet.canonical)
    places: list[Sequence[Hashable]] = []
    for term in reversed(node.order):
        values = [one.value for one in sheet.column(term.value, 0.5)]
        present = sorted((row for row in rows if values[row] is not None), key=values.__getitem__, reverse=term.descending)  # type: ignore[arg-type]  # of one kind
        missing = [row for row in rows if values[row] is None]
        rows = missing + present if term.nulls_first else present + missing
        places.append(values)
    labels = [[one.value for one in sheet.column(key, 0.5)] for key in node.keys]
    groups: defaultdict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for row in rows:
        groups[tuple(label[row] for label in labels)].append(row)
    return [_run(members, places) for members in groups.values()]


def _run(rows: list[int], places: Sequence[Sequence[Hashable]]) -> Run:
    peers: list[tuple[int, int]] = []
    for _, group in groupby(rows, key=lambda row: tuple(values[row] for values in places)):
        size = len(list(group))
        peers += [(len(peers), len(peers) + size)] * size
    return Run(rows, peers)


def _frames(run: Run, extent: Extent | None) -> list[range]:
    """Return the places of each row's frame."""
    every = range(len(run.rows))
    if extent is None:
        return [every for _ in every]
    if extent.peers:
        ends = zip(every, run.peers, strict=True)
        return [range(0 if extent.start is None else peers[0], len(every) if extent.end is None else peers[1]) for _, peers in ends]
    found = []
    for place in every:
        start = 0 if extent.start is None else max(0, place + extent.start)
        found.append(range(start, len(every) if extent.end is None else min(len(every), place + extent.end + 1)))
    return found


def _picks(node: Over, sheet: Sheet, level: float) -> Callable[[Run], list[Known]]:
    """Return LAG or NTH: a row's value, if there is such a row."""
    values = sheet.column(node.value, level)

    def place(at: int, run: Run, frame: range) -> int | None:
        if node.function is TableFunction.LAG:
            return at - node.number if 0 <= at - node.number < len(run.rows) else None
        number = node.number - 1 if node.number > 0 else len(frame) + node.number
        return frame[number] if 0 <= number < len(frame) else None

    def says(run: Run) -> list[Known]:
        found = [place(at, run, frame) for at, frame in enumerate(_frames(run, node.extent))]
        return [sure(None) if at is None else values[run.rows[at]] for at in found]

    return says


def _places(node: Over, sheet: Sheet, level: float, most: int) -> Callable[[Run], list[Known]]:
    """Return numbers, ranks and buckets; where noise decides the order, the range of places that intervals leave."""

    def says(run: Run) -> list[Known]:
        groups = {peers: number for number, peers in enumerate(sorted(set(run.peers)), start=1)}
        return [sure(_said(node, at, run.peers[at], groups[run.peers[at]], len(run.rows))) for at in range(len(run.rows))]

    if not _noisy([term.value for term in node.order]):
        return says
    least, greatest = _extremes(node.order, sheet, 1 - (1 - level) / most)

    def ranged(run: Run) -> list[Known]:
        lows, highs = (sorted(ends[row] for row in run.rows) for ends in (least, greatest))
        size = len(run.rows)
        places = [(bisect_left(highs, least[row]), bisect_right(lows, greatest[row]) - 1) for row in run.rows]
        return [_moved(node, one, first, last, size) for one, (first, last) in zip(says(run), places, strict=True)]

    return ranged


def _moved(node: Over, one: Known, first: int, last: int, rows: int) -> Known:
    """Return what a function says of a row that stands between two places."""
    low, high = (_said(node, at, (at, at + 1), at + 1, rows) for at in (first, last))
    return Known(one.value, Fraction(min(first, 1) + 1) if node.function is TableFunction.DENSE_RANK else low, high)


def _said(node: Over, at: int, peers: tuple[int, int], group: int, rows: int) -> Fraction:
    """Return what a function says of a place."""
    match node.function:
        case TableFunction.ROW_NUMBER:
            return Fraction(at + 1)
        case TableFunction.RANK:
            return Fraction(peers[0] + 1)
        case TableFunction.DENSE_RANK:
            return Fraction(group)
        case TableFunction.PERCENT_RANK:
            return Fraction(peers[0], rows - 1) if rows > 1 else Fraction(0)
        case TableFunction.CUME_DIST:
            return Fraction(peers[1], rows)
        case _:
            if node.number < 1:
                raise Broken("a window deals rows out to no buckets")
            return _bucket(at, rows, node.number)


def _bucket(at: int, rows: int, buckets: int) -> Fraction:
    """Return the bucket of a place: the first so many have one row more than the others."""
    size, more = divmod(rows, buckets)
    return Fraction(at // (size + 1) + 1 if at < more * (size + 1) else (at - more) // size + 1)


def _extremes(order: Sequence[By], sheet: Sheet, level: float) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """Return the least and the greatest that each row can be ordered by, up to the first term that noise decides."""
    least: list[tuple[float, ...]] = [() for _ in sheet.canonical]
    greatest = list(least)
    for term in order:
        known = sheet.column(term.value, level)
        if _noisy([term.value]):
            ends = [_end(one, term) for one in known]
            least = [(*one, end[0]) for one, end in zip(least, ends, strict=True)]
            return least, [(*one, end[1]) for one, end in zip(greatest, ends, strict=True)]
        values = sorted({one.value for one in known if one.value is not None}, reverse=term.descending)
        places = {value: place for place, value in enumerate(values)}
        numbers = [places[one.value] if one.value is not None else -1 if term.nulls_first else len(values) for one in known]
        least = [(*one, number) for one, number in zip(least, numbers, strict=True)]
        greatest = [(*one, number) for one, number in zip(greatest, numbers, strict=True)]
    return least, greatest


def _end(one: Known, term: By) -> tuple[float, float]:
    """Return where a value may be in the order of a term."""
    if one.ends is None:
        return float("-inf"), float("inf")
    return (-one.ends[1], -one.ends[0]) if term.descending else one.ends  # type: ignore[return-value]  # rationals compare with floats


def _aggregates(node: Over, sheet: Sheet, level: float, most: int) -> Callable[[Run], list[Known]]:
    """Return a sum, count, minimum or maximum of frames."""
    measured = node.function is TableFunction.SUM and isinstance(node.value, Column) and node.value.name.startswith("m")
    extent = node.extent
    if extent is not None and not extent.peers and extent.start is not None and extent.end is not None:
        most = max(1, min(most, extent.end - extent.start + 1))
    values = [] if measured else sheet.column(node.value, 1 - (1 - level) / most)

    def one(rows: Sequence[int]) -> Known:
        if measured and isinstance(node.value, Column):
            return sheet.total(int(node.value.name[1:]), rows, level) if rows else sure(None)
        return _aggregate(node, [values[row] for row in rows])

    def says(run: Run) -> list[Known]:
        frames = _frames(run, extent)
        found = {frame: one([run.rows[place] for place in frame]) for frame in set(frames)}
        return [found[frame] for frame in frames]

    return says


def _aggregate(node: Over, values: list[Known]) -> Known:
    """Return an aggregate of values, with what it can be while each is in its interval."""
    function = node.function
    unsure = [one for one in values if one.noisy and one.ends is None]
    present = [one.value for one in values if one.value is not None]
    if function is TableFunction.COUNT:
        surely = sum(one.value is not None and not (one.noisy and one.ends is None) for one in values)
        count = Fraction(len(present))
        return Known(count, Fraction(surely), Fraction(surely + len(unsure))) if unsure else sure(count)
    if function is not TableFunction.SUM:
        pick = ScalarFunction.GREATEST if function is TableFunction.MAX else ScalarFunction.LEAST
        return applied(After(function=pick, operands=(node.value,)), values) if values else sure(None)
    total = reduce(operator.add, present) if present else None
    if not any(one.noisy for one in values):
        return sure(total)
    if unsure or total is None:
        return Known(total)
    ends = [one.ends for one in values if one.ends is not None]
    return Known(total, sum((low for low, _ in ends), Fraction(0)), sum((high for _, high in ends), Fraction(0)))
