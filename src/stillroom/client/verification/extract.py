"""Extracts of a log: the whole of it (`stillroom/log/v1`), or proofs that some entries are in it (`stillroom/proof/v1`).

Both are lines of canonical JSON: first the checkpoint, then one entry a line, so that whatever is wrong with a line is wrong with an entry
that has a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from stillroom.client.verification.canonical import digest, encode, parse
from stillroom.client.verification.checkpoint import Checkpoint, read_checkpoint
from stillroom.client.verification.entry import Approval, ContractActivated, Entry, Hold, HoldLapsed, Pause, TelemetryConsent, read_entry
from stillroom.client.verification.outcome import Broken, NotChecked, expect, require
from stillroom.client.verification.tree import leaf_hash, root_by_path, roots

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG = "stillroom/log/v1"
PROOF = "stillroom/proof/v1"

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Extract:
    """Entries that are shown to be in the log of a checkpoint.

    Attributes:
        checkpoint: The head of the log.
        older: Earlier heads, shown to be heads of the same log; in rising order of size.
        entries: By index, from 0.
        statements: Signed envelopes that entries name by digest, by index, as far as they are handed over.
        leaves: The leaf hashes of all entries; none if only some entries are handed over.
    """

    checkpoint: Checkpoint
    older: tuple[Checkpoint, ...]
    entries: Mapping[int, Entry]
    statements: Mapping[int, bytes]
    leaves: tuple[bytes, ...] | None

    @property
    def whole(self) -> bool:
        """Whether these are all entries."""
        return self.leaves is not None

    def entry(self, index: int) -> Entry:
        """Return an entry.

        Raises:
            Broken: The log has no such entry.
            NotChecked: The proof leaves it out.
        """
        if index in self.entries:
            return self.entries[index]
        if self.whole:
            raise Broken(f"the log has {self.checkpoint.size} entries, expected one numbered {index}")
        raise NotChecked(f"the proof leaves entry {index} out")

    def check_seen(self, seen: Checkpoint) -> None:
        """Accept that the log goes on from a head that somebody has seen.

        Raises:
            Broken: It is shorter, or begins otherwise.
            NotChecked: It is longer, and not all of it is handed over.
        """
        size = self.checkpoint.size
        require(seen.size <= size, f"the log has {size} entries, expected at least the {seen.size} of the checkpoint that was seen")
        if seen.size == size:
            found = self.checkpoint.root
        elif self.leaves is not None:
            found = roots(self.leaves, {seen.size})[seen.size]
        else:
            raise NotChecked(f"only a proof was given, and it takes the log to compare it with the checkpoint of {seen.size} entries")
        expect(f"the root of the first {seen.size} entries, which was seen", found.hex(), seen.root.hex())


def read_extract(data: bytes) -> Extract:
    """Read an extract, and verify that its entries are in the tree that its checkpoint names. Signatures are not looked at.

    Raises:
        Broken: They are not, or it is no extract.
    """
    first, *lines = data.split(b"\n")
    head = parse(first, "the first line of the log")
    schema = head.get("schema") if isinstance(head, dict) else None
    if schema not in {LOG, PROOF}:
        raise Broken(f"the first line of the log must name the schema {LOG} or {PROOF}")
    _fields(head, {"schema", "checkpoint"}, {"older"} if schema == LOG else set(), "the first line of the log")
    return _log(head, lines) if schema == LOG else _proof(head, lines)


def _log(head: dict[str, Any], lines: list[bytes]) -> Extract:
    """Read a whole log: every entry with its leaf hash, so that an altered entry can be named."""
    entries: dict[int, Entry] = {}
    statements: dict[int, bytes] = {}
    leaves = []
    for index, line in enumerate(_ended(lines)):
        value = parse(line, f"entry {index}")
        _fields(value, {"entry", "leaf"}, {"statement"}, f"the line of entry {index}")
        leaf = leaf_hash(encode(value["entry"]))
        expect(f"the leaf hash of entry {index}", leaf.hex(), value["leaf"])
        entries[index] = read_entry(value["entry"], index)
        if "statement" in value:
            statements[index] = _statement(entries[index], index, encode(value["statement"]))
        leaves.append(leaf)
    checkpoint, older = _note(head["checkpoint"]), tuple(map(_note, _texts(head.get("older", []))))
    _in_order((*older, checkpoint))
    expect("the number of entries", len(leaves), checkpoint.size)
    known = roots(leaves, {one.size for one in (*older, checkpoint)})
    for one in (*older, checkpoint):
        expect(f"the root of the first {one.size} entries", known[one.size].hex(), one.root.hex())
    return Extract(checkpoint, older, entries, statements, tuple(leaves))


def _proof(head: dict[str, Any], lines: list[bytes]) -> Extract:
    """Read proofs of inclusion, one an entry."""
    checkpoint = _note(head["checkpoint"])
    entries: dict[int, Entry] = {}
    for line in _ended(lines):
        value = parse(line, "a proof")
        _fields(value, {"entry", "index", "path"}, set(), "a proof")
        index, path = value["index"], _texts(value["path"])
        require(isinstance(index, int) and not isinstance(index, bool) and index not in entries, "proofs need an index, each another one")
        require(all(map(_HASH.fullmatch, path)), f"the proof of entry {index} is not made of hashes")
        found = root_by_path(leaf_hash(encode(value["entry"])), index, checkpoint.size, [bytes.fromhex(one) for one in path])
        expect(f"the root that the proof of entry {index} leads to", found.hex() if found else None, checkpoint.root.hex())
        entries[index] = read_entry(value["entry"], index)
    return Extract(checkpoint, (), entries, {}, None)


def _ended(lines: list[bytes]) -> list[bytes]:
    """Return lines, each of which must end."""
    if not lines or lines[-1]:
        raise Broken(f"entry {max(0, len(lines) - 1)}, on the last line of the log, does not end")
    return lines[:-1]


def _fields(value: Any, needed: set[str], optional: set[str], what: str) -> None:  # noqa: ANN401 - parsed JSON
    """Accept an object with these fields."""
    if not isinstance(value, dict) or not needed <= value.keys() <= needed | optional:
        raise Broken(f"{what} must be an object of {', '.join(sorted(needed))}")


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - parsed JSON
    """Accept a list of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Broken("the log has something else where a list of texts should be")
    return value


def _note(value: Any) -> Checkpoint:  # noqa: ANN401 - parsed JSON
    if not isinstance(value, str):
        raise Broken("the checkpoint is not text")
    return read_checkpoint(value)


def _in_order(heads: tuple[Checkpoint, ...]) -> None:
    """Accept heads of one log, each larger than the one before."""
    require(len({head.origin for head in heads}) == 1, "the checkpoints are of different logs")
    require(all(a.size < b.size for a, b in pairwise(heads)), "the checkpoints do not grow")


def _statement(entry: Entry, index: int, envelope: bytes) -> bytes:
    """Accept the signed statement that an entry names."""
    named = entry.envelope if isinstance(entry, ContractActivated) else None
    named = entry.statement if isinstance(entry, Approval | Hold | HoldLapsed | TelemetryConsent | Pause) else named
    expect(f"the digest of the statement beside entry {index}", digest(envelope), named)
    return envelope
