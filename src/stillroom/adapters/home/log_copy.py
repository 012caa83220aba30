"""The copy of its room's log that a home keeps: read on from where it ends, and verified before anything is kept.

What is kept is the beginning of a log whose head the room has signed, which is computed from the entries themselves, and the heads that
were seen, by this copy or by the party's watch, are heads of that log. What a reader is shown of the copy is thus what the room has signed,
without asking for it again. It goes on by a bounded number of parts at a time, so that a long log is read over several looks; and it ends
at a size, since a room can sign as many entries as it likes, and the disk is the party's.

It can be deleted at any time, together with what was seen: it is then read anew.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from stillroom.adapters.copied import Leaf
from stillroom.adapters.home.files import disk_errors, exclusive
from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.keys import PublicKey
from stillroom.crypto.merkle import leaf_hash, verify_consistency
from stillroom.crypto.note import open_checkpoint, read_checkpoint
from stillroom.crypto.tiles import ENTRY_LIMIT
from stillroom.errors import Code, Failed, InvalidInput, Unverified
from stillroom.ledger.witness import Alarmed, Witness, see
from stillroom.room.extract import PART, PART_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from stillroom.adapters.home.watch import Proof, Watch
    from stillroom.adapters.sql_store.log_copy import SqlLogCopy
    from stillroom.crypto.note import Checkpoint

PARTS = 8
"""So many parts are read at a time, at most."""

COPY_BYTES = 4_000_000_000
"""A copy of this size does not grow any more: that of some ten million entries."""


@dataclass(frozen=True, slots=True)
class Heads:
    """What the room shows of its log, and how much of it is copied.

    Attributes:
        head: The head that the room has signed.
        notes: The signed notes: of that head, and of earlier ones with cosignatures.
        copied: Entries of that log that are copied, from the first one on.
    """

    head: Checkpoint
    notes: tuple[bytes, ...]
    copied: int

    @property
    def complete(self) -> bool:
        """Whether all entries are copied."""
        return self.copied == self.head.size

    def check_complete(self) -> None:
        """Accept that all entries are copied, without which nobody can tell which is the last one of its kind, nor that one is not there.

        Raises:
            Failed: `AGENT_UNAVAILABLE`.
        """
        if not self.complete:
            raise Failed(
                Code.AGENT_UNAVAILABLE,
                f"Your agent has read {self.copied} of the {self.head.size} entries of the log so far, and reads on.",
                "Load the page again in a while.",
            )


class _Part(NamedTuple):
    notes: tuple[bytes, ...]
    leaves: tuple[Leaf, ...]
    named: Mapping[str, bytes]


class LogCopy:
    """A home's copy of its room's log."""

    def __init__(self, home: Path, room: str, key: str, watch: Watch, most: int = COPY_BYTES) -> None:
        """Name the home, the room and its key, and the watch that knows what was seen of the log, and keeps alarms.

        Args:
            home: The home.
            room: The room's name.
            key: The room's public key.
            watch: The watch over its log.
            most: The size, in bytes, from which on the copy does not grow.
        """
        self._home, self._origin, self._key, self._watch, self._most = home, room, key, watch, most
        self._file = home / "log.sqlite"

    @cached_property
    def stored(self) -> SqlLogCopy:
        """What is copied. It fails as `stillroom.adapters.sql_store.log_copy.log_copy_at`."""
        from stillroom.adapters.sql_store.log_copy import log_copy_at

        return log_copy_at(self._file)

    def is_behind(self) -> bool:
        """Tell whether the watch has seen more of the log than is copied, and there is room for it."""
        seen = self._watch.head()
        return seen is not None and not self._is_full() and int(seen.split(b"\n")[1]) > self.stored.standing()[0].size

    def follow(self, fetch: Callable[[int], bytes], prove: Proof, parts: int = PARTS) -> Heads:
        """Read on, and keep what is verified.

        What was seen is looked up before anything is fetched, so that an honest log cannot be behind it.

        Args:
            fetch: Returns the heads of the log, and its next entries from an index on (`stillroom/part/v1`).
            prove: Gives proofs of consistency between two sizes of the log.
            parts: So many are read at most.

        Raises:
            Alarmed: The log does not go on from what was seen of it. The evidence is in the home from then on.
            Unverified: `LOG_INVALID` if its entries do not add up to the head, or as `stillroom.ledger.witness.see`.
            Failed: `STORE_FAILED`.
        """
        with self._alone():
            seen = self._watch.head()
            for _ in range(parts):
                heads, some = self._read_on(fetch, prove, seen)
                if heads.complete or not some:
                    break
            return heads

    def _read_on(self, fetch: Callable[[int], bytes], prove: Proof, seen: bytes | None) -> tuple[Heads, bool]:
        """Read one part; return the heads, and whether there was anything in it that is kept."""
        before, known = self.stored.standing()
        part = _read(fetch(before.size), before.size)
        head, *_ = [open_checkpoint(note, self._origin, {self._origin: PublicKey.parse(self._key)}) for note in part.notes]
        for note in (known, seen):
            if note is not None:
                self._check_goes_on(note, part.notes[0], prove)
        if len(part.leaves) != min(PART_SIZE, head.size - before.size):
            raise _wrong()
        leaves, after = (() if self._is_full() else part.leaves), before
        for one in leaves:
            after = after.append(leaf_hash(one.leaf))
        try:
            verify_consistency(after.size, head.size, prove(after.size, head.size), after.root, head.root)
        except Unverified:
            raise _wrong() from None
        if leaves or known is None or read_checkpoint(known) != head:
            self.stored.keep(leaves, after, part.notes[0], part.named if leaves else {})
        return Heads(head, part.notes, after.size), bool(leaves)

    def _check_goes_on(self, seen: bytes, note: bytes, prove: Proof) -> None:
        """Accept a head that extends one that was seen."""
        witness = Witness(origin=self._origin, key=self._key, seen=seen.decode())
        first, second = witness.head.size, int(note.split(b"\n")[1])
        try:
            see(witness, note, prove(first, second) if 0 < first < second else ())
        except Alarmed as alarmed:
            raise self._watch.keep(alarmed.alarm) from None

    def _is_full(self) -> bool:
        return self._file.exists() and self._file.stat().st_size >= self._most

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with disk_errors("The copy of the log"), exclusive(self._home / "log.lock"):
            yield


def _read(answer: bytes, start: int) -> _Part:
    """Read a part of the log from an index on. What stands beside an entry is kept if the entry names it by its digest.

    Raises:
        Unverified: `LOG_INVALID` if it is none.
    """
    try:
        first, *lines = [json.loads(line) for line in answer.splitlines()]
        notes = tuple(str(note).encode() for note in (first["checkpoint"], *first.get("older", ())))
        entries = [line["entry"] for line in lines]
        leaves = tuple(Leaf(start + place, str(entry["kind"]), canonical(entry)) for place, entry in enumerate(entries))
        named = dict(_envelopes(lines))
        fits = (first["schema"], first["start"]) == (PART, start)
    except (InvalidInput, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _wrong() from None
    if not fits or len(leaves) > PART_SIZE or any(len(one.leaf) > ENTRY_LIMIT for one in leaves):
        raise _wrong()
    return _Part(notes, leaves, named)


def _envelopes(lines: Sequence[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for line in lines:
        if "statement" in line:
            envelope = canonical(line["statement"])
            if digest(envelope) == (line["entry"].get("statement") or line["entry"].get("envelope")):
                yield digest(envelope), envelope


def _wrong() -> Unverified:
    return Unverified(
        Code.LOG_INVALID, "The log that the room shows does not add up to the head that it signs.", "Keep what you have; ask its operator."
    )
