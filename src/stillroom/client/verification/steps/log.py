"""Step 9: the entries are those of the log whose head the room signed, and it goes on from what was seen of it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.checkpoint import read_checkpoint
from stillroom.client.verification.extract import read_extract
from stillroom.client.verification.outcome import Broken, NotChecked, expect, require
from stillroom.client.verification.signature import read_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillroom.client.verification.checkpoint import Checkpoint
    from stillroom.client.verification.evidence import Evidence, Identity
    from stillroom.client.verification.extract import Extract
    from stillroom.model.contract import Contract

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
    extract = opened(evidence.log_file)
    head, seen = extract.checkpoint, [read_head(file) for file in evidence.seen_files]
    cosigners = check_heads(extract, seen, evidence.room, evidence.contract_signed)
    evidence.cosigners |= cosigners
    evidence.extract_proved = extract
    shown = f"{head.size} entries" if extract.whole else f"{len(extract.entries)} of {head.size} entries"
    return ", ".join([f"{shown}, root {head.root.hex()}", *_witnessed(cosigners, head), *(f"seen at {one.size} entries" for one in seen)])


def opened(file: bytes) -> Extract:
    """Return what is in a file of a log; its signatures are not looked at.

    Raises:
        Broken: It is no such file, or an entry is not in the tree of the head.
    """
    require(len(file) <= LIMIT, f"the log has {len(file)} bytes, expected at most {LIMIT}")
    return read_extract(file)


def check_heads(extract: Extract, seen: Sequence[Checkpoint], room: Identity, contract: Contract | None) -> dict[str, int]:
    """Verify the room's signature on every head, and that the log goes on from those that were seen; return who has cosigned, up to where.

    Raises:
        Broken: A signature does not hold, or the log does not go on from there.
        NotChecked: There is not enough of the log to tell.
    """
    heads = sorted((*extract.older, extract.checkpoint, *seen), key=lambda one: one.size)
    for checkpoint in (*extract.older, extract.checkpoint, *seen):
        _check_signed(room, checkpoint)
    cosigners = _cosigners(room, contract, heads)
    for checkpoint in seen:
        extract.check_seen(checkpoint)
    return cosigners


def read_head(file: bytes) -> Checkpoint:
    """Read a checkpoint that somebody has kept."""
    try:
        return read_checkpoint(file.decode("utf-8"))
    except UnicodeDecodeError:
        raise Broken("a checkpoint that was seen is not text") from None


def _check_signed(room: Identity, checkpoint: Checkpoint) -> None:
    """Accept a checkpoint of the room's log, signed by the room."""
    expect("the origin of the log", checkpoint.origin, room.name)
    require(checkpoint.signed_by(room.name, room.key), f"the checkpoint of {checkpoint.size} entries is not signed by {room.key.text}")


def _cosigners(room: Identity, contract: Contract | None, heads: Iterable[Checkpoint]) -> dict[str, int]:
    """Return the parties of the contract that have signed heads as well, with the size of the largest; the room's own key is no witness."""
    parties = contract.parties if contract else ()
    keys = {party.name: read_key(party.key, party.name) for party in parties if party.key != room.key.text}
    signed = ((name, head) for head in heads for name, key in keys.items() if any([head.cosigned_by(name, key), head.signed_by(name, key)]))
    return {name: head.size for name, head in signed}


def _witnessed(cosigners: dict[str, int], head: Checkpoint) -> list[str]:
    """Say who has cosigned the head, and who an earlier one."""
    now = [name for name, size in cosigners.items() if size == head.size]
    earlier = [f"at {size} entries by {name}" for name, size in cosigners.items() if size < head.size]
    return [*([f"cosigned by {', '.join(now)}"] if now else []), *(["cosigned " + ", ".join(earlier)] if earlier else [])]
