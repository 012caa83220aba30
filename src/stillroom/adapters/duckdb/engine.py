"""The engine: runs plans exactly, on tables that are handed to it, in a database that can reach nothing else."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

from stillroom.adapters.duckdb.connection import Database, TimeLimit
from stillroom.adapters.engine.cells import Combined, Listed, failed
from stillroom.adapters.engine.links import PersonLinks
from stillroom.adapters.parts import BLOCK, NotSorted, divided
from stillroom.model.measure import Aggregate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.adapters.statements.statement import Statement
    from stillroom.model.plan import Plan
    from stillroom.model.selection import Occupation
    from stillroom.ports import AdmittedTable

Sums = TypeVar("Sums", Listed, Combined)

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

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return nothing: what a plan can say, DuckDB computes exactly."""
        del plan
        return ()

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return, for each measure of a plan without selected keys, its exact leaf cells in canonical order.

        The result is the same for any number of threads, any order of rows and any division into parts: all arithmetic is on whole
        numbers, and no step depends on an order.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return self._added(plan, tables, Listed).cells

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return what there is of a plan with selected keys; otherwise as `measure_exactly`.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return self._added(plan, tables, Combined).occupation

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
            raise failed() from None

    def _run(self, database: Database, plan: Plan, tables: Mapping[str, AdmittedTable], limit: TimeLimit, sums: Sums) -> Sums:
        """Run the statements of a plan, part after part, and return their sums.

        Distinct values are those of everybody, so that what counts them is never divided.
        """
        from stillroom.adapters.duckdb.dialect import DUCKDB
        from stillroom.adapters.statements.inputs import inputs_of
        from stillroom.adapters.statements.statement import statements

        for question in statements(plan, tables[plan.datasets[0]].salt, DUCKDB):
            distinct = any(plan.measures[measure].aggregate is Aggregate.UNION for measure in question.measures)
            most = FRUGAL_ROWS if database is self._frugal else self._most(question, tables)
            for part in [tables] if distinct else divided(tables, plan.datasets, most):
                inputs = inputs_of(plan, question, part, self._links)
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
