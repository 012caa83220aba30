"""The room's log, as its pages show it: what the home has copied of it, which is what the room has signed, and goes on from what was seen.

Of a long log, a page asks the room for what is new, and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.adapters.copied import Span
from stillroom.crypto.canonical import canonical
from stillroom.crypto.cosignature import cosignatures
from stillroom.crypto.keys import PublicKey
from stillroom.crypto.merkle import leaf_hash
from stillroom.crypto.tile_proofs import inclusion_proof
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.model.codec import digest_of
from stillroom.room.extract import LOG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.copied import Leaf
    from stillroom.adapters.home.log_copy import Heads
    from stillroom.adapters.sql_store.log_copy import SqlLogCopy
    from stillroom.crypto.cosignature import Cosignature
    from stillroom.crypto.note import Checkpoint
    from stillroom.model.contract import Contract

CONTRACTS = "contract_activated"
"""The kind of the entries by which contracts come into force."""

LINES_SHOWN = 100
"""The most entries on a page."""

WORDS_LIMIT = 20
"""The most words that are looked for at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry.

    Attributes:
        index: Its place in the log.
        entry: What it says.
        leaf: The entry, byte for byte as it is hashed.
    """

    index: int
    entry: dict[str, Any]
    leaf: bytes

    @property
    def words(self) -> str:
        """What it is about, in a few words."""
        shown = ("dataset", "version", "party", "decision", "plan", "asked_by", "release", "contract")
        words = [f"{name.replace('_', ' ')} {_short(self.entry[name])}" for name in shown if name in self.entry]
        accounts = [*self.entry.get("accounts", ()), *([self.entry["account"]] if "account" in self.entry else [])]
        words += [f"account {account['owner']}/{account['population']}" for account in accounts]
        words += [f"{count['code']} {count['count']} ×" for count in self.entry.get("counts", ())]
        return ", ".join([*words, *([f"run {_short(self.entry['reservation'])}"] if "reservation" in self.entry else [])])


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the log.

    Attributes:
        leaf: The entry's hash.
        path: The hashes beside it, from the leaf to the root.
        root: What they come to, which the room has signed.
    """

    leaf: str
    path: tuple[str, ...]
    root: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries.

    Attributes:
        lines: The entries, the latest first.
        count: How many there are of what was looked for.
        newer: How many of them are later than these.
        older: How many are earlier.
    """

    lines: tuple[Line, ...]
    count: int
    newer: int
    older: int


@dataclass(frozen=True, slots=True)
class Logbook:
    """The log and its head.

    Attributes:
        heads: What the room shows, and how much of it is copied.
        stored: The copy.
    """

    heads: Heads
    stored: SqlLogCopy

    @property
    def head(self) -> Checkpoint:
        """The head that the room has signed."""
        return self.heads.head

    @property
    def note(self) -> bytes:
        """The signed note of that head."""
        return self.heads.notes[0]

    def page(self, words: str = "", kind: str = "", before: int | None = None, after: int | None = None) -> Page:
        """Return the latest entries of a kind in which all of these words stand; of any kind, and with any words, if nothing is asked for.

        Args:
            words: What they say.
            kind: What they are.
            before: Only those before this one.
            after: The earliest of those after this one.

        Raises:
            InvalidInput: `REQUEST_INVALID` if there are more than `WORDS_LIMIT` words.
        """
        wanted = Span(self.heads.copied, kind, tuple(words.lower().split()))
        if len(wanted.words) > WORDS_LIMIT:
            raise InvalidInput(Code.REQUEST_INVALID, f"More than {WORDS_LIMIT} words were asked for.", "Look for fewer.")
        asked = wanted._replace(below=before) if after is None else wanted._replace(above=after)
        lines = tuple(map(_line, self.stored.found(asked, LINES_SHOWN, latest=after is None)))
        count = self.stored.count(wanted)
        newer = self.stored.count(wanted._replace(above=lines[0].index)) if lines else 0
        return Page(lines, count, newer, count - newer - len(lines) if lines else 0)

    def line(self, index: int) -> Line:
        """Return one entry.

        Raises:
            InvalidInput: `PROOF_INVALID` if there is none.
            Failed: As `stillroom.adapters.home.log_copy.Heads.check_complete`.
        """
        if not 0 <= index < self.head.size:
            raise InvalidInput(Code.PROOF_INVALID, "The log has no such entry.", "Take a number from the list.")
        self.heads.check_complete()
        (found,) = self.stored.found(Span(index + 1, above=index - 1))
        return _line(found)

    def proof(self, index: int) -> Proof:
        """Return the proof that an entry is in the log. It fails as `line`."""
        leaf = self.line(index).leaf
        path = inclusion_proof(index, self.head.size, self.stored.hashes)
        return Proof(leaf_hash(leaf).hex(), tuple(one.hex() for one in path), self.head.root.hex())

    def contracts(self) -> tuple[Line, ...]:
        """Return the entries by which contracts came into force, the first one first."""
        return tuple(map(_line, reversed(self.stored.found(Span(self.heads.copied, CONTRACTS)))))

    def envelope(self, line: Line) -> bytes | None:
        """Return the signed contract that an entry names; none if it names none, or the room has shown none or another one beside it."""
        named = line.entry.get("envelope")
        return self.stored.envelope(named) if isinstance(named, str) else None

    def check_in_force(self, contract: Contract) -> None:
        """Accept a contract that the log names last: what the room says is in force is that one.

        Raises:
            Unverified: `LOG_INVALID`.
            Failed: As `stillroom.adapters.home.log_copy.Heads.check_complete`.
        """
        self.heads.check_complete()
        named = [_line(one).entry.get("contract") for one in self.stored.found(Span(self.head.size, CONTRACTS), 1)]
        if named != [digest_of(contract)]:
            raise Unverified(
                Code.LOG_INVALID,
                "The contract that the room says is in force is not the one that its log names last, so it is not shown.",
                "Load the page again, in case it was amended just now; if it stays so, do nothing under it, and ask its operator.",
            )

    def export(self, *names: str) -> bytes:
        """Return the whole log as its room hands it out (`stillroom/log/v1`), with what parties have signed about some things alone.

        Whoever reads it computes its head anew, and takes nobody's word for it that the copy is the log.

        Args:
            names: Reservations and plans: an entry in which one of them stands has the statement that it names beside it.

        Raises:
            Unverified: `LOG_INVALID` if the room has not shown one of these statements.
            Failed: As `stillroom.adapters.home.log_copy.Heads.check_complete`.
        """
        self.heads.check_complete()
        note, *older = (one.decode() for one in self.heads.notes)
        first = {"schema": LOG, "checkpoint": note, **({"older": older} if older else {})}
        leaves = reversed(self.stored.found(Span(self.heads.copied)))
        return b"".join([canonical(first), b"\n", *(self._exported(one, [name.encode() for name in names]) for one in leaves)])

    def _exported(self, found: Leaf, names: Sequence[bytes]) -> bytes:
        """Return the line of an entry, whose bytes are canonical already."""
        line = b'{"entry":' + found.leaf + b',"leaf":"' + leaf_hash(found.leaf).hex().encode() + b'"'
        named = json.loads(found.leaf).get("statement") if any(name in found.leaf for name in names) else None
        return line + (b"" if named is None else b',"statement":' + self._statement(named)) + b"}\n"

    def _statement(self, named: str) -> bytes:
        envelope = self.stored.envelope(named)
        if envelope is None:
            raise Unverified(Code.LOG_INVALID, "The room has not shown what a party signed beside the log.", "Ask for the whole log.")
        return envelope

    def witnesses(self, contract: Contract) -> tuple[tuple[Cosignature, int], ...]:
        """Return the last cosignature of each party that has witnessed the log, and the size that it has seen."""
        trusted = {party.name: PublicKey.parse(party.key) for party in contract.parties}
        latest: dict[str, tuple[Cosignature, int]] = {}
        for note in reversed(self.heads.notes):
            size = int(note.split(b"\n")[1])
            latest |= {one.name: (one, size) for one in cosignatures(note, trusted) if size >= latest.get(one.name, (one, 0))[1]}
        return tuple(latest[name] for name in sorted(latest))


def _line(found: Leaf) -> Line:
    return Line(found.position, json.loads(found.leaf), found.leaf)


def _short(value: object) -> str:
    return str(value).removeprefix("sha256:")[:12]
