"""Tables in parts: ranges of persons, one after the other, so that a run need not hold everybody at once.

What a plan measures by sums is a sum over persons, and a person's part is a function of that person's rows in all tables and of nothing
else (`docs/explanation/promise.md`). So for any division of the persons, all rows of each in one part, the cells of the parts add up to
the cells of the whole, integer by integer, and so do the persons in each combination of selected keys.

Tables are sorted by person, and persons by identifier, so that a part is a range of identifiers: in every table a range of persons, and of
rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.adapters.admitted import PERSON, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from stillroom.ports import AdmittedTable

BLOCK = 2**17
"""Rows, or persons, that are looked at together."""


class NotSorted(ValueError):
    """A table is not in the order that admission gave it."""


class Part:
    """The rows of some persons of a table, as a table."""

    def __init__(self, table: AdmittedTable, rows: slice, persons: slice) -> None:
        """Name a range of persons, and that of their rows."""
        self._table, self._rows, self._persons = table, rows, persons

    @property
    def salt(self) -> bytes:
        """The key of the dataset's keyed hashes."""
        return self._table.salt

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons."""
        return self._rows.stop - self._rows.start, self._persons.stop - self._persons.start

    def rows(self, columns: Sequence[str], within: slice = WHOLE) -> pa.Table:
        """Return the rows in a range; codes of persons begin at 0."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = self._table.rows(columns, _inside(self._rows, within))
        codes = pc.subtract(rows.column(PERSON), pa.scalar(self._persons.start, pa.int32()))
        return rows.set_column(rows.schema.get_field_index(PERSON), rows.schema.field(PERSON), codes)

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return the canonical identifiers of a range of codes."""
        return self._table.persons(_inside(self._persons, within))


def divided(tables: Mapping[str, AdmittedTable], private: Sequence[str], most: int) -> Iterator[Mapping[str, AdmittedTable]]:
    """Yield tables in parts: every person is in one, with all rows. Public tables are whole in each.

    Args:
        tables: The tables, by dataset.
        private: Which of them belong to persons.
        most: How many rows of a table a part may have, besides those of one more person.

    Raises:
        NotSorted: A table is not sorted by person, or its persons are not sorted by identifier.
    """
    cuts = sorted({cut for dataset in private for cut in _cuts(tables[dataset], most)})
    if not cuts:
        yield tables
        return
    bounds = {dataset: _bounds(tables[dataset], cuts) for dataset in private}
    for part in range(len(cuts) + 1):
        yield {**tables, **{dataset: Part(tables[dataset], rows[part], persons[part]) for dataset, (rows, persons) in bounds.items()}}


def _cuts(table: AdmittedTable, most: int) -> list[str]:
    """Return the identifiers at which parts begin that have at most so many rows of a table, besides those of one person."""
    rows, _ = table.extent()
    codes = [table.rows((), slice(at, at + 1)).column(PERSON)[0].as_py() for at in range(most, rows, most)]
    return [table.persons(slice(code, code + 1))[0].as_py() for code in dict.fromkeys(codes)]


def _bounds(table: AdmittedTable, cuts: Sequence[str]) -> tuple[list[slice], list[slice]]:
    """Return the ranges of rows and of persons that identifiers cut a table into."""
    rows, persons = table.extent()
    codes = _placed(cuts, (table.persons(block) for block in _blocks(persons)))
    starts = _placed(codes, (table.rows((), block).column(PERSON).combine_chunks() for block in _blocks(rows)))
    return _slices(starts, rows), _slices(codes, persons)


def _placed(values: Sequence[str] | Sequence[int], blocks: Iterator[pa.Array]) -> list[int]:
    """Return how many items of sorted blocks are less than each of some ascending values: all of a block, none, or some.

    Raises:
        NotSorted: The blocks are not sorted.
    """
    import pyarrow.compute as pc

    places, last = [0] * len(values), None
    for block in blocks:
        first = block[0].as_py()
        if (last is not None and first < last) or pc.any(pc.less(block[1:], block[:-1])).as_py():
            raise NotSorted
        last = block[-1].as_py()
        begin, end = bisect_right(values, first), bisect_right(values, last)
        for n in range(begin, len(values)):
            places[n] += len(block) if n >= end else bisect_left(block, values[n], key=lambda item: item.as_py())
    return places


def _blocks(size: int) -> Iterator[slice]:
    """Yield ranges that together are a whole."""
    for start in range(0, size, BLOCK):
        yield slice(start, min(size, start + BLOCK))


def _slices(starts: Sequence[int], size: int) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise([0, *starts, size])]


def _inside(outer: slice, inner: slice) -> slice:
    """Return a range that is given within another one, within the whole."""
    start, stop, _ = inner.indices(outer.stop - outer.start)
    return slice(outer.start + start, outer.start + max(start, stop))
