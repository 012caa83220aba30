"""What window functions say of the rows of a table, with intervals.

Values are those of the table. An interval covers what the same function says of the table without noise. There is none where noise decides
which rows are seen, or where it decides their order and the function picks or adds up rows by that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.after import Extent, TableFunction
from stillroom.model.expression import Column
from stillroom.privacy.intervals import joint_level
from stillroom.query.result import reads_noise
from stillroom.query.table.estimate import Estimate, exact, vague
from stillroom.query.table.frame_totals import extremes, sums
from stillroom.query.table.partitions import partitions
from stillroom.query.table.ranks import placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from fractions import Fraction

    from stillroom.model.expression import Over
    from stillroom.query.table.partitions import Groups, Partition, Whole

    Says = Callable[[Partition], list[Estimate]]
    """What a function says of each row of a partition."""

_TOTALS = frozenset({TableFunction.COUNT, TableFunction.SUM, TableFunction.MIN, TableFunction.MAX})


def windowed(node: Over, table: Whole, level: Fraction) -> list[Estimate]:
    """Return what a window function says of each row of a table, with intervals at a level.

    Args:
        node: The function.
        table: All rows of the table.
        level: What each interval covers, for itself.
    """
    groups, labels = partitions(node, table)
    says = _function(node, table, level, max(map(len, groups.values()), default=1))
    found = [exact(None)] * len(table)
    if node.function in _TOTALS and node.extent is None:
        said = {label: says(partition)[0] for label, partition in groups.items()}
        nothing = sums([], [(0, 0)], count=node.function is TableFunction.COUNT)[0]
        found = [said.get(label, nothing) for label in labels]
    else:
        _spread(groups, says, found)
    unclear = any(map(reads_noise, (*node.keys, *(() if node.rows is None else (node.rows,)))))
    return [vague(one.value) for one in found] if unclear else found


def _spread(groups: Groups, says: Says, found: list[Estimate]) -> None:
    """Write what a function says of each row."""
    for partition in groups.values():
        for row, one in zip(partition.members, says(partition), strict=True):
            found[row] = one


def _function(node: Over, table: Whole, level: Fraction, most: int) -> Says:
    """Return a function; `most` rows are in a partition at most, and its frames may have so many."""
    shuffled = any(reads_noise(term.value) for term in node.order)
    if node.function in {TableFunction.LAG, TableFunction.NTH}:
        return _unordered(_picked(node, table, level)) if shuffled else _picked(node, table, level)
    if node.function not in _TOTALS:
        return placed(node, table, level, most, noisy=shuffled)
    total = _total(node, table, level, _widest(node.extent, most))
    return _unordered(total) if shuffled and node.extent is not None else total


def _unordered(says: Says) -> Says:
    """Return a function whose rows stand in an order that noise decides."""
    return lambda partition: [vague(one.value) for one in says(partition)]


def _widest(extent: Extent | None, most: int) -> int:
    """Return how many rows a frame has at most."""
    if extent is None or extent.peers or extent.start is None or extent.end is None:
        return most
    return max(1, min(most, extent.end - extent.start + 1))


def _picked(node: Over, table: Whole, level: Fraction) -> Says:
    """Return LAG or NTH: the value of another row of the partition, with its interval."""
    values = table.column(node.value, level)

    def places(partition: Partition) -> Iterable[int | None]:
        if node.function is TableFunction.LAG:
            return (place - node.number if 0 <= place - node.number < len(partition) else None for place in range(len(partition)))
        return (_at(begins, ends, node.number) for begins, ends in partition.frames(node.extent))

    return lambda partition: [exact(None) if place is None else values[partition.members[place]] for place in places(partition)]


def _at(begins: int, ends: int, number: int) -> int | None:
    """Return the place of a frame's row by its number, counted from the end where it is negative."""
    place = begins + number - 1 if number > 0 else ends + number
    return place if begins <= place < ends else None


def _total(node: Over, table: Whole, level: Fraction, widest: int) -> Says:
    """Return a total over frames. All values of a frame share the error probability (Bonferroni), but for those of one measure."""
    if node.function is TableFunction.SUM and isinstance(node.value, Column) and node.value.name.startswith("m"):
        measured = table.measure_sums(int(node.value.name[1:]), level)
        return lambda partition: measured.over(partition, node.extent)
    values = table.column(node.value, joint_level(level, widest))
    if node.function in {TableFunction.SUM, TableFunction.COUNT}:
        count = node.function is TableFunction.COUNT
        return lambda partition: sums([values[row] for row in partition.members], partition.frames(node.extent), count=count)
    greatest = node.function is TableFunction.MAX
    return lambda partition: extremes([values[row] for row in partition.members], partition.frames(node.extent), greatest=greatest)
