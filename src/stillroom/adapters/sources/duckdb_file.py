"""A table in a DuckDB file, opened for reading by a DuckDB that can reach nothing else."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.sources.folder import open_regular
from stillroom.adapters.sources.place import literal, quoted
from stillroom.adapters.sources.rows import Rows, batches_of, check_header, invalid, large, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from stillroom.adapters.sources.place import DuckdbPlace, Table

_ROWS_AT_ONCE = 65_536
_DEFAULT_SCHEMA = "main"
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET temp_directory = ''",
    "SET preserve_insertion_order = false",
    "SET enable_external_access = false",
)
_AS_TEXT = {"ENUM": "VARCHAR", "UUID": "VARCHAR", "HUGEINT": "DECIMAL", "UHUGEINT": "DECIMAL"}
"""Types that are read as text, and the type that each counts as: Arrow has none of them, or not all their values."""

_AS_IT_IS = frozenset(
    {
        "BIGINT",
        "BOOLEAN",
        "DATE",
        "DECIMAL",
        "DOUBLE",
        "FLOAT",
        "INTEGER",
        "SMALLINT",
        "TIMESTAMP",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "TIMESTAMP_S",
        "TINYINT",
        "UBIGINT",
        "UINTEGER",
        "USMALLINT",
        "UTINYINT",
    }
)


@contextmanager
def read(place: DuckdbPlace, columns: Sequence[str]) -> Iterator[Rows]:
    """Read the columns of a table. Nobody can write to the file meanwhile, so that it is one state of the table that is read.

    Raises:
        InvalidInput: `DATA_INVALID` if there is no such file, table or column, or it is a view.
        Failed: `SOURCE_UNAVAILABLE` if the file is no database that can be opened, or somebody is writing to it.
    """
    os.close(open_regular(place.path))
    with _connection(place.path) as connection:
        with _errors():
            rows = _rows(connection, place.table, columns)
        yield rows


def _rows(connection: DuckDBPyConnection, table: Table, columns: Sequence[str]) -> Rows:
    types = _types(connection, table)
    check_header(list(types), columns, "table")
    kinds = {name: _AS_TEXT.get(types[name].partition("(")[0], types[name]) for name in columns}
    relation = ".".join(map(quoted, ("source", table.schema or _DEFAULT_SCHEMA, table.name)))
    selected = ", ".join(f"{_expression(types[name], quoted(name))} AS {quoted(name)}" for name in columns)
    reader = connection.sql(f"SELECT {selected} FROM {relation}").to_arrow_reader(_ROWS_AT_ONCE)  # noqa: S608  names in quotes
    schema = large(reader.schema)
    return Rows(schema, batches_of(reader, schema, _errors), kinds)


@contextmanager
def _connection(path: Path) -> Iterator[DuckDBPyConnection]:
    """Open a DuckDB in memory, and in it the file, for reading. Beside the file may lie what was written last, which belongs to it."""
    import duckdb

    real = os.path.realpath(path)
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as connection:
        connection.execute("SET allowed_paths = [$file, $log]", {"file": real, "log": f"{real}.wal"})
        for setting in _SETTINGS:
            connection.execute(setting)
        with _errors():
            connection.execute(f"ATTACH {literal(real)} AS source (READ_ONLY, TYPE duckdb)")
        connection.execute("SET lock_configuration = true")
        yield connection


def _types(connection: DuckDBPyConnection, table: Table) -> dict[str, str]:
    """Return the columns of a table and their types.

    Raises:
        InvalidInput: `DATA_INVALID` if there is none of that name.
    """
    place = {"schema": table.schema or _DEFAULT_SCHEMA, "name": table.name}
    there = "database_name = 'source' AND schema_name = $schema AND table_name = $name"
    if connection.execute(f"SELECT count(*) FROM duckdb_tables() WHERE {there}", place).fetchall() != [(1,)]:  # noqa: S608  ours
        raise invalid("The DuckDB file has no table of that name. A view is none.", "Name it as schema.table; make a table of a view.")
    return dict(connection.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE {there}", place).fetchall())  # noqa: S608


def _expression(type_: str, name: str) -> str:
    """Return what reads a column; of a type that cannot be admitted nothing is read."""
    kind = type_.partition("(")[0]
    if kind in _AS_TEXT:
        return f"{name}::VARCHAR"
    return name if kind in _AS_IT_IS or type_ == "VARCHAR" else "NULL::VARCHAR"


def _errors() -> AbstractContextManager[None]:
    """Replace DuckDB's errors, which quote the file."""
    import duckdb

    return unavailable(
        "The DuckDB file cannot be read: it is no database, damaged, encrypted or of a later version, or somebody is writing to it.",
        "Close whatever writes to it, then try again.",
        duckdb.Error,
    )
