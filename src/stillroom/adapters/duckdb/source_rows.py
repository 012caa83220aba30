"""The rows of a source of training, read on their owner's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.duckdb.connection import Database, TimeLimit
from stillroom.adapters.engine.cells import failed
from stillroom.adapters.engine.links import PersonLinks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.learning.rows import ReadRows
    from stillroom.model.training import Source
    from stillroom.ports import AdmittedTable


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

    def read(self, source: Source, tables: Mapping[str, AdmittedTable]) -> ReadRows:
        """Return all rows of a source, in any order.

        Args:
            source: Which rows, and what of them.
            tables: The admitted tables that its plan reads, by name.

        Raises:
            Failed: It could not finish; nothing about the data is in the message.
        """
        import duckdb
        import numpy as np
        import pyarrow as pa

        from stillroom.adapters.duckdb.dialect import DUCKDB
        from stillroom.adapters.statements.inputs import inputs_of
        from stillroom.adapters.statements.statement import row_statement
        from stillroom.learning.rows import ReadRows

        statement = row_statement(source.plan, DUCKDB)
        try:
            with TimeLimit(self._seconds) as limit, self._database.connection(limit) as connection:
                for name, table in inputs_of(source.plan, statement, tables, self._links).items():
                    connection.register(name, table)
                rows = connection.sql(statement.sql, params=statement.texts).to_arrow_table()
                values = [rows.column(f"m{measure}").cast(pa.float64()).to_numpy() for measure in statement.measures]
                return ReadRows(rows.column("person").to_numpy().astype(np.int64), np.column_stack(values))
        except (duckdb.Error, pa.ArrowException, MemoryError, RecursionError, TimeoutError):
            raise failed() from None
