"""The rows of a source of training, read on their owner's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.duckdb.connection import Database, TimeLimit
from stillroom.adapters.engine.cells import failed
from stillroom.adapters.engine.links import PersonLinks

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from stillroom.model.training import Source
    from stillroom.ports import AdmittedTable

PERSON = "person"
"""The column with the code of a row's person: a whole number from 0 on, without meaning elsewhere."""


class SourceReader:
    """Reads sources with DuckDB, in a database that can reach nothing but the tables that it is handed."""

    def __init__(self, *, threads: int = 2, memory_mb: int = 4096, seconds: float = 3600.0) -> None:
        """Set the resources of each reading.

        Args:
            threads: How many threads work on it.
            memory_mb: The most memory for intermediate results, in MB of 2**20 bytes.
            seconds: The longest that it may take.
        """
        self._database, self._seconds = Database(threads, f"{memory_mb}MiB"), seconds
        self._links = PersonLinks()

    def read(self, source: Source, tables: Mapping[str, AdmittedTable]) -> pa.Table:
        """Return all rows of a source, in any order: `person`, and `m<n>` for measure n of its plan, in whole units, NULL where missing.

        Args:
            source: Which rows, and what of them.
            tables: The admitted tables that its plan reads, by name.

        Raises:
            Failed: It could not finish; nothing about the data is in the message.
        """
        import duckdb
        import pyarrow as pa

        from stillroom.adapters.duckdb.dialect import DUCKDB
        from stillroom.adapters.statements.inputs import inputs_of
        from stillroom.adapters.statements.statement import row_statement

        statement = row_statement(source.plan, DUCKDB)
        try:
            with TimeLimit(self._seconds) as limit, self._database.connection(limit) as connection:
                for name, table in inputs_of(source.plan, statement, tables, self._links).items():
                    connection.register(name, table)
                rows = connection.sql(statement.sql, params=statement.texts).to_arrow_table()
                return pa.table({name: rows.column(name).cast(pa.int64()) for name in rows.column_names})
        except (duckdb.Error, pa.ArrowException, MemoryError, RecursionError, TimeoutError):
            raise failed() from None
