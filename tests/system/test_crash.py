"""A process may stop anywhere: never a release without a durable commit, never a double charge, and the room opens again."""

from __future__ import annotations

import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from stillroom.crypto.canonical import digest
from stillroom.crypto.merkle import Frontier, leaf_hash
from stillroom.crypto.note import open_checkpoint
from stillroom.errors import Code, Refusal
from stillroom.ledger.entry import Commit, HoldLapsed, ReleaseStored
from stillroom.model.charge import Charge
from stillroom.room import extract
from stillroom.room.door import Step
from stillroom.room.recovery import GRACE_SECONDS, recover
from tests.children import STOPPED, ask_all, ask_until_change, ask_until_step, kill, run, start
from tests.rooms import KEYS, NOON, OWNERS, FakeClock, build, charge, contract, numbered, reopen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rooms import Scene

NOTHING = Charge(rho=0)
STEPS = [*Step, "hold hospital", "hold insurer"]
COMMITTED = [Step.SETTLE, Step.MEASURE, Step.FINISH, Step.SIGN, Step.STORE, Step.ANSWER]
CHANGES = 12
"""Durable changes of an ask: reserve, raises noted, two holds, commit, two accounts told, settled, release stored, and the same of that."""
REFUSED_CHANGES = 9
"""The same where the second owner refuses: reserve, raises noted, two holds asked, lapse, two accounts told, settled, refusal counted."""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room where nothing was asked."""
    folder = tmp_path_factory.mktemp("pristine")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room where the second owner has nothing to give."""
    folder = tmp_path_factory.mktemp("poor")
    build(folder, caps={"insurer": NOTHING})
    return folder


def assert_sound(scene: Scene) -> None:
    """The log follows its rules, its head is signed, and releases, commits and the contract's account agree."""
    with scene.room.store.reading() as records:
        leaves, note = records.log.leaves(), records.log.checkpoint()
    assert note is not None
    head = open_checkpoint(note, scene.room.name, {scene.room.name: KEYS["room"].public})
    assert (head.size, head.root) == (len(leaves), Frontier.of(map(leaf_hash, leaves)).root)
    entries = extract.entries(scene.room)
    commits = {one.reservation for one in entries if isinstance(one, Commit)}
    stored = {one.release for one in entries if isinstance(one, ReleaseStored)}
    with scene.room.store.reading() as records:
        assert {digest(envelope) for envelope in records.runs.releases()} == stored
    assert scene.spent() == scene.replayed().spent == Charge(rho=len(commits) * charge().rho)


def assert_settled(scene: Scene) -> None:
    """Nothing is held, and owners' accounts agree with the contract's."""
    assert [(scene.account(owner).spent, scene.account(owner).held) for owner in OWNERS] == [(scene.spent(), NOTHING)] * 2


def later() -> FakeClock:
    return FakeClock(NOON + GRACE_SECONDS)


@pytest.mark.parametrize("step", STEPS)
def test_a_stop_at_any_step_is_made_good_by_asking_again(pristine: Path, tmp_path: Path, step: str) -> None:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    assert run(ask_until_step, str(tmp_path), step) == STOPPED
    scene = reopen(tmp_path)
    assert_sound(scene)
    assert scene.spent() == (charge() if step in COMMITTED else NOTHING)
    answer = scene.ask()
    assert answer.fresh is (step != Step.ANSWER)
    assert scene.spent() == charge()
    assert_sound(scene)
    assert_settled(scene)


@pytest.mark.parametrize("step", ["hold insurer", Step.COMMIT])
def test_what_was_held_and_never_committed_lapses_when_it_is_old(pristine: Path, tmp_path: Path, step: str) -> None:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    run(ask_until_step, str(tmp_path), step)
    young = reopen(tmp_path, clock=FakeClock(NOON + GRACE_SECONDS - 1))
    recover(young.room)
    assert young.account("hospital").held == charge()
    scene = reopen(tmp_path, clock=later())
    recover(scene.room)
    recover(scene.room)
    assert_sound(scene)
    assert_settled(scene)
    lapsed = [one for one in extract.entries(scene.room) if isinstance(one, HoldLapsed)]
    assert len(lapsed) == (1 if step == "hold insurer" else 2)
    assert scene.ask().fresh
    assert_settled(scene)


def test_what_was_committed_is_told_to_the_accounts_when_the_room_opens(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    run(ask_until_step, str(tmp_path), Step.SETTLE)
    scene = reopen(tmp_path)
    assert scene.account("insurer").held == charge()
    recover(scene.room)
    assert_settled(scene)
    assert scene.ask().fresh
    assert scene.spent() == charge()


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("change", range(1, CHANGES + 1))
def test_a_stop_around_any_durable_change_is_made_good(pristine: Path, tmp_path: Path, change: int, when: str) -> None:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    assert run(ask_until_change, str(tmp_path), change, when) == STOPPED
    scene = reopen(tmp_path, clock=later())
    assert_sound(scene)
    recover(scene.room)
    assert_settled(scene)
    scene.ask()
    assert scene.spent() == charge()
    assert_sound(scene)
    assert_settled(scene)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("change", range(1, REFUSED_CHANGES + 1))
def test_a_stop_on_the_way_to_a_refusal_leaves_nothing_held(poor: Path, tmp_path: Path, change: int, when: str) -> None:
    shutil.copytree(poor, tmp_path, dirs_exist_ok=True)
    assert run(ask_until_change, str(tmp_path), change, when) == STOPPED
    scene = reopen(tmp_path, clock=later())
    recover(scene.room)
    with pytest.raises(Refusal) as caught:
        scene.ask()
    assert caught.value.code is Code.ACCOUNT_NOT_ENOUGH
    assert scene.spent() == NOTHING
    assert_sound(scene)
    assert_settled(scene)


def test_the_durable_changes_of_an_ask_are_counted_right(pristine: Path, poor: Path, tmp_path: Path) -> None:
    for name, template, changes in (("rich", pristine, CHANGES), ("poor", poor, REFUSED_CHANGES)):
        shutil.copytree(template, tmp_path / name)
        assert run(ask_until_change, str(tmp_path / name), changes + 1, "before") == 0


def kill_often(folder: Path, store: str, kills: int, seed: int) -> None:
    """Let children ask a dozen questions each, and kill them at random moments of their first seconds."""
    value = contract(quantum_seconds=0.01)
    build(folder, value, store=store)
    moments = random.Random(seed)
    for number in range(kills):
        child = start(ask_all, str(folder), value, range(6 * number, 6 * number + 12))
        time.sleep(moments.uniform(0.05, 1.5))
        kill(child)
        assert_sound(reopen(folder, value))
    scene = reopen(folder, value, clock=FakeClock(time.time() + GRACE_SECONDS))
    recover(scene.room)
    assert_settled(scene)
    asked = 6 * kills + 6
    for number in range(asked):
        scene.ask(numbered(number))
    assert scene.spent() == Charge(rho=asked * charge().rho)
    assert_sound(scene)
    assert_settled(scene)


def test_three_kills_at_random_moments(tmp_path: Path, place: str) -> None:
    kill_often(tmp_path, place, 3, seed=3)


@pytest.mark.slow
def test_twenty_kills_at_random_moments(tmp_path: Path, place: str) -> None:
    kill_often(tmp_path, place, 20, seed=20)
