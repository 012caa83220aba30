"""Where a room keeps its records: in a file of its folder, or in a PostgreSQL database that the folder names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillroom.adapters.home.files import disk_errors, replace_private
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.sql_store.store import SqlStore

FILE = "room.sqlite"
NAMED = "database.url"
"""The file that names the database, without a password."""


def make_store(room: Path) -> SqlStore:
    """Make the records of a new room, in a file of its folder.

    Raises:
        FileExistsError: There are some.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.sql_store.store import create_store

    return create_store(room / FILE)


def find_store(room: Path) -> SqlStore:
    """Open the records of a room, wherever they are.

    Raises:
        Failed: `STORE_FAILED` if they are not there, or cannot be used.
    """
    from stillroom.adapters.sql_store.store import open_store, open_store_at

    named = room / NAMED
    return open_store_at(named.read_text(encoding="utf-8").strip()) if named.exists() else open_store(room / FILE)


def move_store(room: Path, key: str, url: str) -> None:
    """Let a room that has no records yet keep them in a PostgreSQL database, which is there and has no tables of ours.

    Args:
        room: The room's folder.
        key: The room's public key. Tables that were made for it, and have no records, are there if this was interrupted before.
        url: The database, without a password: libpq finds it in its environment, or in .pgpass.

    Raises:
        InvalidInput: `USAGE` if there is a password in the URL; `ROOM_EXISTS` if the room has records already, or the database has.
        Failed: `STORE_FAILED` if either cannot be used.
    """
    from stillroom.adapters.sql_store.store import create_store_at

    named = room / NAMED
    if named.exists() and named.read_text(encoding="utf-8").strip() == url:
        return
    if urlsplit(url).password or "password" in urlsplit(url).query:
        raise InvalidInput(Code.USAGE, "There is a password in the URL.", "Leave it to PGPASSWORD or to .pgpass, as PostgreSQL has it.")
    if named.exists() or _has_records(find_store(room)):
        raise InvalidInput(Code.ROOM_EXISTS, "The room has records already, and they stay where they are.", "Make a new room.")
    try:
        made = create_store_at(url, key)
    except FileExistsError:
        made = None
    if made is None or _has_records(made):
        raise InvalidInput(Code.ROOM_EXISTS, "A room's tables are in that database already.", "Name one of the room's own.")
    with disk_errors("The room"):
        replace_private(named, url.encode())
        (room / FILE).unlink(missing_ok=True)


def _has_records(store: SqlStore) -> bool:
    """Tell whether anything was ever written to a room's records."""
    with store.reading() as records:
        return bool(records.log.frontier().size or records.contracts.all() or records.parties.all())
