"""Logs that were altered at random, thousands of times: bytes, lines, histories, and histories that the room signed anew.

What the room did not sign itself is found by the signature. What it did sign anew can be found by what others have: a checkpoint that a
party saw and cosigned, or a release of which the log no longer knows. A case is named by its number, from which all of it follows.
"""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

from stillroom.adapters.sql_store.accounts import open_accounts
from stillroom.client.verification import verify
from stillroom.crypto.canonical import digest
from stillroom.crypto.cosignature import cosign
from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.room import cosignatures, tiles
from stillroom.room.recovery import GRACE_SECONDS, recover
from tests.published import Files, files, log_file, note
from tests.rooms import KEYS, NOON, OWNERS, PLENTY, SQL, At, FakeClock, Scene, build, contract, numbered, refused, reopen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.client.verification import Report

    Entries: TypeAlias = "list[dict[str, Any]]"

LOG_STEP = 8


@dataclass(frozen=True)
class World:
    """A room, as several people know it.

    Attributes:
        one: Its last release, the contract and the log.
        seen: Checkpoints that the hospital has cosigned: one on the way, and the last.
        forks: What the same room, put back to earlier states, did instead; each by the number of entries that it shares.
    """

    one: Files
    seen: tuple[bytes, bytes]
    forks: tuple[tuple[int, Files], ...]

    @property
    def sizes(self) -> tuple[int, int]:
        """The sizes of the checkpoints."""
        first, last = (int(one.splitlines()[1]) for one in self.seen)
        return first, last

    @property
    def stored(self) -> int:
        """Where the log stores the release."""
        return next(index for index, entry in enumerate(self.one.entries) if entry.get("release") == digest(self.one.release))


class Case(NamedTuple):
    """A log that somebody shows, and what whoever verifies it has seen before."""

    kind: str
    log: bytes
    seen: tuple[bytes, ...] = ()


def stop() -> None:
    """Stop an ask on its way."""
    raise KeyboardInterrupt


def approve(scene: Scene, sql: str, decision: Decision = Decision.APPROVED) -> None:
    """Ask, and have both owners decide."""
    refused(scene, sql)
    plan = next(one.plan_digest for one in scene.waiting() if one.question.sql == sql)
    scene.decide(plan, "insurer")
    scene.decide(plan, "hospital", decision)


def witnessed(scene: Scene) -> bytes:
    """Have the hospital cosign the head of the log."""
    head = cosign(tiles.checkpoint(scene.room), "hospital", KEYS["hospital"], int(NOON))
    assert cosignatures.take(scene.room, head) == ("hospital",)
    return head


def live(folder: Path) -> Scene:
    """Let a room have all that a log can have: decisions, an amendment, data that come and go, raises, lapses and refusals."""
    first = contract(approval={"rule": "each-owner"})
    scene = build(folder, first, caps={"insurer": Charge(rho=1)})
    approve(scene, numbered(1))
    refused(scene, numbered(1))
    open_accounts(folder / "insurer.sqlite", "insurer").raise_cap("people", PLENTY)
    scene.ask(numbered(1))
    approve(scene, numbered(2), Decision.REJECTED)
    second = first.model_copy(update={"version": 2, "amends": digest_of(first), "purpose": "more tests"})
    scene.submit(second, *OWNERS)
    scene = reopen(folder, second)
    scene.announce("visits", 2)
    scene.announce("members", 1, withdrawn=True)
    scene.announce("members", 2)
    for number in (3, 4):
        approve(scene, numbered(number))
    with pytest.raises(KeyboardInterrupt):
        scene.ask(numbered(3), At("commit", stop))
    recover(reopen(folder, second, clock=FakeClock(NOON + GRACE_SECONDS)).room)
    scene.ask(numbered(4))
    return scene


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("room")
    scene, forks = live(folder), []
    first = witnessed(scene)
    for number, asked in enumerate((5, 6, 7)):
        shared = int(tiles.checkpoint(scene.room).splitlines()[1])
        for other in (10, 20):
            copy = folder.parent / f"fork {number} {other}"
            shutil.copytree(folder, copy)
            forked = reopen(copy, scene.contract)
            forks += [(shared, history(forked, numbered(one))) for one in (other + number, other + number + 50)]
        history(scene, numbered(asked))
    one = history(scene, SQL)
    return World(files(scene, one.release), (first, witnessed(scene)), tuple(forks))


def history(scene: Scene, sql: str) -> Files:
    """Let a room answer one more question."""
    approve(scene, sql)
    return files(scene, scene.ask(sql).envelope)


# -------------------------------------------------------------------------------------- what anybody can do to a file


def lines_of(world: World) -> list[bytes]:
    return world.one.log.splitlines(keepends=True)


def flipped(world: World, draw: random.Random) -> Case:
    log = bytearray(world.one.log)
    log[draw.randrange(len(log))] ^= 1 << draw.randrange(8)
    return Case("flipped", bytes(log))


def dropped(world: World, draw: random.Random) -> Case:
    lines = lines_of(world)
    del lines[draw.randrange(len(lines))]
    return Case("dropped", b"".join(lines))


def doubled(world: World, draw: random.Random) -> Case:
    lines = lines_of(world)
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))
    return Case("doubled", b"".join(lines))


def swapped(world: World, draw: random.Random) -> Case:
    lines = lines_of(world)
    a, b = draw.sample(range(len(lines)), 2)
    lines[a], lines[b] = lines[b], lines[a]
    return Case("swapped", b"".join(lines))


def cut(world: World, draw: random.Random) -> Case:
    return Case("cut", world.one.log[: draw.randrange(len(world.one.log))])


def shortened(world: World, draw: random.Random) -> Case:
    lines = lines_of(world)
    return Case("shortened", b"".join(lines[: draw.randrange(len(lines))]))


def inserted(world: World, draw: random.Random) -> Case:
    lines, (_, fork) = lines_of(world), draw.choice(world.forks)
    lines.insert(draw.randrange(1, len(lines) + 1), fork.log.splitlines(keepends=True)[-1])
    return Case("inserted", b"".join(lines))


def exchanged(world: World, draw: random.Random) -> Case:
    """Other entries, by the same room, under the head of these."""
    shared, fork = draw.choice(world.forks)
    lines, others = lines_of(world), fork.log.splitlines(keepends=True)
    return Case("exchanged", b"".join([*lines[: shared + 1], *others[shared + 1 :]]))


def reheaded(world: World, draw: random.Random) -> Case:
    """The head of another history, which the room signed, over these entries."""
    _, fork = draw.choice(world.forks)
    return Case("reheaded", b"".join([fork.log.splitlines(keepends=True)[0], *lines_of(world)[1:]]))


FILES = (flipped, dropped, doubled, swapped, cut, shortened, inserted, exchanged, reheaded)

# ------------------------------------------------------------------------------------------ what the room can do itself


def evidence(world: World, draw: random.Random, changed: int) -> tuple[bytes, ...]:
    """Return a checkpoint that a party has cosigned after an entry was written, if the release alone would not do."""
    seen = tuple(one for one, size in zip(world.seen, world.sizes, strict=True) if changed < size)
    return () if changed <= world.stored and draw.random() < 1 / 2 else (draw.choice(seen),)


def resigned(world: World, entries: Entries) -> bytes:
    """Return a log that the room signs, with all statements that it has."""
    statements = {name: one for files in (world.one, *(fork for _, fork in world.forks)) for name, one in files.statements.items()}
    return log_file(entries, statements)


def truncated(world: World, draw: random.Random) -> Case:
    entries = world.one.entries
    size = draw.randrange(len(entries))
    return Case("truncated", resigned(world, entries[:size]), evidence(world, draw, size))


def forked(world: World, draw: random.Random) -> Case:
    """A history that is right in itself, with holds and decisions that were really signed."""
    shared, fork = draw.choice(world.forks)
    return Case("forked", fork.log, evidence(world, draw, shared))


def spliced(world: World, draw: random.Random) -> Case:
    """Some entries at the end replaced by some of another history."""
    entries, (_, fork) = world.one.entries, draw.choice(world.forks)
    kept = draw.randrange(len(entries) - 1)
    others = fork.entries[draw.randrange(len(fork.entries)) :]
    spliced = [*entries[:kept], *others]
    changed = next(index for index, entry in enumerate(entries) if index >= len(spliced) or spliced[index] != entry)
    return Case("spliced", resigned(world, spliced), evidence(world, draw, changed))


def rewritten(world: World, draw: random.Random) -> Case:
    """One entry a second later; nothing but a witness knows."""
    entries = world.one.entries
    index = draw.randrange(len(entries))
    entries[index] = {**entries[index], "at": entries[index]["at"] + 1}
    return Case("rewritten", resigned(world, entries), (world.seen[-1],))


def omitted(world: World, draw: random.Random) -> Case:
    entries = world.one.entries
    index = draw.randrange(len(entries))
    del entries[index]
    return Case("omitted", resigned(world, entries), (world.seen[-1],))


def repeated(world: World, draw: random.Random) -> Case:
    entries = world.one.entries
    entries.insert(draw.randrange(len(entries)), draw.choice(entries))
    return Case("repeated", resigned(world, entries), (world.seen[-1],))


def reordered(world: World, draw: random.Random) -> Case:
    entries = world.one.entries
    a, b = draw.sample(range(len(entries)), 2)
    entries[a], entries[b] = entries[b], entries[a]
    return Case("reordered", resigned(world, entries), (world.seen[-1],))


ROOMS = (truncated, forked, spliced, rewritten, omitted, repeated, reordered)
KINDS: tuple[Callable[[World, random.Random], Case], ...] = (*FILES, *ROOMS)


def check(world: World, case: Case) -> Report:
    return verify(world.one.release, world.one.contract, case.log, seen=case.seen)


def found(world: World, case: Case, usual: str) -> bool:
    """Tell whether a log is not accepted. A changed line of a witness is one of a stranger: then the witness is no longer named."""
    report = check(world, case)
    return not report.accepted or (case.kind == "flipped" and report.steps[LOG_STEP].detail != usual)


def altered(world: World, number: int) -> Case:
    """Return a case by its number."""
    case = KINDS[number % len(KINDS)](world, random.Random(f"altered log {number}"))
    assert case.log != world.one.log
    return case


def test_the_log_is_accepted_as_it_is_and_has_entries_of_every_kind(world: World) -> None:
    report = check(world, Case("unchanged", world.one.log, world.seen))
    assert {step.outcome for step in report.steps} == {"passed"}
    assert "cosigned by hospital" in report.steps[LOG_STEP].detail
    assert len({entry["kind"] for entry in world.one.entries}) == 10
    assert all(verify(fork.release, fork.contract, fork.log).accepted for _, fork in world.forks)


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_alteration_is_found(world: World, count: int) -> None:
    usual = check(world, Case("unchanged", world.one.log)).steps[LOG_STEP].detail
    missed = ((number, case.kind) for number in range(count) if not found(world, case := altered(world, number), usual))
    assert list(missed) == []


def test_what_nobody_has_seen_can_be_signed_anew(world: World) -> None:
    """The limit of it: after the last head that a witness saw, and the last release that somebody holds, the room may still choose."""
    shared, fork = world.forks[-1]
    seen = [one for one, size in zip(world.seen, world.sizes, strict=True) if size <= shared]
    assert seen
    assert verify(fork.release, fork.contract, fork.log, seen=seen).accepted
    assert not verify(fork.release, fork.contract, fork.log, seen=world.seen).accepted
    longer = [*world.one.entries, {"at": world.one.entries[-1]["at"], "dataset": "visits", "kind": "data_withdrawn"}]
    assert check(world, Case("longer", resigned(world, longer), world.seen)).accepted


def test_two_readers_of_two_histories_find_out_when_they_compare_checkpoints(world: World) -> None:
    (_, fork), one = world.forks[0], world.one
    theirs = json.loads(fork.log.splitlines()[0])["checkpoint"].encode()
    assert check(world, Case("as it is", one.log)).accepted
    assert verify(fork.release, fork.contract, fork.log).accepted
    assert not check(world, Case("compared", one.log, (theirs,))).accepted


def test_a_party_cannot_be_made_to_vouch_for_a_head_that_it_never_saw(world: World) -> None:
    longer = [*world.one.entries, {"at": world.one.entries[-1]["at"], "dataset": "visits", "kind": "data_withdrawn"}]
    line = world.seen[-1].splitlines(keepends=True)[-1].decode()
    report = check(world, Case("moved", log_file(longer, world.one.statements, note(longer) + line)))
    assert [step.number for step in report.steps if step.failed] == [9]
