"""Cosignatures of the log's heads: what parties that witness it say of it, taken and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.cosignature import cosignatures
from stillroom.crypto.keys import PublicKey
from stillroom.crypto.note import open_checkpoint
from stillroom.errors import Code, Refusal, Unverified
from stillroom.room import contracts

if TYPE_CHECKING:
    from stillroom.crypto.note import Checkpoint
    from stillroom.model.contract import Contract
    from stillroom.ports import Records
    from stillroom.room.room import Room


def take(room: Room, note: bytes) -> tuple[str, ...]:
    """Keep the cosignatures that parties of the contract in force have put on a checkpoint of the log, and return whose they are.

    From then on they stand on the checkpoint that is handed out, and in exports. Lines by anyone else are left out. The room's own key is
    no witness, even where it belongs to a party.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if none is in force, `CHECKPOINT_UNKNOWN` if the log never had this head.
        Unverified: `CHECKPOINT_INVALID` if the note is malformed or of another log, `SIGNATURE_INVALID` if a signature of the room or of a
            party does not hold, `SIGNATURE_MISSING` if the room has not signed it, or no party has cosigned it.
    """
    head = open_checkpoint(note, room.name, {room.name: room.notary.key.public})
    with room.store.writing() as records:
        _check_known(records, head)
        found = cosignatures(note, _witnesses(room, contracts.in_force(records).contract))
        if not found:
            raise Unverified(
                Code.SIGNATURE_MISSING,
                "No party of the contract in force has cosigned this checkpoint.",
                "Cosign it with the key, and under the name, that the party has in the contract.",
            )
        for one in found:
            records.log.keep_cosignature(head.size, one.name, one.line)
        return tuple(one.name for one in found)


def _check_known(records: Records, head: Checkpoint) -> None:
    """Refuse a head that this log never had."""
    known = records.log.checkpoint(head.size) if head.size <= records.log.frontier().size else None
    if known is None or not known.startswith(head.text.encode() + b"\n"):
        raise Refusal(
            Code.CHECKPOINT_UNKNOWN,
            f"The log never had this head with {head.size} entries.",
            "Keep it: the room's key has signed it. The room was put back to an earlier state, or there are two of it.",
        )


def _witnesses(room: Room, contract: Contract) -> dict[str, PublicKey]:
    """Return who may witness the log: every party, except with the key that signs the log."""
    keys = {party.name: PublicKey.parse(party.key) for party in contract.parties}
    return {name: key for name, key in keys.items() if key != room.notary.key.public}
