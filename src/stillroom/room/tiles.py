"""The log as whoever checks it asks for it: its head, and its tiles (C2SP tlog-tiles), from which every proof can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.tiles import join_entries, join_hashes, parse
from stillroom.errors import Code, Refusal
from stillroom.room import log

if TYPE_CHECKING:
    from stillroom.room.room import Room


def checkpoint(room: Room) -> bytes:
    """Return the signed note of the log's head.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if nothing was logged yet.
    """
    with room.store.reading() as records:
        return log.checkpoint(records)


def tile(room: Room, path: str) -> bytes:
    """Return a tile or an entry bundle. It has as many rows as its path says, and they never change.

    Partial ones are there for every size that the log has had, also once they are full.

    Raises:
        InvalidInput: `TILE_INVALID` if it is not the path of one.
        Refusal: `TILE_UNKNOWN` if the log is not long enough to have it.
    """
    wanted = parse(path)
    with room.store.reading() as records:
        if not wanted.within(records.log.frontier().size):
            raise Refusal(Code.TILE_UNKNOWN, f"The log does not have {path}.", "Take the tiles of the size that a checkpoint states.")
        if wanted.level is None:
            return join_entries(records.log.leaves(wanted.places.start, wanted.places.stop))
        return join_hashes(records.log.hashes(wanted.level, wanted.places))
