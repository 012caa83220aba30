"""One SQLite file: opened for durability, migrated, and used in short transactions.

Decisions, all for durability:

- A rollback journal, not a write-ahead log: the file is whole after every commit, so that a copy of it is a backup. Besides, SQLite from
  3.7.0 to 3.51.2 can corrupt a write-ahead log under concurrent writers (sqlite.org/wal.html, "the WAL-reset bug").
- `synchronous=EXTRA`: as FULL, and the folder is synced after the journal is removed, so that a commit survives a power loss just after.
- Writers begin with `BEGIN IMMEDIATE`: nothing that a writer has read can change before it writes. Everyone waits for a lock for 60 s.
"""

from __future__ import annotations

import os
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 60
"""How long a transaction waits for another one."""


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


class Database:
    """A migrated database file.

    Connections are kept for the next transaction, as they take longer to open than most transactions last. No two transactions share
    one, and one that a process has inherited, or that was opened to a file which is no longer there, is not used again.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        """Use `create_database` or `open_database`."""
        url = sa.URL.create("sqlite", database=str(path))
        settings = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        self._engine = sa.create_engine(url, poolclass=sa.pool.QueuePool, max_overflow=-1, connect_args=settings, hide_parameters=True)
        self._schema = schema
        kept = _Kept(path)
        sa.event.listen(self._engine, "connect", kept.prepare)
        sa.event.listen(self._engine, "checkout", kept.check)
        sa.event.listen(self._engine, "begin", _begin)
        weakref.finalize(self, self._engine.dispose)

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sa.Connection]:
        """Run one transaction: durable at its end, undone if it ends with an error.

        Raises:
            Failed: `STORE_FAILED` if the database cannot be used, or what it holds cannot be what was written.
        """
        try:
            with self._engine.connect().execution_options(stillroom_write=write) as connection, connection.begin():
                yield connection
        except sa.exc.DBAPIError as error:
            raise Failed(
                Code.STORE_FAILED,
                f"The {self._schema.name} database could not be used: {type(error.orig).__name__}.",
                "Check disk space and permissions, and that the file is not damaged, then try again.",
            ) from error
        except ValueError as error:  # text that is no UTF-8, JSON that is none, a record with values that it cannot have
            raise Failed(Code.STORE_FAILED, f"The {self._schema.name} database is damaged.", "Restore the folder from a backup.") from error

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
    """Sees to connections that are kept: it knows where the file is, and no database, which may thus go."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path

    def prepare(self, connection: sa.engine.interfaces.DBAPIConnection, record: sa.pool.ConnectionPoolEntry) -> None:
        """Set up a connection; its transactions are begun by `_begin` alone."""
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("foreign_keys = ON", "journal_mode = DELETE", "synchronous = EXTRA"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        record.info["opened"] = self._place()

    def check(
        self,
        _connection: sa.engine.interfaces.DBAPIConnection,
        record: sa.pool.ConnectionPoolEntry,
        _proxy: sa.pool.PoolProxiedConnection,
    ) -> None:
        """Have another connection opened if this one belongs to another process, or to a file that was since put in another's place.

        Raises:
            DisconnectionError: Which asks for that, and closes this one.
        """
        if record.info["opened"] != self._place():
            raise sa.exc.DisconnectionError

    def _place(self) -> tuple[int, int, int]:
        """Return which process this is, and which file has the database's name."""
        try:
            found = self._path.stat()
        except OSError:
            return os.getpid(), -1, -1
        return os.getpid(), found.st_dev, found.st_ino


def create_database(path: Path, schema: Schema) -> Database:
    """Make a new database file that only its user can read.

    Raises:
        FileExistsError: Something is there already.
        Failed: `STORE_FAILED` if it cannot be used.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    database = Database(path, schema)
    database.migrate()
    return database


def open_database(path: Path, schema: Schema) -> Database:
    """Open a database file, and migrate it if it is of an earlier version.

    Raises:
        Failed: `STORE_FAILED` if there is none, or it cannot be used.
    """
    if not path.is_file():
        raise Failed(Code.STORE_FAILED, f"There is no {schema.name} database at {path}.", "Restore the folder from a backup.")
    database = Database(path, schema)
    database.migrate()
    return database


def _begin(connection: sa.Connection) -> None:
    """Begin a transaction; a writer locks out other writers from the start."""
    write = connection.get_execution_options().get("stillroom_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    """Return the migration that the database is at; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(sa.column("version_num")).select_from(sa.table("alembic_version"))).scalar()


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
                "Use that version, or restore the folder from a backup.",
            ) from error
