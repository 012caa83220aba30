"""Reading what a room shows of its log, as a party's agent does: a proof that one entry is in it, or all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field, ValidationError

from stillroom.crypto.canonical import canonical, parse_canonical
from stillroom.crypto.keys import PublicKey
from stillroom.crypto.merkle import leaf_hash, root, verify_inclusion
from stillroom.crypto.note import open_checkpoint
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.ledger.entry import decode
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.ledger.entry import Entry


class _Line(Value):
    entry: dict[str, Any]
    index: int = Field(ge=0)
    path: tuple[str, ...] = Field(max_length=64)


class Shown(NamedTuple):
    """An entry that is in a log.

    Attributes:
        entry: The entry.
        note: The signed head of the log that it was shown to be in.
    """

    entry: Entry
    note: bytes


def head_of(export: bytes) -> bytes:
    """Return the signed note of the head of a log that is shown whole (`stillroom/log/v1`). Nothing of it is verified.

    Raises:
        Unverified: `LOG_INVALID` if there is none.
    """
    try:
        return str(json.loads(export.partition(b"\n")[0])["checkpoint"]).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_log() from None


def entries_in(export: bytes, origin: str, key: str) -> tuple[Entry, ...]:
    """Return all entries of a log that is shown whole (`stillroom/log/v1`), which add up to the head that its room has signed.

    Args:
        export: The log.
        origin: Its name.
        key: The room's public key.

    Raises:
        Unverified: `LOG_INVALID` or `CHECKPOINT_INVALID`, or as `stillroom.crypto.note.open_checkpoint`.
    """
    checkpoint = open_checkpoint(head_of(export), origin, {origin: PublicKey.parse(key)})
    try:
        leaves = [canonical(json.loads(line)["entry"]) for line in export.splitlines()[1:]]
    except (InvalidInput, ValueError, KeyError, TypeError, RecursionError):
        raise _no_log() from None
    if checkpoint.size != len(leaves) or root([leaf_hash(leaf) for leaf in leaves]) != checkpoint.root:
        raise _no_log()
    return tuple(decode(leaf) for leaf in leaves)


def _no_log() -> Unverified:
    return Unverified(Code.LOG_INVALID, "The log that the room shows does not add up to the head that it signs.", "Ask its operator.")


def entry_in(proof: bytes, origin: str, key: str) -> Shown:
    """Return the one entry that a proof shows to be in a log, and that log's head.

    Args:
        proof: The proof: a checkpoint, and one entry with its path.
        origin: The log's name.
        key: The room's public key.

    Raises:
        Unverified: `PROOF_INVALID`, `CHECKPOINT_INVALID` or `LOG_INVALID`, whatever is wrong with it.
    """
    try:
        head, shown = proof.splitlines()
        note = json.loads(head)["checkpoint"].encode()
        parse_canonical(shown)
        line = _Line.model_validate_json(shown)
        path = [bytes.fromhex(node) for node in line.path]
    except (ValidationError, InvalidInput, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unverified(Code.PROOF_INVALID, "The room shows no proof of its commit.", "Ask its operator.") from None
    checkpoint = open_checkpoint(note, origin, {origin: PublicKey.parse(key)})
    leaf = canonical(line.entry)
    verify_inclusion(leaf_hash(leaf), line.index, checkpoint.size, path, checkpoint.root)
    return Shown(decode(leaf), note)
