"""A database in one SQLite file, set up for durability.

- A rollback journal, not a write-ahead log: the file is whole after every commit, so that a copy of it is a backup. Besides, SQLite from
  3.7.0 to 3.51.2 can corrupt a write-ahead log under concurrent writers (sqlite.org/wal.html, "the WAL-reset bug").
- `synchronous=EXTRA`: as FULL, and the folder is synced after the journal is removed, so that a commit survives a power loss just after.
- Writers begin with `BEGIN IMMEDIATE`: nothing that a writer has read can change before it writes. Everyone waits for a lock for 60 s.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from stillroom.adapters.sql_store.database import BUSY_SECONDS, Database
from stillroom.adapters.sql_store.stored import read_json
from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from sqlalchemy.engine.interfaces import DBAPIConnection

    from stillroom.adapters.sql_store.database import Schema


class SqliteFile:
    """Where a SQLite database is (`stillroom.adapters.sql_store.database.Place`)."""

    fix = "Check disk space and permissions, and that the file is not damaged, then try again."
    turn: str | None = None

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path

    def engine(self) -> sa.Engine:
        """Return what opens connections to the file, as many as are wanted at once."""
        url = sa.URL.create("sqlite", database=str(self._path))
        settings = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        return sa.create_engine(
            url, poolclass=sa.pool.QueuePool, max_overflow=-1, connect_args=settings, hide_parameters=True, json_deserializer=read_json
        )

    def prepare(self, connection: DBAPIConnection) -> object:
        """Set up a connection; return which file it leads to."""
        cast("sqlite3.Connection", connection).isolation_level = None
        cursor = connection.cursor()
        for pragma in ("foreign_keys = ON", "journal_mode = DELETE", "synchronous = EXTRA"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        return self._file()

    def is_gone(self, connection: DBAPIConnection, prepared: object) -> bool:
        """Tell whether another file was put in the place of the one that was opened."""
        del connection
        return prepared != self._file()

    def begin(self, *, write: bool, together: bool) -> str:
        """Return how a transaction begins: a writer locks out other writers from the start, since SQLite lets none overlap."""
        del together
        return "BEGIN IMMEDIATE" if write else "BEGIN"

    def _file(self) -> tuple[int, int]:
        """Return which file has the database's name."""
        try:
            found = self._path.stat()
        except OSError:
            return -1, -1
        return found.st_dev, found.st_ino


def create_database(path: Path, schema: Schema) -> Database:
    """Make a new database file that only its user can read.

    Raises:
        FileExistsError: Something is there already.
        Failed: `STORE_FAILED` if it cannot be used.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    database = Database(SqliteFile(path), schema)
    database.migrate()
    return database


def open_database(path: Path, schema: Schema) -> Database:
    """Open a database file, and migrate it if it is of an earlier version.

    Raises:
        Failed: `STORE_FAILED` if there is none, or it cannot be used.
    """
    if not path.is_file():
        raise Failed(Code.STORE_FAILED, f"There is no {schema.name} database at {path}.", "Restore the folder from a backup.")
    database = Database(SqliteFile(path), schema)
    database.migrate()
    return database
