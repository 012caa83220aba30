"""Places of rows in an order: numbers, ranks and what is made of them, with intervals where noise decides the order."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.after import TableFunction
from stillroom.privacy.intervals import joint_level
from stillroom.query.result import reads_noise
from stillroom.query.table.estimate import Estimate, exact
from stillroom.query.table.orders import ranks

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.expression import By, Over
    from stillroom.query.table.partitions import Partition, Whole

    Key: TypeAlias = tuple[Fraction | float, ...]
    """What a row is ordered by at the least, or at the most."""


def placed(node: Over, table: Whole, level: Fraction, most: int, *, noisy: bool) -> Callable[[Partition], list[Estimate]]:
    """Return what a function of places says of each row of a partition.

    Where noise decides the order, the values by which rows are ordered are all in their intervals at the level (Bonferroni, over the `most`
    rows of a partition). Then a row stands behind all rows that surely stand before it, and before all that surely stand behind it.
    """
    says = _SAYS[node.function]
    if not noisy:
        return lambda partition: [exact(says(node, partition, place)) for place in range(len(partition))]
    lows, highs = _keys(node, table, level, most)

    def unsure(partition: Partition) -> list[Estimate]:
        least, greatest = (sorted(keys[row] for row in partition.members) for keys in (lows, highs))
        found, last = [], len(partition) - 1
        for place, row in enumerate(partition.members):
            before = bisect_left(greatest, lows[row])
            behind = len(partition) - bisect_right(least, highs[row])
            ends = _ends(node, before, last - behind, len(partition))
            found.append(Estimate(says(node, partition, place), *ends, noisy=True, no_information=(before, behind) == (0, 0)))
        return found

    return unsure


def _keys(node: Over, table: Whole, level: Fraction, most: int) -> tuple[list[Key], list[Key]]:
    """Return the least and the greatest key of each row: up to the first term that noise decides."""
    terms = list(node.order)
    first = next(place for place, term in enumerate(terms) if reads_noise(term.value))
    exact_terms = [[Fraction(rank) for rank in ranks(term, [one.value for one in table.known(term.value)])] for term in terms[:first]]
    ends = [_spread(one, terms[first]) for one in table.column(terms[first].value, joint_level(level, most))]
    lows, highs = [low for low, _ in ends], [high for _, high in ends]
    return list(zip(*exact_terms, lows, strict=True)), list(zip(*exact_terms, highs, strict=True))


def _spread(one: Estimate, term: By) -> tuple[Fraction | float, Fraction | float]:
    """Return where a row may stand by a term that noise decides: anywhere, without an interval."""
    if one.low is None or one.high is None:
        return -math.inf, math.inf
    return (-one.high, -one.low) if term.descending else (one.low, one.high)


def _bucket(place: int, rows: int, buckets: int) -> Fraction:
    """Return the bucket of a place, of which the larger ones come first."""
    size, larger = divmod(rows, buckets)
    inside = larger * (size + 1)
    return Fraction(place // (size + 1) + 1 if place < inside else larger + (place - inside) // size + 1)


_SAYS: dict[TableFunction, Callable[[Over, Partition, int], Fraction]] = {
    TableFunction.ROW_NUMBER: lambda _, __, place: Fraction(place + 1),
    TableFunction.RANK: lambda _, partition, place: Fraction(partition.first[place] + 1),
    TableFunction.DENSE_RANK: lambda _, partition, place: Fraction(partition.groups[place]),
    TableFunction.PERCENT_RANK: lambda _, partition, place: Fraction(partition.first[place], max(1, len(partition) - 1)),
    TableFunction.CUME_DIST: lambda _, partition, place: Fraction(partition.behind[place], len(partition)),
    TableFunction.NTILE: lambda node, partition, place: _bucket(place, len(partition), node.number),
}
"""What each function says of the row at a place."""


def _ends(node: Over, least: int, greatest: int, rows: int) -> tuple[Fraction, Fraction]:
    """Return the least and the greatest that a function can say of a row that stands at one of some places, its peers too."""
    match node.function:
        case TableFunction.PERCENT_RANK:
            return Fraction(least, max(1, rows - 1)), Fraction(greatest, max(1, rows - 1))
        case TableFunction.CUME_DIST:
            return Fraction(least + 1, rows), Fraction(greatest + 1, rows)
        case TableFunction.NTILE:
            return _bucket(least, rows, node.number), _bucket(greatest, rows, node.number)
        case TableFunction.DENSE_RANK:
            return Fraction(min(least, 1) + 1), Fraction(greatest + 1)
        case _:
            return Fraction(least + 1), Fraction(greatest + 1)
