"""The log's tree: hashes and signed heads, worked out again from the leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.merkle import Frontier, leaf_hash, root
from stillroom.crypto.note import open_checkpoint
from stillroom.crypto.tiles import below, completed
from stillroom.errors import Unverified

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.ports import Records
    from stillroom.room.room import Notary


def findings(records: Records, notary: Notary, leaves: Sequence[bytes]) -> Iterator[str]:
    """Yield where hashes, or heads that the room has signed, are not those of the leaves."""
    kept = records.log.frontier()
    if kept.size != len(leaves):
        yield f"there are {len(leaves)} entries, and the head says {kept.size}."
    hashes = [leaf_hash(leaf) for leaf in leaves]
    yield from _subtrees(records, hashes)
    present = Frontier()
    for hashed in hashes:
        present = present.append(hashed)
        note = records.log.checkpoint(present.size)
        if note is not None and not _signed(notary, note, present):
            yield f"the checkpoint of {present.size} entries is not that of these entries, or not signed by the room."
    if present.size == kept.size and present.to_hex() != kept.to_hex():
        yield "the head is not that of the entries."
    if leaves and records.log.checkpoint(len(leaves)) is None:
        yield "the head was never signed."


def _subtrees(records: Records, hashes: Sequence[bytes]) -> Iterator[str]:
    """Yield which hashes of tiles above the leaves are missing or others."""
    levels = {0: list(hashes)}
    for level, place in completed(0, len(hashes)):
        under = below(place)
        right = root(levels[level - 1][under.start : under.stop])
        levels.setdefault(level, []).append(right)
        try:
            kept = records.log.hashes(level, range(place, place + 1))
        except ValueError:
            kept = ()
        if kept != (right,):
            yield f"the hash {place} of level {level} of the tiles is missing, or another one."


def _signed(notary: Notary, note: bytes, head: Frontier) -> bool:
    try:
        found = open_checkpoint(note, notary.origin, {notary.origin: notary.key.public})
    except Unverified:
        return False
    return (found.size, found.root) == (head.size, head.root)
