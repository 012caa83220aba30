"""Writing to the log: entries, in the transaction of the change that they record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.ledger import entry

if TYPE_CHECKING:
    from stillroom.ledger.entry import Entry
    from stillroom.ports import Records
    from stillroom.room.room import Room


def append(room: Room, records: Records, *entries: Entry) -> int:
    """Append entries in the transaction of the change that they record, sign the new head, and return the last one's index."""
    frontier = records.log.append([entry.encode(one) for one in entries])
    records.log.keep_checkpoint(frontier.size, room.notary.note(frontier))
    return frontier.size - 1


def keep(records: Records, envelope: bytes) -> str:
    """Keep a signed envelope that an entry names, and return its digest."""
    name = digest(envelope)
    records.log.keep_statement(name, envelope)
    return name
