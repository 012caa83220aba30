"""The engine: runs plans exactly, on tables that are handed to it, in a database that can reach nothing else."""

from __future__ import annotations

from importlib.metadata import version
from math import prod
from typing import TYPE_CHECKING, Any

from stillroom.adapters.duckdb.links import Everybody, PersonLinks
from stillroom.errors import Code, Failed
from stillroom.model.schema import Kind
from stillroom.model.selection import Occupied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from stillroom.adapters.duckdb.links import People
    from stillroom.adapters.duckdb.rows import Read
    from stillroom.adapters.duckdb.statement import Statement
    from stillroom.model.plan import Key, Plan
    from stillroom.model.schema import Scalar
    from stillroom.ports import AdmittedTable


class DuckdbEngine:
    """Runs plans with DuckDB.

    Attributes:
        name: Name and version, for people.
    """

    def __init__(self, *, threads: int = 2, memory_limit: str = "8GB") -> None:
        """Set the resources of each run. A run that needs more memory fails; it never writes to disk."""
        self.name = f"duckdb {version('duckdb')}"
        self._threads, self._memory_limit = threads, memory_limit
        self._links = PersonLinks()

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return, for each measure of a plan without selected keys, its exact leaf cells in canonical order.

        The result is the same for any number of threads and any order of rows: all arithmetic is on whole numbers, and no step
        depends on an order.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        cells = [[0] * plan.cells_of(measure) for measure in plan.measures]
        for question, found in self._found(plan, tables):
            _fill([cells[measure] for measure in question.measures], [len(plan.keys[key].listed) for key in question.cells], found)
        return tuple(map(tuple, cells))

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[Occupied]:
        """Return the combinations of the selected keys of a plan that somebody is in, each once; otherwise as `measure_exactly`.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        ((_, found),) = self._found(plan, tables)
        combinations: dict[tuple[Scalar, ...], list[tuple[int, ...]]] = {}
        for row in found:
            combinations.setdefault(row[: plan.selected], []).append(row[plan.selected :])
        sizes = [len(key.listed) for key in plan.keys[plan.selected :]]
        occupied = []
        for keys, rows in combinations.items():
            cells = [[0] * plan.cells for _ in plan.measures]
            _fill(cells, sizes, [row[:-1] for row in rows])
            occupied.append(Occupied(keys, sum(row[-1] for row in rows), tuple(map(tuple, cells))))
        return occupied

    def _found(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[tuple[Statement, list[tuple[Any, ...]]]]:
        """Run the statements of a plan, and return each with its rows."""
        import duckdb
        import pyarrow as pa

        from stillroom.adapters.duckdb.connection import locked_connection
        from stillroom.adapters.duckdb.statement import statements

        found = []
        try:
            questions = statements(plan, tables[plan.datasets[0]].salt)
            inputs = [self._inputs(plan, question, tables) for question in questions]
            with locked_connection(self._threads, self._memory_limit) as connection:
                for question, named in zip(questions, inputs, strict=True):
                    for name, table in named.items():
                        connection.register(name, table)
                    found.append((question, connection.execute(question.sql, question.texts).fetchall()))
        except (duckdb.Error, pa.ArrowException, RecursionError):
            raise _failed() from None
        return found

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


def _fill(cells: Sequence[list[int]], sizes: Sequence[int], found: Sequence[tuple[int, ...]]) -> None:
    """Put what was found into the cells of measures, given the sizes of their keys, the last one fastest; all else stays 0."""
    strides = [prod(sizes[n + 1 :]) for n in range(len(sizes))]
    for row in found:
        at = sum(position * stride for position, stride in zip(row, strides, strict=False))
        for column, total in zip(cells, row[len(sizes) :], strict=True):
            column[at] = total


def _failed() -> Failed:
    return Failed(
        Code.RUN_FAILED,
        "The engine could not finish this run.",
        "Ask again: what was committed stays charged, and is not charged twice. If it fails again, tell the room's operator.",
    )
