"""What a room's operator does, on the server's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.room import parties

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.record import PartyRecord


def joined(path: Path) -> tuple[PartyRecord, ...]:
    """Return the keys that have asked to join a room. It fails as `stillroom.bootstrap.open_room` does."""
    from stillroom import bootstrap

    room = bootstrap.open_room(path)
    with room.store.reading() as records:
        return records.parties.all()


def remove(path: Path, key: str) -> PartyRecord:
    """Forget a key. It fails as `stillroom.bootstrap.open_room` and `stillroom.room.parties.remove` do."""
    from stillroom import bootstrap

    return parties.remove(bootstrap.open_room(path), key)


def confirm(path: Path, party: str, key: str) -> PartyRecord:
    """Let a key be a party. It fails as `stillroom.bootstrap.open_room` and `stillroom.room.parties.confirm` do."""
    from stillroom import bootstrap

    return parties.confirm(bootstrap.open_room(path), party, key)


def keep_at(path: Path, url: str) -> None:
    """Let a new room keep its records in a PostgreSQL database. It fails as `stillroom.bootstrap.keep_at` does."""
    from stillroom import bootstrap

    bootstrap.keep_at(path, url)
