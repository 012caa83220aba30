"""A room or a home that is put back to an earlier state: it opens, and what was released once is not measured again for nothing."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.sql_store.accounts import open_accounts
from stillroom.adapters.vault import LocalVault
from stillroom.errors import Code, Failed, Refusal
from stillroom.ledger.entry import Commit
from stillroom.model.charge import Charge
from stillroom.model.record import RunState
from stillroom.room import extract, releases
from stillroom.room.door import Step
from stillroom.room.recovery import GRACE_SECONDS, recover
from tests.rooms import KEYS, NOON, NOTHING, OWNERS, At, FakeClock, Guessing, build, charge, refused, reopen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rooms import Scene

TWICE = Charge(rho=2 * charge().rho)
OPEN = ["hold hospital", "hold insurer", Step.COMMIT]
"""A copy that is made as one of these steps begins has the reservation as an open one."""
COMMITTED = [Step.SETTLE, Step.MEASURE, Step.STORE]


def copied(folder: Path, step: str, name: str = "room") -> Scene:
    """Ask a question, copy a database as a step begins, and put the copy back once the answer is there."""
    scene = build(folder)
    path, copy = folder / f"{name}.sqlite", folder / "copy"
    scene.ask(progress=At(step, lambda: shutil.copyfile(path, copy)))
    shutil.copyfile(copy, path)
    return reopen(folder)


def spent(scene: Scene) -> list[Charge]:
    return [scene.account(owner).spent for owner in OWNERS]


def protection(scene: Scene) -> Guessing:
    found = scene.room.outlet.protection
    assert isinstance(found, Guessing)
    return found


@pytest.mark.parametrize("step", OPEN)
def test_a_room_restored_from_a_copy_with_an_open_reservation_opens_and_pays_for_another_answer(tmp_path: Path, step: str) -> None:
    scene = copied(tmp_path, step)
    late = FakeClock(NOON + GRACE_SECONDS)
    for _ in range(2):
        recover(reopen(tmp_path, clock=late).room)
    with scene.room.store.reading() as records:
        assert records.runs.unsettled() == ()
    assert spent(scene) == [charge(), charge()]
    assert scene.ask().fresh
    assert spent(scene) == [TWICE, TWICE]
    assert scene.spent() == scene.replayed().spent == charge()


@pytest.mark.parametrize("step", OPEN)
def test_such_a_room_does_not_go_on_with_a_reservation_that_was_answered(tmp_path: Path, step: str) -> None:
    scene = copied(tmp_path, step)
    assert refused(scene).code is Code.RESERVATION_INVALID
    assert protection(scene).runs == 0
    assert spent(scene) == [charge(), charge()]
    assert scene.ask().fresh
    assert spent(scene) == [TWICE, TWICE]
    assert len([one for one in extract.entries(scene.room) if isinstance(one, Commit)]) == 1


@pytest.mark.parametrize("step", COMMITTED)
def test_a_room_restored_from_a_copy_without_the_release_does_not_measure_it_again(tmp_path: Path, step: str) -> None:
    scene = copied(tmp_path, step)
    recover(scene.room)
    for _ in range(2):
        assert refused(scene).code is Code.RESERVATION_INVALID
    assert protection(scene).runs == 0
    assert releases.received_by(scene.room, "insurer") == ()
    assert scene.ask(epsilon=0.25).fresh
    assert scene.replayed().spent == scene.spent()


def test_of_two_copies_of_a_room_in_use_one_hands_out_the_release(tmp_path: Path) -> None:
    scene, twin = build(tmp_path), tmp_path / "twin"

    def ask_twin() -> None:
        twin.mkdir()
        shutil.copyfile(tmp_path / "room.sqlite", twin / "room.sqlite")
        for owner in OWNERS:
            (twin / f"{owner}.sqlite").symlink_to(tmp_path / f"{owner}.sqlite")
        reopen(twin).ask()

    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.MEASURE, ask_twin))
    assert caught.value.code is Code.RESERVATION_INVALID
    assert releases.received_by(scene.room, "insurer") == ()
    assert len(releases.received_by(reopen(twin).room, "insurer")) == 1


@pytest.mark.parametrize("step", ["hold insurer", Step.COMMIT])
def test_a_home_that_has_forgotten_a_hold_does_not_keep_the_room_shut(tmp_path: Path, step: str) -> None:
    scene = build(tmp_path)
    before = (tmp_path / "insurer.sqlite").read_bytes()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.ask(progress=At(Step.SETTLE if step == Step.COMMIT else step, stop))
    (tmp_path / "insurer.sqlite").write_bytes(before)
    again = reopen(tmp_path, clock=FakeClock(NOON + GRACE_SECONDS))
    recover(again.room)
    recover(again.room)
    assert again.account("insurer").held == NOTHING
    if step == Step.COMMIT:
        assert refused(again).code is Code.RESERVATION_INVALID
        assert protection(again).runs == 0
    else:
        assert again.ask().fresh


class Unwell(LocalVault):
    """A vault whose disk gives out after the hold."""

    def commit(self, reservation: str, population: str) -> None:
        """Fail."""
        raise Failed(Code.STORE_FAILED, f"Nothing was kept of {reservation} in {population}.", "Look at the disk.")

    def lapse(self, reservation: str, population: str) -> tuple[bytes, bytes] | None:
        """Fail alike."""
        self.commit(reservation, population)
        return None


@pytest.mark.parametrize("step", [Step.COMMIT, Step.SETTLE])
def test_a_home_whose_disk_gives_out_does_not_keep_the_room_shut(tmp_path: Path, step: str) -> None:
    scene = build(tmp_path)
    unwell = Unwell(open_accounts(tmp_path / "insurer.sqlite", "insurer"), KEYS["insurer"])
    room = replace(scene.room, vaults={**scene.room.vaults, "insurer": unwell}, clock=FakeClock(NOON + GRACE_SECONDS))

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.ask(progress=At(step, stop))
    recover(room)
    with scene.room.store.reading() as records:
        assert [one.settled for one in records.runs.unsettled()] == [False]
    recover(scene.room)
    with scene.room.store.reading() as records:
        assert records.runs.unsettled() == ()
    assert scene.ask().fresh
    assert spent(scene) == [charge(), charge()]


def test_an_answer_waits_until_every_account_knows_of_it(tmp_path: Path) -> None:
    scene = build(tmp_path)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.ask(progress=At(Step.ANSWER, stop))
    assert releases.received_by(scene.room, "insurer") == ()
    with scene.room.store.reading() as records:
        run = records.runs.unsettled()[0]
    assert run.state is RunState.RELEASED
    away = reopen(tmp_path)
    away.room = replace(away.room, vaults={"insurer": away.room.vaults["insurer"]})
    with pytest.raises(Failed):
        away.ask()
    recover(reopen(tmp_path).room)
    assert len(releases.received_by(scene.room, "insurer")) == 1
    assert not scene.ask().fresh


def look_at_everything(scene: Scene) -> None:
    releases.received_by(scene.room, "insurer")
    extract.whole_log(scene.room)
    scene.ask()
    releases.balance(scene.room)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE log SET leaf = x'7b7d7b' WHERE position = 2",
        "UPDATE versions SET section = CAST(x'e928' AS TEXT)",
        "UPDATE runs SET plan = 'sha256:0'",
        "UPDATE runs SET charge_rho = 'much'",
        "UPDATE runs SET state = 'lost'",
        "UPDATE runs SET accounts = '[['",
        "UPDATE contracts SET state = 'lost'",
        "UPDATE statements SET envelope = x'7b7d7b'",
        "UPDATE balances SET spent_rho = 'much'",
    ],
)
def test_a_damaged_database_is_named_as_one(tmp_path: Path, damage: str) -> None:
    """What a disk has made of the records is no record, and no stack trace either."""
    scene = build(tmp_path)
    scene.ask()
    with closing(sqlite3.connect(tmp_path / "room.sqlite")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute(damage)
    with pytest.raises(Failed) as failure:
        look_at_everything(scene)
    assert failure.value.code is Code.STORE_FAILED


@pytest.mark.parametrize("begin", ["reading", "writing"])
def test_a_mistake_of_whoever_uses_a_database_is_not_said_to_be_one_of_its_disk(tmp_path: Path, begin: str) -> None:
    """An operator who is told to restore a backup gives up what came after it."""
    store = build(tmp_path).room.store
    with pytest.raises(ValueError, match="invalid literal"), getattr(store, begin)():
        int("none")
