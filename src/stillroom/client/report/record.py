"""What a document is made from: a contract in force, and the log that names it, both verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.standing import read_agreed, read_standing
from stillroom.errors import Code, Refusal, Unverified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.client.verification.standing import Agreed, Standing


@dataclass(frozen=True, slots=True)
class Record:
    """A contract and its room's log, verified.

    Attributes:
        agreed: The contract in force, with its digest.
        standing: The log, and what it adds up to.
    """

    agreed: Agreed
    standing: Standing


def read_record(contract: bytes, log: bytes, room_key: str | None = None, seen: Sequence[bytes] = ()) -> Record:
    """Verify a contract and a log, and see that the log has this contract in force.

    Args:
        contract: The signed contract (`stillroom contract show --out`).
        log: The room's whole log (`stillroom log --export`).
        room_key: The room's public key, if it is known.
        seen: Checkpoints that somebody has seen and kept.

    Raises:
        Unverified: `SIGNATURE_INVALID` for the contract, `LOG_INVALID` for the log.
        Refusal: `CONTRACT_UNKNOWN` or `CONTRACT_REPLACED`: the log has another contract in force.
    """
    try:
        agreed = read_agreed(contract)
    except Broken as why:
        fix = "`stillroom contract show --out` writes the contract with the signatures of all parties."
        raise Unverified(Code.SIGNATURE_INVALID, f"The contract does not hold: {why}.", fix) from None
    try:
        standing = read_standing(log, agreed, room_key, seen)
    except Broken as why:
        fix = "`stillroom log --export` writes the log; `--room-key` names the room's key. Compare checkpoints with the other parties."
        raise Unverified(Code.LOG_INVALID, f"The log does not hold: {why}.", fix) from None
    named = standing.history.contracts
    if agreed.digest not in named:
        raise Refusal(Code.CONTRACT_UNKNOWN, "The log does not name this contract.", "Bring the contract and the log of one room.")
    if agreed.digest != named[-1]:
        fix = "`stillroom contract show --out` writes the contract in force. Or bring the log as it was exported before the amendment."
        raise Refusal(Code.CONTRACT_REPLACED, "The log has a later contract in force.", fix)
    return Record(agreed, standing)
