"""What a room's operator does, on the server's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Unverified
from stillroom.room import parties
from stillroom.server.settings import read_settings

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


def back_up(path: Path, file: Path, passphrase: str) -> tuple[str, ...]:
    """Write a room's folder to one sealed file. It fails as `stillroom.bootstrap.back_up` does."""
    from stillroom import bootstrap

    return bootstrap.back_up(path, file, passphrase)


def restore(file: Path, folder: Path, passphrase: str) -> str:
    """Make a room's folder of a backup, and return the room's name. It fails as `stillroom.bootstrap.restore` does."""
    from stillroom import bootstrap

    return bootstrap.restore(file, folder, passphrase)


def verify(path: Path) -> None:
    """See that what a room keeps agrees with itself.

    Raises:
        Unverified: `ROOM_INCONSISTENT`, with all that does not.
        InvalidInput: `ROOM_INVALID`.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap

    found = bootstrap.inconsistencies(path)
    if found:
        raise Unverified(
            Code.ROOM_INCONSISTENT,
            f"What the room keeps does not agree with itself. {' '.join(found)}",
            "Serve it no more; keep the folder as it is, and restore the last backup that verifies.",
        )


def metrics(path: Path, url: str) -> str:
    """Return the metrics of a server, asked for with the room's own key.

    Raises:
        InvalidInput: `ROOM_INVALID`, or `USAGE` if that is no address of a server.
        Refusal: `TELEMETRY_OFF` unless every owner agrees.
        Failed: `SERVER_UNAVAILABLE`.
    """
    from stillroom import bootstrap

    own_certificate = read_settings(path, {}).settings.certificate is None
    channel = bootstrap.operators_channel(path, url, own_certificate=own_certificate)
    try:
        return channel.get("/v1/metrics").decode()
    finally:
        channel.close()
