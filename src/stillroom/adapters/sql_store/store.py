"""The store of a room in SQL (`stillroom.ports.Store`)."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from stillroom.adapters.sql_store.postgresql_server import create_database_at, open_database_at
from stillroom.adapters.sql_store.records import SqlRecords
from stillroom.adapters.sql_store.room_tables import ROOM
from stillroom.adapters.sql_store.sqlite_file import create_database, open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stillroom.adapters.sql_store.database import Database


class SqlStore:
    """A room's records in one database."""

    def __init__(self, database: Database) -> None:
        """Use `create_store`, `open_store`, `create_store_at` or `open_store_at`."""
        self._database = database

    @contextmanager
    def reading(self) -> Iterator[SqlRecords]:
        """Begin a transaction that sees one state and changes nothing."""
        with self._database.transaction(write=False) as connection:
            yield SqlRecords(connection)

    @contextmanager
    def writing(self) -> Iterator[SqlRecords]:
        """Begin a transaction that no other one overlaps."""
        with self._database.transaction(write=True) as connection:
            yield SqlRecords(connection)

    @contextmanager
    def committing(self) -> Iterator[tuple[SqlRecords, Callable[[], None]]]:
        """Begin a transaction that others of this kind may overlap until it takes its turn."""
        with self._database.transaction(write=True, together=True) as connection:
            yield SqlRecords(connection), partial(self._database.take_turn, connection)


def create_store(path: Path) -> SqlStore:
    """Make the database of a new room.

    Raises:
        FileExistsError: Something is there already.
        Failed: `STORE_FAILED` if it cannot be used.
    """
    return SqlStore(create_database(path, ROOM))


def open_store(path: Path) -> SqlStore:
    """Open the database of a room.

    Raises:
        Failed: `STORE_FAILED` if there is none, or it cannot be used.
    """
    return SqlStore(open_database(path, ROOM))


def create_store_at(url: str, key: str | None = None) -> SqlStore:
    """Make the tables of a new room in a PostgreSQL database that is there. Each room has a database of its own; they may share a server.

    Args:
        url: The database, as `postgresql://user@host:port/database`. A password may be in it; otherwise libpq finds one as it always does.
        key: The room's public key: tables that were made for this key are good, too.

    Raises:
        FileExistsError: A room's tables are there already.
        Failed: `STORE_FAILED` if it cannot be used.
    """
    return SqlStore(create_database_at(url, ROOM, key))


def open_store_at(url: str) -> SqlStore:
    """Open the PostgreSQL database of a room.

    Raises:
        Failed: `STORE_FAILED` if there is none, or it cannot be used.
    """
    return SqlStore(open_database_at(url, ROOM))
