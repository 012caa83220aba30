"""Writing to the log: entries, in the transaction of the change that they record; and its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Refusal
from stillroom.ledger import entry

if TYPE_CHECKING:
    from stillroom.ledger.entry import Entry
    from stillroom.ports import Records
    from stillroom.room.room import Room


def append(room: Room, records: Records, *entries: Entry) -> int:
    """Append entries in the transaction of the change that they record, sign the new head, and return the last one's index."""
    index = -1
    for one in entries:
        index = records.log.append(entry.encode(one))
    frontier = records.log.frontier()
    records.log.keep_checkpoint(frontier.size, room.notary.note(frontier))
    return index


def keep(records: Records, envelope: bytes) -> str:
    """Keep a signed envelope that an entry names, and return its digest."""
    name = digest(envelope)
    records.log.keep_statement(name, envelope)
    return name


def checkpoint(records: Records) -> bytes:
    """Return the signed note of the log's head.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if nothing was logged yet.
    """
    note = records.log.checkpoint()
    if note is None:
        raise Refusal(Code.CONTRACT_UNKNOWN, "The log has no entries: no contract is in force yet.", "Have every party sign one.")
    return note
