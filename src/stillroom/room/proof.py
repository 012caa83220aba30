"""Reading what a room shows of its log, as a party's agent does: a proof that one entry is in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field, ValidationError

from stillroom.crypto.canonical import canonical, parse_canonical
from stillroom.crypto.keys import PublicKey
from stillroom.crypto.merkle import leaf_hash, verify_inclusion
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
