"""Writing to the log: entries, in the transaction of the change that they record; and its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.crypto.note import SIGNATURES_LIMIT
from stillroom.errors import Code, Refusal
from stillroom.ledger import entry

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    return keep_all(records, [envelope])[0]


def keep_all(records: Records, envelopes: Sequence[bytes]) -> list[str]:
    """Keep signed envelopes, one at least, and return their digests."""
    names = [digest(envelope) for envelope in envelopes]
    records.log.keep_statements(dict(zip(names, envelopes, strict=True)))
    return names


def checkpoint(records: Records) -> bytes:
    """Return the signed note of the log's head, with the cosignatures that there are.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if nothing was logged yet.
    """
    if records.log.checkpoint() is None:
        raise Refusal(Code.CONTRACT_UNKNOWN, "The log has no entries: no contract is in force yet.", "Have every party sign one.")
    return _cosigned(records, records.log.frontier().size)


def witnessed(records: Records) -> tuple[bytes, ...]:
    """Return the last head that each party has cosigned, with its cosignatures, as far as they are earlier than the log's head."""
    head = records.log.frontier().size
    return tuple(_cosigned(records, size) for size in records.log.cosigned() if size < head)


def _cosigned(records: Records, size: int) -> bytes:
    """Return the signed note of a head, as many cosignatures behind it as whoever reads it takes."""
    note, lines = records.log.checkpoint(size), records.log.cosignatures(size)
    return (note or b"") + "".join(lines[: SIGNATURES_LIMIT - 1]).encode()
