"""Writing to the log, and reading what others need to check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.crypto.merkle import inclusion_proof, leaf_hash
from stillroom.errors import Code, InvalidInput
from stillroom.ledger import entry

if TYPE_CHECKING:
    from stillroom.ledger.entry import Entry
    from stillroom.ports import Records
    from stillroom.room.room import Room


@dataclass(frozen=True, slots=True)
class Extract:
    """The whole log.

    Attributes:
        leaves: Every entry's canonical bytes.
        checkpoint: The signed note of its head; None for an empty log.
    """

    leaves: tuple[bytes, ...]
    checkpoint: bytes | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The proof that one entry is in the log; it travels beside a release.

    Attributes:
        index: The entry's position, from 0.
        leaf: Its canonical bytes.
        proof: Hashes from the leaf to the root.
        checkpoint: The signed note of the head that has this root.
    """

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]
    checkpoint: bytes


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


def extract(room: Room) -> Extract:
    """Return the whole log and its signed head."""
    with room.store.reading() as records:
        return Extract(records.log.leaves(), records.log.checkpoint())


def inclusion(room: Room, index: int) -> Inclusion:
    """Return the proof that an entry is in the log.

    Raises:
        InvalidInput: `PROOF_INVALID` if there is no such entry.
    """
    log = extract(room)
    if log.checkpoint is None:
        raise InvalidInput(Code.PROOF_INVALID, "The log has no entries.", "Ask for a proof once there is a contract in force.")
    proof = inclusion_proof(index, [leaf_hash(leaf) for leaf in log.leaves])
    return Inclusion(index, log.leaves[index], proof, log.checkpoint)
