"""A database: migrated, and used in short transactions, wherever it is kept.

What SQLite and PostgreSQL do not have in common is in `sqlite_file` and `postgresql_server`.
"""

from __future__ import annotations

import os
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

import sqlalchemy as sa

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection

BUSY_SECONDS = 60
"""How long a transaction waits for another one."""

_REVISIONS = "alembic_version"
"""The table that says at which migration the others are."""


class Schema(NamedTuple):
    """A database's tables.

    Attributes:
        name: Folder of its migrations.
        tables: What the last migration leads to.
        head: The last migration.
    """

    name: str
    tables: sa.MetaData
    head: str


class Place(Protocol):
    """Where a database is kept."""

    fix: str
    """What to do when it cannot be used."""

    def engine(self) -> sa.Engine:
        """Return what opens connections to it and keeps them."""
        ...

    def prepare(self, connection: DBAPIConnection) -> object:
        """Set up a new connection, so that no transaction begins unasked; return what `is_gone` shall be told of it."""
        ...

    def is_gone(self, connection: DBAPIConnection, prepared: object) -> bool:
        """Tell whether a connection that was kept no longer leads to the database."""
        ...

    turn: str | None
    """The SQL by which a transaction that others may overlap takes its turn; None where none overlap."""

    def begin(self, *, write: bool, together: bool) -> str:
        """Return the SQL that begins a transaction; a writing one is let in when no other is, and sees all that they have done.

        Those that begin `together` are let in beside each other, and see from their turn on all that the ones before have done.
        """
        ...


class Database:
    """A migrated database.

    Connections are kept for the next transaction, as they take longer to open than most transactions last. No two transactions share
    one, and one that a process has inherited, or that leads nowhere, is not used again.
    """

    def __init__(self, place: Place, schema: Schema) -> None:
        """Use the functions of `sqlite_file` or `postgresql_server`."""
        self._place = place
        self._schema = schema
        self._engine = place.engine()
        kept = _Kept(place)
        sa.event.listen(self._engine, "connect", kept.prepare)
        sa.event.listen(self._engine, "checkout", kept.check)
        weakref.finalize(self, _close, self._engine, os.getpid())

    @contextmanager
    def transaction(self, *, write: bool, together: bool = False) -> Iterator[sa.Connection]:
        """Run one transaction: durable at its end, undone if it ends with an error.

        Args:
            write: Whether it may change anything.
            together: Whether others of this kind may overlap it until `take_turn`, before which it changes nothing that they read.

        Raises:
            Failed: `STORE_FAILED` if the database cannot be used. Nothing that the driver said is in it, since that may name values and
                places.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                connection.exec_driver_sql(self._place.begin(write=write, together=together))
                yield connection
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            kind = type(getattr(error, "orig", error)).__name__
            raise Failed(Code.STORE_FAILED, f"The {self._schema.name} database could not be used: {kind}.", self._place.fix) from None

    def take_turn(self, connection: sa.Connection) -> None:
        """Wait, in a transaction that others may overlap, until no other one has a turn; it keeps its turn until it ends."""
        if self._place.turn is not None:
            connection.exec_driver_sql(self._place.turn)

    def make(self, mark: str | None = None) -> None:
        """Make the tables, in one transaction; do nothing if they are there and have this mark.

        Args:
            mark: Whose they are, kept with them, where the database keeps comments.

        Raises:
            FileExistsError: They are there already.
            Failed: `STORE_FAILED` if the database cannot be used.
        """
        with self.transaction(write=True) as connection:
            if _revision(connection) is not None:
                if mark is not None and _mark(connection) == mark:
                    return
                msg = f"There is a {self._schema.name} in that database already."
                raise FileExistsError(msg)
            _upgrade(connection, self._schema)
            if mark is not None:
                connection.execute(sa.schema.SetTableComment(sa.Table(_REVISIONS, sa.MetaData(), comment=mark)))

    def migrate(self) -> None:
        """Bring the tables to the last migration, in one transaction; do nothing if they are there.

        Raises:
            Failed: `STORE_FAILED` if the database cannot be used, or was made by a later version of Stillroom.
        """
        with self.transaction(write=False) as connection:
            revision = _revision(connection)
        if revision != self._schema.head:
            with self.transaction(write=True) as connection:
                _upgrade(connection, self._schema)


class _Kept:
    """Sees to connections that are kept: it knows where the database is, and not the database, which may thus go."""

    def __init__(self, place: Place) -> None:
        """Name the place."""
        self._place = place
        self._inherited: list[DBAPIConnection] = []

    def prepare(self, connection: DBAPIConnection, record: sa.pool.ConnectionPoolEntry) -> None:
        """Set up a connection."""
        record.info["prepared"] = os.getpid(), self._place.prepare(connection)

    def check(self, connection: DBAPIConnection, record: sa.pool.ConnectionPoolEntry, proxy: sa.pool.PoolProxiedConnection) -> None:
        """Have another connection opened if this one belongs to another process, or leads nowhere.

        What belongs to another process is left open, since to close it would end that one's transaction, or give up its locks.

        Raises:
            DisconnectionError: Which asks for that, and closes this one.
        """
        process, prepared = record.info["prepared"]
        if process != os.getpid():
            self._inherited.append(connection)
            record.dbapi_connection = proxy.dbapi_connection = None  # type: ignore[misc]  # as SQLAlchemy's documentation has it
            raise sa.exc.DisconnectionError
        if self._place.is_gone(connection, prepared):
            raise sa.exc.DisconnectionError


def _close(engine: sa.Engine, process: int) -> None:
    """Let go of connections; close those that this process has opened."""
    engine.dispose(close=os.getpid() == process)


def _revision(connection: sa.Connection) -> str | None:
    """Return the migration that the database is at; None for an empty one."""
    if not sa.inspect(connection).has_table(_REVISIONS):
        return None
    return connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(_REVISIONS))).scalar()


def _mark(connection: sa.Connection) -> str | None:
    """Return whose the tables are, if that was said when they were made."""
    return sa.inspect(connection).get_table_comment(_REVISIONS)["text"]


def _upgrade(connection: sa.Connection, schema: Schema) -> None:
    from importlib.resources import as_file, files

    import alembic.command
    import alembic.config
    import alembic.util

    with as_file(files("stillroom.adapters.sql_store") / "migrations" / schema.name) as folder:
        config = alembic.config.Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            alembic.command.upgrade(config, "head")
        except alembic.util.CommandError as error:
            raise Failed(
                Code.STORE_FAILED,
                f"The {schema.name} database was made by another version of Stillroom.",
                "Use that version, or restore the database from a backup.",
            ) from error
