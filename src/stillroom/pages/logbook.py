"""The room's log, as its pages show it: only what the room's key has signed, what adds up to that, and what goes on from what was seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.cosignature import cosignatures
from stillroom.crypto.keys import PublicKey
from stillroom.crypto.merkle import consistency_proof, inclusion_proof, leaf_hash, root
from stillroom.crypto.note import open_checkpoint
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.ledger.witness import Witness, see
from stillroom.model.codec import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.home.membership import Membership
    from stillroom.crypto.cosignature import Cosignature
    from stillroom.crypto.note import Checkpoint
    from stillroom.model.contract import Contract

CONTRACTS = "contract_activated"
"""The kind of the entries by which contracts come into force."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry.

    Attributes:
        index: Its place in the log.
        entry: What it says.
        statement: The signed envelope that it names; none if it names none, or the room shows none or another one beside it.
    """

    index: int
    entry: dict[str, Any]
    statement: bytes | None

    @property
    def leaf(self) -> bytes:
        """The entry, byte for byte as it is hashed."""
        return canonical(self.entry)

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
class Logbook:
    """The log and its head.

    Attributes:
        head: The head that the room has signed.
        notes: The signed notes: of that head, and of earlier ones with cosignatures.
        lines: All entries.
    """

    head: Checkpoint
    notes: tuple[bytes, ...]
    lines: tuple[Line, ...]

    @classmethod
    def read(cls, export: bytes, room: Membership, seen: bytes | None) -> Logbook:
        """Read an exported log (`stillroom/log/v1`).

        Args:
            export: The log.
            room: The room, with its key.
            seen: The signed note of the last head that was accepted before the log was fetched, if any was.

        Raises:
            Alarmed: The log does not go on from what was seen.
            Unverified: The room's key has not signed its head, or its entries do not add up to it.
        """
        try:
            first, *others = [json.loads(line) for line in export.splitlines()]
            notes = tuple(note.encode() for note in (first["checkpoint"], *first.get("older", ())))
            lines = tuple(Line(index, one["entry"], _envelope(one)) for index, one in enumerate(others))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _wrong() from None
        head = open_checkpoint(notes[0], room.name, {room.name: PublicKey.parse(room.key)})
        leaves = [leaf_hash(line.leaf) for line in lines]
        if head.size != len(lines) or root(leaves) != head.root:
            raise _wrong()
        if seen is not None:
            _check_goes_on(Witness(origin=room.name, key=room.key, seen=seen.decode()), notes[0], leaves)
        return cls(head, notes, lines)

    def found(self, words: str, kind: str) -> tuple[Line, ...]:
        """Return the entries of a kind in which all of these words stand, the latest first; all if nothing is asked for."""
        wanted = words.lower().split()
        lines = (line for line in reversed(self.lines) if not kind or line.entry["kind"] == kind)
        return tuple(line for line in lines if all(word in line.leaf.decode().lower() for word in wanted))

    def kinds(self) -> tuple[str, ...]:
        """Return which kinds of entries there are."""
        return tuple(sorted({str(line.entry["kind"]) for line in self.lines}))

    def line(self, index: int) -> Line:
        """Return one entry.

        Raises:
            InvalidInput: `PROOF_INVALID` if there is none.
        """
        if not 0 <= index < len(self.lines):
            raise InvalidInput(Code.PROOF_INVALID, "The log has no such entry.", "Take a number from the list.")
        return self.lines[index]

    def proof(self, index: int) -> Proof:
        """Return the proof that an entry is in the log. It fails as `inclusion_proof`."""
        leaves = [leaf_hash(line.leaf) for line in self.lines]
        path = inclusion_proof(index, leaves)
        return Proof(leaves[index].hex(), tuple(one.hex() for one in path), self.head.root.hex())

    def contracts(self) -> tuple[Line, ...]:
        """Return the entries by which contracts came into force, the first one first."""
        return tuple(line for line in self.lines if line.entry["kind"] == CONTRACTS)

    def check_in_force(self, contract: Contract) -> None:
        """Accept a contract that the log names last: what the room says is in force is that one.

        Raises:
            Unverified: `LOG_INVALID`.
        """
        named = [line.entry.get("contract") for line in self.contracts()]
        if named[-1:] != [digest_of(contract)]:
            raise Unverified(
                Code.LOG_INVALID,
                "The contract that the room says is in force is not the one that its log names last, so it is not shown.",
                "Load the page again, in case it was amended just now; if it stays so, do nothing under it, and ask its operator.",
            )

    def witnesses(self, contract: Contract) -> tuple[tuple[Cosignature, int], ...]:
        """Return the last cosignature of each party that has witnessed the log, and the size that it has seen."""
        trusted = {party.name: PublicKey.parse(party.key) for party in contract.parties}
        latest: dict[str, tuple[Cosignature, int]] = {}
        for note in reversed(self.notes):
            size = int(note.split(b"\n")[1])
            latest |= {one.name: (one, size) for one in cosignatures(note, trusted) if size >= latest.get(one.name, (one, 0))[1]}
        return tuple(latest[name] for name in sorted(latest))


def _check_goes_on(witness: Witness, note: bytes, leaves: Sequence[bytes]) -> None:
    """Accept a head that extends the one that was seen, which the entries themselves show."""
    size = witness.head.size
    see(witness, note, consistency_proof(size, leaves) if size < len(leaves) else ())


def _envelope(line: dict[str, Any]) -> bytes | None:
    """Return what stands beside an entry, if the entry names it by its digest: only the entry is what the room has signed."""
    named = line["entry"].get("statement") or line["entry"].get("envelope")
    envelope = canonical(line["statement"]) if "statement" in line else None
    return envelope if envelope is not None and digest(envelope) == named else None


def _short(value: object) -> str:
    return str(value).removeprefix("sha256:")[:12]


def _wrong() -> Unverified:
    return Unverified(
        Code.LOG_INVALID, "The log that the room shows does not add up to the head that it signs.", "Keep what you have; ask its operator."
    )
