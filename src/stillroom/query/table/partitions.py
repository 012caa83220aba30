"""Partitions of the rows of a table: which rows a window function sees together, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol, TypeAlias

from stillroom.query.table.orders import ranks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from stillroom.model.after import Extent
    from stillroom.model.expression import Expression, Over
    from stillroom.query.table.estimate import Estimate, Plain

Groups: TypeAlias = 'dict[tuple["Plain", ...], "Partition"]'
"""Partitions by their keys."""


class Whole(Protocol):
    """All rows of a table, as windows see them; `rows.Rows` says more about each."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    def known(self, node: Expression) -> Sequence[Estimate]:
        """Return an expression's value in each row."""
        ...

    def column(self, node: Expression, level: Fraction) -> Sequence[Estimate]:
        """Return an expression's value in each row, and its interval at a level."""
        ...

    def measure_sums(self, measure: int, level: Fraction) -> Sums:
        """Return the sums of a measure over frames, with intervals at a level."""
        ...


class Sums(Protocol):
    """Sums of one measure."""

    def over(self, partition: Partition, extent: Extent | None) -> list[Estimate]:
        """Return the sum over the frame of each row."""
        ...


@dataclass(frozen=True)
class Partition:
    """Rows of a table in the order of a window.

    Attributes:
        members: The numbers of the rows.
        first: For each of them, the place of the first of its peers.
        behind: For each of them, the place behind the last of its peers.
    """

    members: Sequence[int]
    first: Sequence[int]
    behind: Sequence[int]

    @cached_property
    def groups(self) -> Sequence[int]:
        """For each of them, the number of the group of its peers, from 1."""
        return list(accumulate(first == place for place, first in enumerate(self.first)))

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.members)

    def frames(self, extent: Extent | None) -> list[tuple[int, int]]:
        """Return for each row the places where its frame begins and behind which it ends; one that holds no row ends where it begins."""
        size = len(self)
        if extent is None:
            return [(0, size)] * size
        if extent.peers:
            starts = [0] * size if extent.start is None else self.first
            ends = [size] * size if extent.end is None else self.behind
            return list(zip(starts, ends, strict=True))
        return [self._frame(place, extent.start, extent.end) for place in range(size)]

    def _frame(self, place: int, start: int | None, end: int | None) -> tuple[int, int]:
        size = len(self)
        begins = 0 if start is None else min(max(place + start, 0), size)
        ends = size if end is None else min(max(place + end + 1, 0), size)
        return begins, max(begins, ends)


def partitions(node: Over, table: Whole) -> tuple[Groups, list[tuple[Plain, ...]]]:
    """Return the partitions of a window's rows by their keys, and the keys of all rows of the table.

    Args:
        node: The window.
        table: All rows.
    """
    keys = [[one.value for one in table.known(key)] for key in node.keys]
    order = [ranks(term, [one.value for one in table.known(term.value)]) for term in node.order]
    inside = [True] * len(table) if node.rows is None else [one.value is True for one in table.known(node.rows)]
    labels: list[tuple[Plain, ...]] = list(zip(*keys, strict=True)) if keys else [()] * len(table)
    places: list[tuple[int, ...]] = list(zip(*order, strict=True)) if order else [()] * len(table)
    groups: dict[tuple[Plain, ...], list[int]] = {}
    for row in sorted((row for row in range(len(table)) if inside[row]), key=places.__getitem__):
        groups.setdefault(labels[row], []).append(row)
    return {label: _partition(members, places) for label, members in groups.items()}, labels


def _partition(members: Sequence[int], places: Sequence[tuple[int, ...]]) -> Partition:
    """Return a partition of rows in their order, given their places in it."""
    first, behind = [0] * len(members), [0] * len(members)
    for place, row in enumerate(members):
        first[place] = first[place - 1] if place and places[members[place - 1]] == places[row] else place
    for place in reversed(range(len(members))):
        last = place + 1 == len(members) or first[place + 1] != first[place]
        behind[place] = place + 1 if last else behind[place + 1]
    return Partition(members, first, behind)
