"""A PostgreSQL table, read in one transaction that cannot write, through Arrow's own driver."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.sources.place import quoted, unusable
from stillroom.adapters.sources.rows import Rows, batches_of, check_header, invalid, large, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType

    import pyarrow as pa
    from adbc_driver_manager import AdbcConnection

    from stillroom.adapters.sources.place import ServerPlace, Table

_PATIENCE = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "6"}
"""How long a server may be silent, in seconds: 10 before it answers, 90 when it has gone away."""

_DEFAULT_SCHEMA = "public"
_TRANSACTION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL search_path TO pg_catalog",
    "SET LOCAL client_min_messages TO error",
    "SET LOCAL lock_timeout TO '10s'",
)
"""One state of the database is read; nothing is written; names mean what PostgreSQL says; nothing is printed; nobody is waited for long."""

_KIND = """
    SELECT c.relkind::text AS kind
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname::text = $1 AND c.relname::text = $2
"""
_COLUMNS = """
    SELECT
      a.attname::text AS name,
      b.typtype::text AS kind,
      CASE WHEN m.nspname = 'pg_catalog' THEN '' ELSE m.nspname || '.' END || b.typname AS type
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    JOIN pg_catalog.pg_namespace m ON m.oid = b.typnamespace
    WHERE n.nspname::text = $1 AND c.relname::text = $2
"""
_TABLES = frozenset("rp")
"""Tables, and tables in partitions; no views, and nothing that lies elsewhere."""

_ENUM = "e"
_TEXT = "({})::text"
_FINITE = "CASE WHEN {0} IS NULL OR isfinite({0}) THEN {0}{1} ELSE {2} '0001-01-01 BC' END"
"""The driver has no days without end; so they become one that is none of a contract's either."""

_READ = {
    "int2": ("SMALLINT", "{}::int2"),
    "int4": ("INTEGER", "{}::int4"),
    "int8": ("BIGINT", "{}::int8"),
    "numeric": ("DECIMAL", _TEXT),
    "float4": ("FLOAT", "{}::float4"),
    "float8": ("DOUBLE", "{}::float8"),
    "bool": ("BOOLEAN", "{}::bool"),
    "text": ("VARCHAR", _TEXT),
    "varchar": ("VARCHAR", _TEXT),
    "bpchar": ("VARCHAR", _TEXT),
    "uuid": ("VARCHAR", _TEXT),
    "date": ("DATE", _FINITE.format("{0}", "::date", "DATE")),
    "timestamp": ("TIMESTAMP", _FINITE.format("{0}", "::timestamp", "TIMESTAMP")),
    "timestamptz": ("TIMESTAMP WITH TIME ZONE", _FINITE.format("{0}", " AT TIME ZONE 'UTC'", "TIMESTAMP")),
}
"""How columns are read, by PostgreSQL's name of their type: what it counts as, and an expression that no value can make fail."""


@contextmanager
def read(place: ServerPlace, columns: Sequence[str]) -> Iterator[Rows]:
    """Read the columns of a table.

    Raises:
        InvalidInput: `DATA_INVALID` if there is no such table or column, or it is a view; `SOURCE_INVALID` without the driver.
        Failed: `SOURCE_UNAVAILABLE` if the server cannot be reached, or does not let us read.
    """
    with _connected(place) as session:
        with _errors():
            rows = _rows(session, place.table, columns)
        yield rows


class Session:
    """A connection, and what was asked on it, which is closed before it."""

    def __init__(self, connection: AdbcConnection, stack: ExitStack) -> None:
        """Take a connection, and what closes things."""
        self._connection, self._stack = connection, stack

    def query(self, sql: str, *texts: str) -> pa.RecordBatchReader:
        """Return the rows of a query, batch after batch, given the texts that `$1`, `$2`, … stand for."""
        import pyarrow as pa
        from adbc_driver_manager import AdbcStatement

        statement = self._stack.enter_context(AdbcStatement(self._connection))
        statement.set_sql_query(sql)
        if texts:
            bound = pa.record_batch([pa.array([text]) for text in texts], names=[str(number) for number, _ in enumerate(texts)])
            statement.bind_stream(pa.RecordBatchReader.from_batches(bound.schema, [bound]))
        handle, _ = statement.execute_query()
        return self._stack.enter_context(pa.RecordBatchReader.from_stream(handle))

    def execute(self, sql: str) -> None:
        """Run a statement that has no rows."""
        from adbc_driver_manager import AdbcStatement

        with AdbcStatement(self._connection) as statement:
            statement.set_sql_query(sql)
            statement.execute_update()


@contextmanager
def _connected(place: ServerPlace) -> Iterator[Session]:
    """Connect to a server, and begin the one transaction."""
    driver, manager = _driver()
    with ExitStack() as stack:
        with _errors():
            database = stack.enter_context(driver.connect(_connection_string(place)))
            connection = stack.enter_context(manager.AdbcConnection(database))
            connection.set_autocommit(False)
            session = Session(connection, stack)
            for statement in _TRANSACTION:
                session.execute(statement)
        yield session


def _driver() -> tuple[ModuleType, ModuleType]:
    """Return the driver and what calls it.

    Raises:
        InvalidInput: `SOURCE_INVALID` if it is not installed.
    """
    try:
        import adbc_driver_manager
        import adbc_driver_postgresql
    except ImportError:
        raise unusable("What reads PostgreSQL is not installed.", "Install the extra: pip install 'stillroom[postgresql]'.") from None
    return adbc_driver_postgresql, adbc_driver_manager


def _connection_string(place: ServerPlace) -> str:
    """Return what libpq connects by; what is not said here, it takes from its environment and from .pgpass."""
    settings = {**_PATIENCE, **place.settings, "client_encoding": "UTF8"}
    if place.password is not None:
        settings["password"] = place.password
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in settings.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items())


def _rows(session: Session, table: Table, columns: Sequence[str]) -> Rows:
    types = _types(session, table)
    check_header(list(types), columns, "table")
    reads = {name: _READ.get(types[name], (types[name].upper(), "NULL::text")) for name in columns}
    selected = ", ".join(f"{how.format(quoted(name))} AS {quoted(name)}" for name, (_, how) in reads.items())
    relation = f"{quoted(table.schema or _DEFAULT_SCHEMA)}.{quoted(table.name)}"
    reader = session.query(f"SELECT {selected} FROM {relation}")  # noqa: S608  names in quotes
    schema = large(reader.schema)
    return Rows(schema, batches_of(reader, schema, _errors), {name: kind for name, (kind, _) in reads.items()})


def _types(session: Session, table: Table) -> dict[str, str]:
    """Return the columns of a table and their types.

    Raises:
        InvalidInput: `DATA_INVALID` if there is none of that name.
    """
    place = (table.schema or _DEFAULT_SCHEMA, table.name)
    kinds = session.query(_KIND, *place).read_all().column("kind").to_pylist()
    if len(kinds) != 1 or kinds[0] not in _TABLES:
        raise invalid("The database has no table of that name. A view is none.", "Name it as schema.table; make a table of a view.")
    found = session.query(_COLUMNS, *place).read_all().to_pylist()
    return {row["name"]: "text" if row["kind"] == _ENUM else _spelt(row["type"]) for row in found}


def _spelt(type_: str) -> str:
    """Return the name of a type; PostgreSQL's own for an array begins with a line."""
    return f"{type_[1:]}[]" if type_.startswith("_") else type_


def _errors() -> AbstractContextManager[None]:
    """Replace the server's errors, which quote rows, names and the connection."""
    from adbc_driver_manager import Error

    return unavailable(
        "The PostgreSQL server cannot be reached, or does not let you in, or not read what is declared.",
        "Check host, port, user and password (PGPASSWORD or .pgpass), and that the user may SELECT every column declared.",
        Error,
    )
