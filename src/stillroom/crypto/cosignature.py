"""Cosignatures of checkpoints: C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), Ed25519 with a timestamp.

A witness says with one that, at that time, this is the head of the largest log that it has seen under this origin, and that everything it
had seen before is a beginning of it. What is signed is

    cosignature/v1
    time <seconds since 1970>
    <the text of the checkpoint>

and the line is that of any signed note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.crypto.note import Signature, check_name, join, key_id, read_checkpoint, split
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.crypto.keys import PublicKey, SigningKey

COSIGNATURE = b"\x04"
"""The type of timestamped signatures."""

_TIME_SIZE = 8
_TIMES = range(1, 2**63)


class Cosignature(NamedTuple):
    """What a witness has said.

    Attributes:
        name: Who.
        at: When, in seconds since 1970.
        line: The signature line, with its end.
    """

    name: str
    at: int
    line: str


def cosign(note: bytes, name: str, key: SigningKey, at: int) -> bytes:
    """Return the note of a checkpoint with the cosignature of a witness, in place of an earlier one of the same key.

    Before, the witness holds the checkpoint against what it has seen (`stillroom.ledger.witness.see`).

    Args:
        note: The signed note.
        name: The witness's name.
        key: Its key.
        at: The time, in seconds since 1970.

    Raises:
        Unverified: `CHECKPOINT_INVALID` if the note is malformed.
        InvalidInput: `CHECKPOINT_INVALID` if the name is empty or has a space or a plus sign, or the time is not one.
    """
    check_name(name)
    if at not in _TIMES:
        raise InvalidInput(Code.CHECKPOINT_INVALID, "A cosignature needs a time after 1970.", "Set the clock.")
    text, signatures = read_checkpoint(note).text, split(note)[1]
    signed = at.to_bytes(_TIME_SIZE, "big") + key.sign(_message(text, at))
    own = Signature(name, key_id(name, key.public, COSIGNATURE), signed)
    return join(text, (*(one for one in signatures if (one.name, one.key_id) != (own.name, own.key_id)), own))


def cosignatures(note: bytes, trusted: Mapping[str, PublicKey]) -> tuple[Cosignature, ...]:
    """Return the cosignatures of known witnesses, in the order in which these are given; lines by anyone else say nothing.

    Raises:
        Unverified: `CHECKPOINT_INVALID` if the note is malformed, `SIGNATURE_INVALID` for a line that claims to be of a known witness and
            does not hold.
    """
    text, signatures = split(note)
    lines = {(signature.name, signature.key_id): signature for signature in signatures}
    found = ((lines.get((name, key_id(name, key, COSIGNATURE))), key) for name, key in trusted.items())
    return tuple(_verified(text, signature, key) for signature, key in found if signature is not None)


def _verified(text: str, signature: Signature, key: PublicKey) -> Cosignature:
    at = int.from_bytes(signature.value[:_TIME_SIZE], "big")
    if at not in _TIMES:
        raise Unverified(Code.SIGNATURE_INVALID, f"The cosignature of {signature.name} has no time.", "Ask the witness for another one.")
    key.verify(signature.value[_TIME_SIZE:], _message(text, at))
    return Cosignature(signature.name, at, signature.line)


def _message(text: str, at: int) -> bytes:
    """Return what is signed."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()
