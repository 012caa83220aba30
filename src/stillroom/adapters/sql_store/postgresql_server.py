"""A database on a PostgreSQL server, used so that it keeps what a SQLite file keeps.

- A writer takes the database's one lock first, for the length of its transaction, and reads what was committed before each statement: so
  no two writers overlap, and none has to be tried again. The lock is the database's own: rooms in other databases of the server are not
  kept waiting.
- Those that commit a run share that lock with each other, and take turns by a second one: before its turn each reads what only the others,
  who have the first lock alone, may change.
- A reader sees one state from its first statement on, waits for nobody, and cannot write.
- A commit is on the server's disk when it is answered, and when a reader who has seen it goes on, whatever the server says of
  `synchronous_commit` (`postgresql_connection`). Where standbys are to have a commit first (`synchronous_standby_names`), its writer waits
  for them before anybody sees it, and before the next writer is let in.
- Everyone waits for a lock for 60 s, and a writer that says nothing for as long is ended by the server: its machine may have gone away.
"""

from __future__ import annotations

import select
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from stillroom.adapters.sql_store.database import BUSY_SECONDS, Database
from stillroom.adapters.sql_store.stored import read_json
from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from types import ModuleType

    import psycopg
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from stillroom.adapters.sql_store.database import Schema

_SCHEME = "postgresql://"
_PATIENCE = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "6"}
"""How long a server may be silent, in seconds, unless the URL says otherwise: 10 before it answers, 90 when it has gone away."""

_LOCK, _TURN = int.from_bytes(b"writing"), int.from_bytes(b"turn")
"""The numbers of the locks that writers take: alone, or together and then, one after the other, for their turns.

Whoever takes both takes the first one first, so that no two wait for each other.
"""

_BEGIN_TO_WRITE = f"""
    BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_standby_names') WHEN '' THEN 'off' ELSE 'on' END, true);
    SET LOCAL lock_timeout = '{BUSY_SECONDS}s';
    SET LOCAL idle_in_transaction_session_timeout = '{BUSY_SECONDS}s';
"""
_WRITE = f"{_BEGIN_TO_WRITE} SELECT pg_advisory_xact_lock({_LOCK})"
_TOGETHER = f"{_BEGIN_TO_WRITE} SELECT pg_advisory_xact_lock_shared({_LOCK})"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgresqlServer:
    """Where a PostgreSQL database is (`stillroom.adapters.sql_store.database.Place`)."""

    fix = "Check that the server runs, lets this user in and has disk space, then try again."
    turn: str | None = f"SELECT pg_advisory_xact_lock({_TURN})"

    def __init__(self, url: str) -> None:
        """Name the database by a URL of libpq's; what is not said there, libpq takes from its environment and from .pgpass.

        Raises:
            Failed: `STORE_FAILED` if it is no such URL, or the driver is not installed. Nothing of the URL is in the message.
        """
        self._driver = _driver()
        self._settings = _settings(self._driver, url)

    def engine(self) -> sa.Engine:
        """Return what opens connections to the server, fifteen at most at once; whoever needs another one waits."""
        return sa.create_engine(
            "postgresql+psycopg://", creator=self._connect, pool_timeout=BUSY_SECONDS, hide_parameters=True, json_deserializer=read_json
        )

    def prepare(self, connection: DBAPIConnection) -> object:
        """Do nothing: connections are opened as they should be."""

    def is_gone(self, connection: DBAPIConnection, prepared: object) -> bool:
        """Tell whether the server has hung up: it was restarted, perhaps. It is asked only if it has said something, unasked."""
        del prepared
        try:
            unasked = select.poll()
            unasked.register(cast("psycopg.Connection", connection), select.POLLIN)
            if unasked.poll(0):
                connection.cursor().execute(";")
        except self._driver.Error:
            return True
        return False

    def begin(self, *, write: bool, together: bool) -> str:
        """Return how a transaction begins: a writer waits for all others, or for those that are not of its kind."""
        if not write:
            return _READ
        return _TOGETHER if together else _WRITE

    def _connect(self) -> psycopg.Connection:
        """Open a connection whose transactions are begun by `begin` alone."""
        from stillroom.adapters.sql_store.postgresql_connection import FlushingConnection

        return FlushingConnection.connect(self._settings, autocommit=True)


def create_database_at(url: str, schema: Schema, mark: str | None = None) -> Database:
    """Make the tables in a database that is there, and that its owner has made for them alone.

    Args:
        url: The database.
        schema: The tables.
        mark: Whose they are: tables that are there and have this mark are good, too.

    Raises:
        FileExistsError: The tables are there already.
        Failed: `STORE_FAILED` if it cannot be used.
    """
    database = Database(PostgresqlServer(url), schema)
    database.make(mark)
    return database


def open_database_at(url: str, schema: Schema) -> Database:
    """Open a database, and migrate it if it is of an earlier version.

    Raises:
        Failed: `STORE_FAILED` if there is none, or it cannot be used.
    """
    database = Database(PostgresqlServer(url), schema)
    database.migrate()
    return database


def _driver() -> ModuleType:
    try:
        import psycopg
    except ImportError:
        raise Failed(
            Code.STORE_FAILED, "What reaches PostgreSQL is not installed.", "Install the extra: pip install 'stillroom[postgresql]'."
        ) from None
    return psycopg


def _settings(driver: ModuleType, url: str) -> str:
    """Return what libpq connects by."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    if url.startswith(_SCHEME):
        with suppress(driver.Error, ValueError):
            return make_conninfo("", **{**_PATIENCE, **conninfo_to_dict(url), "client_encoding": "UTF8"})
    raise Failed(Code.STORE_FAILED, "That is not the URL of a PostgreSQL database.", "Write it as postgresql://user@host:port/database.")
