"""The log as others get it: all of it, or proofs that some entries are in it.

Both are lines of canonical JSON, the signed note of the head first, with the cosignatures of parties that there are. `stillroom/log/v1` has
the earlier heads that parties have cosigned, and each entry with its leaf hash and the signed envelope that it names; `stillroom/proof/v1`
has entries with their index and the hashes from leaf to root (RFC 6962, section 2.1.1). `stillroom/part/v1` is for whoever reads on: the
heads, and the next entries, as the whole log has them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stillroom.crypto.canonical import canonical
from stillroom.crypto.merkle import leaf_hash
from stillroom.crypto.tile_proofs import inclusion_proof
from stillroom.errors import Code, Failed
from stillroom.ledger.entry import decode
from stillroom.room import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillroom.crypto.canonical import Json
    from stillroom.ledger.entry import Entry
    from stillroom.ports import Records
    from stillroom.room.room import Room

LOG = "stillroom/log/v1"
PROOF = "stillroom/proof/v1"
PART = "stillroom/part/v1"

PART_SIZE = 1_024
"""The most entries of a part."""


def entries(room: Room) -> tuple[Entry, ...]:
    """Return every entry of the log."""
    with room.store.reading() as records:
        return tuple(decode(leaf) for leaf in records.log.leaves())


def whole_log(room: Room) -> bytes:
    """Return the whole log, with every signed envelope that it names. Nobody who writes waits while it is encoded.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if nothing was logged yet.
        Failed: `STORE_FAILED`.
    """
    with room.store.reading() as records:
        first = _heads(records, LOG)
        leaves = records.log.leaves()
        parsed = [_read(leaf) for leaf in leaves]
        named = [_named(records, entry) for entry in parsed]
    return _lines([first, *map(_line, leaves, parsed, named)])


def part(room: Room, start: int) -> bytes:
    """Return the heads of the log, and the entries from an index on: at most `PART_SIZE`, none from the log's end on.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if nothing was logged yet.
        Failed: `STORE_FAILED`.
    """
    with room.store.reading() as records:
        first = {**_heads(records, PART), "start": start}
        leaves = records.log.leaves(start, start + PART_SIZE)
        parsed = [_read(leaf) for leaf in leaves]
        named = [_named(records, entry) for entry in parsed]
    return _lines([first, *map(_line, leaves, parsed, named)])


def _named(records: Records, entry: dict[str, str]) -> bytes | None:
    """Return the signed envelope that an entry names."""
    return records.log.statement(entry.get("statement") or entry.get("envelope") or "")


def _heads(records: Records, schema: str) -> dict[str, Json]:
    """Return the first line: the signed note of the head, and of earlier ones that parties have cosigned."""
    note, older = log.checkpoint(records), log.witnessed(records)
    head: dict[str, Json] = {"schema": schema, "checkpoint": note.decode("utf-8")}
    return {**head, "older": [one.decode("utf-8") for one in older]} if older else head


def proof(room: Room, indices: Iterable[int]) -> bytes:
    """Return proofs that entries are in the log; those of a release's commit and of its storing travel beside it.

    Raises:
        InvalidInput: `PROOF_INVALID` if there is no such entry.
        Refusal: `CONTRACT_UNKNOWN` if nothing was logged yet.
        Failed: `STORE_FAILED`.
    """
    with room.store.reading() as records:
        head: dict[str, Json] = {"schema": PROOF, "checkpoint": log.checkpoint(records).decode("utf-8")}
        return _lines([head, *(_proof(records, index) for index in sorted(set(indices)))])


def _proof(records: Records, index: int) -> dict[str, Json]:
    """Return an entry with the hashes from its leaf to the root."""
    path = inclusion_proof(index, records.log.frontier().size, records.log.hashes)
    (leaf,) = records.log.leaves(index, index + 1)
    return {"entry": _read(leaf), "index": index, "path": [node.hex() for node in path]}


def _line(leaf: bytes, entry: Json, named: bytes | None) -> dict[str, Json]:
    """Return an entry with its leaf hash, and what it names if that is kept here."""
    line: dict[str, Json] = {"entry": entry, "leaf": leaf_hash(leaf).hex()}
    return line if named is None else {**line, "statement": _read(named)}


def _read(stored: bytes) -> Any:  # noqa: ANN401 - parsed JSON
    """Return what an entry, or a statement that one names, says.

    Raises:
        Failed: `STORE_FAILED` if it is not what was written.
    """
    try:
        return json.loads(stored)
    except ValueError:
        raise Failed(Code.STORE_FAILED, "The log that is kept is damaged.", "Restore the database from a backup.") from None


def _lines(values: Iterable[dict[str, Json]]) -> bytes:
    return b"".join(canonical(value) + b"\n" for value in values)
