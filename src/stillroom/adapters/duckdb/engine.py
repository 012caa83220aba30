"""The engine: runs plans exactly, on tables that are handed to it, in a database that can reach nothing else."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stillroom.adapters.engine.cells import exact_cells, failed, occupied
from stillroom.adapters.engine.links import PersonLinks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.adapters.statements.statement import Statement
    from stillroom.model.plan import Plan
    from stillroom.model.selection import Occupied
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

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return nothing: what a plan can say, DuckDB computes exactly."""
        del plan
        return ()

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return, for each measure of a plan without selected keys, its exact leaf cells in canonical order.

        The result is the same for any number of threads and any order of rows: all arithmetic is on whole numbers, and no step
        depends on an order.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return exact_cells(plan, self._found(plan, tables))

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[Occupied]:
        """Return the combinations of the selected keys of a plan that somebody is in, each once; otherwise as `measure_exactly`.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        ((_, found),) = self._found(plan, tables)
        return occupied(plan, found)

    def _found(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[tuple[Statement, list[tuple[Any, ...]]]]:
        """Run the statements of a plan, and return each with its rows."""
        import duckdb
        import pyarrow as pa

        from stillroom.adapters.duckdb.connection import locked_connection
        from stillroom.adapters.duckdb.dialect import DUCKDB
        from stillroom.adapters.statements.inputs import inputs_of
        from stillroom.adapters.statements.statement import statements

        found = []
        try:
            questions = statements(plan, tables[plan.datasets[0]].salt, DUCKDB)
            inputs = [inputs_of(plan, question, tables, self._links) for question in questions]
            with locked_connection(self._threads, self._memory_limit) as connection:
                for question, named in zip(questions, inputs, strict=True):
                    for name, table in named.items():
                        connection.register(name, table)
                    found.append((question, connection.execute(question.sql, question.texts).fetchall()))
        except (duckdb.Error, pa.ArrowException, RecursionError):
            raise failed() from None
        return found
