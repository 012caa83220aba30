"""Stores of rooms wherever they are kept: in a SQLite file, which is named by its path, or on a PostgreSQL server, which a URL names."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.adapters.sql_store import postgresql_server, sqlite_file
from stillroom.adapters.sql_store.database import Database
from stillroom.adapters.sql_store.store import create_store, create_store_at, open_store, open_store_at

if TYPE_CHECKING:
    from threading import Barrier

    from stillroom.adapters.sql_store.database import Schema
    from stillroom.adapters.sql_store.store import SqlStore


def on_server(place: str) -> bool:
    """Tell whether a place is on a server."""
    return place.startswith("postgresql://")


def created(place: str) -> SqlStore:
    """Make a room's store."""
    return create_store_at(place) if on_server(place) else create_store(Path(place))


def opened(place: str) -> SqlStore:
    """Open a room's store."""
    return open_store_at(place) if on_server(place) else open_store(Path(place))


def created_database(place: str, schema: Schema) -> Database:
    """Make a database."""
    if on_server(place):
        return postgresql_server.create_database_at(place, schema)
    return sqlite_file.create_database(Path(place), schema)


def opened_database(place: str, schema: Schema) -> Database:
    """Open a database."""
    if on_server(place):
        return postgresql_server.open_database_at(place, schema)
    return sqlite_file.open_database(Path(place), schema)


def write_until_killed(place: str, begun: str) -> None:
    """Write, leave a file in the middle of the transaction, and never end it."""
    with opened(place).writing() as records:
        records.log.append([b"half", b"done"])
        Path(begun).touch()
        signal.pause()


def open_together(place: str, meeting: Barrier) -> None:
    """Open a store when everybody else does, and use it."""
    meeting.wait(60)
    with opened(place).writing() as records:
        records.log.append([b"leaf"])


def created_at(place: str, schema: Schema, revision: str) -> Database:
    """Make a database as an earlier version of Stillroom has left it: at one of its migrations."""
    from importlib.resources import as_file, files

    import alembic.command
    import alembic.config

    if not on_server(place):
        Path(place).touch()
    where = postgresql_server.PostgresqlServer(place) if on_server(place) else sqlite_file.SqliteFile(Path(place))
    database = Database(where, schema)
    with (
        as_file(files("stillroom.adapters.sql_store") / "migrations" / schema.name) as folder,
        database.transaction(write=True) as connection,
    ):
        config = alembic.config.Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, revision)
    return database
