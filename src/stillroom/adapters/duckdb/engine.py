"""The engine: runs plans exactly, on tables that are handed to it, in a database that can reach nothing else."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

from stillroom.adapters.duckdb.connection import Database, TimeLimit
from stillroom.adapters.duckdb.links import Everybody, PersonLinks
from stillroom.adapters.parts import BLOCK, NotSorted, divided
from stillroom.errors import Code, Failed
from stillroom.model.plan import Aggregate
from stillroom.model.schema import Kind
from stillroom.model.selection import Occupied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from stillroom.adapters.duckdb.links import People
    from stillroom.adapters.duckdb.rows import Read
    from stillroom.adapters.duckdb.statement import Statement
    from stillroom.model.plan import Key, Plan
    from stillroom.model.schema import Scalar
    from stillroom.ports import AdmittedTable

Sums = TypeVar("Sums", "_Listed", "_Combined")

FRUGAL_ROWS = 2**16
"""Rows of a table in the smallest parts."""

ROW_TIMES, ROW_BYTES = 4, 160
"""What a row takes: so many times its size while it is read, and so many bytes in the engine's sums of each person."""


class DuckdbEngine:
    """Runs plans with DuckDB.

    Where its share of the memory does not hold all rows, it works on the persons in parts (`stillroom.adapters.parts`), of which the cells
    add up; nothing is ever written to disk. A run that runs out of memory all the same is made once more, from the start, in small parts
    and by one thread. Both ways give the same cells, so that nothing but time tells which one it was.

    Attributes:
        name: Name and version, for people.
    """

    def __init__(self, *, threads: int = 2, memory_mb: int = 8192, seconds: float = 3600.0, part_rows: int | None = None) -> None:
        """Set the resources of each run.

        Args:
            threads: How many threads work on a statement.
            memory_mb: The most memory for tables and intermediate results together, in MB of 2**20 bytes.
            seconds: The longest that a run may take, with both attempts.
            part_rows: The most rows of a table to work on at once; as many as memory holds if left out.
        """
        self.name = f"duckdb {version('duckdb')}"
        self._seconds, self._memory, self._part_rows = seconds, memory_mb * 2**20, part_rows
        self._usual, self._frugal = (Database(count, f"{memory_mb * 512}KiB") for count in (threads, 1))
        self._links = PersonLinks()

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return, for each measure of a plan without selected keys, its exact leaf cells in canonical order.

        The result is the same for any number of threads, any order of rows and any division into parts: all arithmetic is on whole
        numbers, and no step depends on an order.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return tuple(map(tuple, self._added(plan, tables, _Listed).cells))

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[Occupied]:
        """Return the combinations of the selected keys of a plan that somebody is in, each once; otherwise as `measure_exactly`.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return self._added(plan, tables, _Combined).occupied()

    def _added(self, plan: Plan, tables: Mapping[str, AdmittedTable], sums: Callable[[Plan], Sums]) -> Sums:
        """Run a plan and add up what is found; where memory runs out, once more, frugally."""
        import duckdb
        import pyarrow as pa

        try:
            with TimeLimit(self._seconds) as limit:
                with suppress(duckdb.OutOfMemoryException, MemoryError):
                    return self._run(self._usual, plan, tables, limit, sums(plan))
                return self._run(self._frugal, plan, tables, limit, sums(plan))
        except (duckdb.Error, pa.ArrowException, MemoryError, NotSorted, RecursionError, TimeoutError):
            raise _failed() from None

    def _run(self, database: Database, plan: Plan, tables: Mapping[str, AdmittedTable], limit: TimeLimit, sums: Sums) -> Sums:
        """Run the statements of a plan, part after part, and return their sums.

        Distinct values are those of everybody, so that what counts them is never divided.
        """
        from stillroom.adapters.duckdb.statement import statements

        for question in statements(plan, tables[plan.datasets[0]].salt):
            distinct = plan.measures[question.measures[0]].aggregate is Aggregate.UNION
            most = FRUGAL_ROWS if database is self._frugal else self._most(question, tables)
            for part in [tables] if distinct else divided(tables, plan.datasets, most):
                inputs = self._inputs(plan, question, part)
                with database.connection(limit) as connection:
                    for name, table in inputs.items():
                        connection.register(name, table)
                    sums.add(question, connection.execute(question.sql, question.texts).fetchall())
        return sums

    def _most(self, question: Statement, tables: Mapping[str, AdmittedTable]) -> int:
        """Return how many rows of a table memory holds, by the size of the first ones, with what the engine makes of them."""
        if self._part_rows is not None:
            return self._part_rows
        if all(tables[read.dataset].extent()[0] <= FRUGAL_ROWS for read in question.reads):
            return FRUGAL_ROWS
        size = ROW_BYTES
        for read in question.reads:
            first = tables[read.dataset].rows(read.columns, slice(0, BLOCK))
            size += ROW_TIMES * first.nbytes // max(1, first.num_rows)
        return max(FRUGAL_ROWS, self._memory // size)

    def _inputs(self, plan: Plan, question: Statement, tables: Mapping[str, AdmittedTable]) -> dict[str, pa.Table]:
        """Return every table that a statement reads, by its name there."""
        from stillroom.adapters.duckdb.rows import base_of

        base = base_of(plan.whole)
        people = tables[base] if base is not None else Everybody([tables[dataset] for dataset in plan.datasets])
        inputs = {read.table: self._rows(read, tables[read.dataset], people) for read in question.reads}
        inputs.update({f"d{n}": _domain(plan.keys[key], n) for n, key in enumerate(question.keys) if plan.keys[key].domain is not None})
        if question.names_persons:
            inputs["persons"] = _persons(people)
        return inputs

    def _rows(self, read: Read, table: AdmittedTable, people: People) -> pa.Table:
        """Return rows under the statement's names, with the codes that all tables of the statement share."""
        import pyarrow as pa

        rows = table.rows(read.columns)
        columns = {name: rows.column(column) for name, column in zip(read.names, read.columns, strict=True)}
        if read.person is not None:
            persons = rows.column("person")
            columns[read.person] = persons if table is people else self._links.codes(table, people).take(persons)
        return pa.table(columns)


def _domain(key: Key, n: int) -> pa.Table:
    """Return the positions and values of a key's domain."""
    import pyarrow as pa

    stored = {Kind.TEXT: pa.large_string(), Kind.BOOLEAN: pa.bool_()}.get(key.kind, pa.int64())
    positions = pa.array(range(len(key.listed)), pa.int32())
    return pa.table({f"i{n}": positions, f"v{n}": pa.array(key.listed, stored)})


def _persons(table: People) -> pa.Table:
    """Return the identifier of each code."""
    import numpy as np
    import pyarrow as pa

    identifiers = table.persons()
    return pa.table({"code": np.arange(len(identifiers), dtype=np.int32), "identifier": identifiers})


class _Listed:
    """The cells of each measure."""

    def __init__(self, plan: Plan) -> None:
        """Start with zeros."""
        self.cells = [[0] * plan.cells_of(measure) for measure in plan.measures]
        self._keys = plan.keys

    def add(self, question: Statement, found: Sequence[tuple[Any, ...]]) -> None:
        """Add what was found by a statement."""
        _fill([self.cells[measure] for measure in question.measures], [len(self._keys[key].listed) for key in question.keys], found)


class _Combined:
    """The cells of each combination of selected keys."""

    def __init__(self, plan: Plan) -> None:
        """Start with nobody."""
        self._plan = plan
        self._sizes = [len(key.listed) for key in plan.keys[plan.selected :]]
        self._found: dict[tuple[Scalar, ...], tuple[int, list[list[int]]]] = {}

    def add(self, question: Statement, found: Sequence[tuple[Any, ...]]) -> None:
        """Add what was found; each such plan has one statement."""
        del question
        combinations: dict[tuple[Scalar, ...], list[tuple[int, ...]]] = {}
        for row in found:
            combinations.setdefault(row[: self._plan.selected], []).append(row[self._plan.selected :])
        for keys, rows in combinations.items():
            persons, cells = self._found.get(keys) or (0, [[0] * self._plan.cells for _ in self._plan.measures])
            _fill(cells, self._sizes, [row[:-1] for row in rows])
            self._found[keys] = persons + sum(row[-1] for row in rows), cells

    def occupied(self) -> list[Occupied]:
        """Return what was added up."""
        return [Occupied(keys, persons, tuple(map(tuple, cells))) for keys, (persons, cells) in self._found.items()]


def _fill(cells: Sequence[list[int]], sizes: Sequence[int], found: Sequence[tuple[int, ...]]) -> None:
    """Add what was found to the cells of measures, given the sizes of their keys, the last one fastest."""
    strides = [prod(sizes[n + 1 :]) for n in range(len(sizes))]
    for row in found:
        at = sum(position * stride for position, stride in zip(row, strides, strict=False))
        for column, total in zip(cells, row[len(sizes) :], strict=True):
            column[at] += total


def _failed() -> Failed:
    return Failed(
        Code.RUN_FAILED,
        "The engine could not finish this run.",
        "Ask again: what was committed stays charged, and is not charged twice. If it fails again, tell the room's operator.",
    )
