"""Step 9: the entries are those of the log whose head the room signed, and it goes on from what was seen of it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.checkpoint import read_checkpoint
from stillroom.client.verification.extract import read_extract
from stillroom.client.verification.outcome import Broken, NotChecked, expect, require
from stillroom.client.verification.signature import read_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillroom.client.verification.checkpoint import Checkpoint
    from stillroom.client.verification.evidence import Evidence

TITLE = "The log is whole, and the room signed its head"

LIMIT = 2**30
"""No log is larger, in bytes."""


def check(evidence: Evidence) -> str:
    """Compute leaf hashes and roots, and verify the room's signature on every checkpoint, in the log or seen before.

    With the contract, signatures and cosignatures of its parties are verified where they are; lines by anyone else say nothing, as the
    specification has it.

    Raises:
        Broken: An entry or a checkpoint was altered, which the text names; or the log does not go on from what was seen.
        NotChecked: There is no log, or not enough of it to compare it with what was seen.
    """
    if evidence.log_file is None:
        raise NotChecked("no --log was given")
    require(len(evidence.log_file) <= LIMIT, f"the log has {len(evidence.log_file)} bytes, expected at most {LIMIT}")
    extract = read_extract(evidence.log_file)
    head, seen = extract.checkpoint, [_read(file) for file in evidence.seen_files]
    for checkpoint in (*extract.older, head, *seen):
        _check_signed(evidence, checkpoint)
    cosigners = _cosigners(evidence, sorted((*extract.older, head, *seen), key=lambda one: one.size))
    for checkpoint in seen:
        extract.check_seen(checkpoint)
    evidence.cosigners |= cosigners
    evidence.extract_proved = extract
    shown = f"{head.size} entries" if extract.whole else f"{len(extract.entries)} of {head.size} entries"
    return ", ".join([f"{shown}, root {head.root.hex()}", *_witnessed(cosigners, head), *(f"seen at {one.size} entries" for one in seen)])


def _read(file: bytes) -> Checkpoint:
    """Read a checkpoint that somebody has kept."""
    try:
        return read_checkpoint(file.decode("utf-8"))
    except UnicodeDecodeError:
        raise Broken("a checkpoint that was seen is not text") from None


def _check_signed(evidence: Evidence, checkpoint: Checkpoint) -> None:
    """Accept a checkpoint of the room's log, signed by the room."""
    room = evidence.room
    expect("the origin of the log", checkpoint.origin, room.name)
    require(checkpoint.signed_by(room.name, room.key), f"the checkpoint of {checkpoint.size} entries is not signed by {room.key.text}")


def _cosigners(evidence: Evidence, heads: Iterable[Checkpoint]) -> dict[str, int]:
    """Return the parties of the contract that have signed heads as well, with the size of the largest; the room's own key is no witness."""
    parties = evidence.contract_signed.parties if evidence.contract_signed else ()
    keys = {party.name: read_key(party.key, party.name) for party in parties if party.key != evidence.room.key.text}
    signed = ((name, head) for head in heads for name, key in keys.items() if any([head.cosigned_by(name, key), head.signed_by(name, key)]))
    return {name: head.size for name, head in signed}


def _witnessed(cosigners: dict[str, int], head: Checkpoint) -> list[str]:
    """Say who has cosigned the head, and who an earlier one."""
    now = [name for name, size in cosigners.items() if size == head.size]
    earlier = [f"at {size} entries by {name}" for name, size in cosigners.items() if size < head.size]
    return [*([f"cosigned by {', '.join(now)}"] if now else []), *(["cosigned " + ", ".join(earlier)] if earlier else [])]
