"""Releases with their contracts and logs as files, made by a real room; and the same files bent, for tests of what checks them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.cosignature import cosign
from stillroom.crypto.envelope import seal, unverified_payload
from stillroom.crypto.merkle import leaf_hash, root
from stillroom.crypto.note import Checkpoint, sign_checkpoint
from stillroom.model.release import PAYLOAD_TYPE
from stillroom.room import extract
from stillroom.room.statement import CONTRACT_TYPE
from tests.rooms import KEYS, OWNERS, Scene, build, contract, signed_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from stillroom.crypto.keys import SigningKey
    from stillroom.model.contract import Contract

ORIGIN = "example.org/room"


@dataclass(frozen=True)
class Files:
    """What a receiver has.

    Attributes:
        release: The release.
        contract: The signed contract.
        log: The whole log.
        statements: Every signed envelope that the log names, by digest.
    """

    release: bytes
    contract: bytes
    log: bytes
    statements: Mapping[str, bytes]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of the log."""
        return [json.loads(line)["entry"] for line in self.log.splitlines()[1:]]

    @property
    def value(self) -> dict[str, Any]:
        """What the release says."""
        value: dict[str, Any] = json.loads(unverified_payload(self.release, PAYLOAD_TYPE))
        return value

    def bent(self, change: Callable[[dict[str, Any]], object]) -> Files:
        """Return the release that the room would have signed, had it lied; its log names that one, and its plan's digest is right."""
        value = self.value
        change(value)
        before, after = self.value["plan_digest"], digest(canonical(value["plan"]))
        if value["plan_digest"] == before:
            value["plan_digest"] = after
        release = seal(PAYLOAD_TYPE, canonical(value), [KEYS["room"]])
        entries = json.dumps(self.entries).replace(before, after).replace(digest(self.release), digest(release))
        return replace(self, release=release, log=log_file(json.loads(entries), self.statements))

    def agreed(self, change: Callable[[dict[str, Any]], object]) -> Files:
        """Return the files as if the parties had signed another contract, under which all else is as it was."""
        agreed = json.loads(unverified_payload(self.contract, CONTRACT_TYPE))
        change(agreed)
        payload = canonical(agreed)
        before, after = self.value["contract_digest"], digest(payload)
        value = json.loads(json.dumps(self.value).replace(before, after))
        entries = json.dumps(self.entries).replace(before, after)
        moved = replace(
            self,
            contract=seal(CONTRACT_TYPE, payload, [KEYS[name] for name in OWNERS]),
            log=log_file(json.loads(entries), self.statements),
        )
        return moved.bent(replacing(value))

    def restated(self, kind: str, envelope: bytes | None) -> Files:
        """Return the log as if the last entry of a kind named another signed statement, or if its own were not handed over."""
        entries, statements = self.entries, dict(self.statements)
        entry = [entry for entry in entries if entry["kind"] == kind][-1]
        del statements[entry["statement"]]
        if envelope is not None:
            entry["statement"] = digest(envelope)
            statements[digest(envelope)] = envelope
        return replace(self, log=log_file(entries, statements))

    def relogged(self, change: Callable[[list[dict[str, Any]]], object]) -> Files:
        """Return the log that the room would have signed, had it been another one."""
        entries = self.entries
        change(entries)
        return replace(self, log=log_file(entries, self.statements))


def replacing(value: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    """Return the change that puts another document in the place of one."""

    def change(old: dict[str, Any]) -> None:
        old.clear()
        old.update(value)

    return change


def note(entries: Sequence[Mapping[str, Any]], key: SigningKey = KEYS["room"], origin: str = ORIGIN) -> str:
    """Return the signed note of a log's head."""
    leaves = [leaf_hash(canonical(entry)) for entry in entries]
    return sign_checkpoint(Checkpoint(origin, len(leaves), root(leaves)), origin, key).decode()


def cosigned(head: str, *names: str, at: int = 1_800_000_000) -> str:
    """Return a signed note with cosignatures of parties."""
    return reduce(lambda note, name: cosign(note, name, KEYS[name], at), names, head.encode()).decode()


def log_file(
    entries: Sequence[Mapping[str, Any]], statements: Mapping[str, bytes] | None = None, head: str | None = None, older: Sequence[str] = ()
) -> bytes:
    """Write a log: a line for its head, and a line for each entry."""
    first: dict[str, Any] = {"schema": "stillroom/log/v1", "checkpoint": note(entries) if head is None else head}
    lines = [{**first, "older": list(older)} if older else first]
    for entry in entries:
        named = entry.get("statement") or entry.get("envelope")
        statement = (statements or {}).get(named) if isinstance(named, str) else None
        line = {"entry": entry, "leaf": leaf_hash(canonical(entry)).hex()}
        lines.append(line if statement is None else {**line, "statement": json.loads(statement)})
    return b"".join(canonical(line) + b"\n" for line in lines)


def files(scene: Scene, envelope: bytes) -> Files:
    """Return what a receiver of a release gets from a room."""
    written = extract.whole_log(scene.room)
    lines = [json.loads(line) for line in written.splitlines()]
    statements = [canonical(line["statement"]) for line in lines if "statement" in line]
    return Files(envelope, signed_contract(scene.contract, *OWNERS), written, {digest(one): one for one in statements})


def publish(folder: Path, sql: str, value: Contract | None = None, *, before: Sequence[str] = (), epsilon: float = 0.5) -> Files:
    """Ask some questions of a new room, and return the files of the last one's release."""
    scene = build(folder, value or contract())
    for earlier in before:
        scene.ask(earlier)
    return files(scene, scene.ask(sql, epsilon=epsilon).envelope)
