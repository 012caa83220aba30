"""An owner that takes no note of a release does not keep it from anybody for longer than an hour, and does not know what it keeps."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Failed, Refusal, StillroomError
from stillroom.ledger.entry import Commit, ReleaseStored
from stillroom.room import extract, releases
from stillroom.room.accounts import WITHHELD_SECONDS
from stillroom.room.door import Step
from stillroom.room.recovery import recover
from tests.rooms import OWNERS, At, FakeClock, Guessing, build, charge, reopen

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.charge import Charge
    from stillroom.model.grounds import Grounds
    from stillroom.ports import Vault
    from tests.rooms import Scene

SILENT = Failed(Code.AGENT_UNAVAILABLE, "It does not answer.", "Wait.")
UNWILLING = Refusal(Code.NOT_ALLOWED, "It does no such errand.", "Ask its owner.")
OTHER = Refusal(Code.RESERVATION_INVALID, "Another release answers it.", "Ask its owner.")


class Withholding:
    """An owner's accounts that take no note of releases.

    Attributes:
        told: What they were told, each time.
    """

    def __init__(self, vault: Vault, error: StillroomError) -> None:
        """Wrap them, and say what they answer instead."""
        self.owner, self._vault, self._error = vault.owner, vault, error
        self.told: list[str] = []

    def hold(self, room: str, reservation: str, population: str, charge: Charge, grounds: Grounds) -> bytes:
        """Hold."""
        return self._vault.hold(room, reservation, population, charge, grounds)

    def commit(self, reservation: str, population: str) -> None:
        """Commit."""
        self._vault.commit(reservation, population)

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Take no note."""
        del reservation, population
        self.told.append(release)
        raise self._error

    def lapse(self, reservation: str, population: str) -> tuple[bytes, bytes] | None:
        """Lapse."""
        return self._vault.lapse(reservation, population)

    def raises(self, population: str) -> int:
        """Say how often an account got a cap."""
        return self._vault.raises(population)


def withheld(scene: Scene, owner: str, error: StillroomError = SILENT) -> Withholding:
    """Let an owner withhold its word."""
    found = Withholding(scene.room.vaults[owner], error)
    scene.room = replace(scene.room, vaults={**scene.room.vaults, owner: found})
    return found


def failed(scene: Scene) -> Code:
    with pytest.raises(StillroomError) as caught:
        scene.ask()
    return caught.value.code


def passes(scene: Scene, seconds: float) -> None:
    clock = scene.room.clock
    assert isinstance(clock, FakeClock)
    clock.moment += seconds


def out(scene: Scene) -> int:
    """Return how many releases a receiver sees."""
    return len(releases.received_by(scene.room, "insurer"))


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("error", [SILENT, UNWILLING], ids=["silent", "unwilling"])
def test_a_release_waits_for_an_hour_and_no_longer_and_is_charged_and_measured_once(
    tmp_path: Path, owner: str, error: StillroomError
) -> None:
    scene = build(tmp_path)
    withheld(scene, owner, error)
    assert failed(scene) is Code.AGENT_UNAVAILABLE
    began = scene.room.clock.now()
    passes(scene, WITHHELD_SECONDS - 60)
    assert failed(scene) is Code.AGENT_UNAVAILABLE
    recover(scene.room)
    assert out(scene) == 0
    passes(scene, began + WITHHELD_SECONDS - scene.room.clock.now())
    recover(scene.room)
    assert out(scene) == 1
    assert not scene.ask().fresh
    protection = scene.room.outlet.protection
    assert isinstance(protection, Guessing)
    assert protection.runs == 1
    assert [scene.account(one).spent for one in OWNERS] == [charge(), charge()]
    assert scene.spent() == scene.replayed().spent == charge()


def test_a_release_of_an_owner_whose_home_is_away_is_handed_out_to_who_asks_again(tmp_path: Path) -> None:
    scene = build(tmp_path)
    withheld(scene, "insurer")
    assert failed(scene) is Code.AGENT_UNAVAILABLE
    scene.room = replace(scene.room, vaults={owner: vault for owner, vault in scene.room.vaults.items() if owner != "insurer"})
    passes(scene, WITHHELD_SECONDS)
    recover(scene.room)
    assert out(scene) == 1


def test_whoever_holds_it_up_is_told_nothing_but_a_digest_and_all_others_are_told(tmp_path: Path) -> None:
    scene = build(tmp_path)
    (first, second) = sorted(OWNERS)
    found = withheld(scene, first)
    failed(scene)
    with scene.room.store.reading() as records:
        (envelope,) = records.runs.releases()
    assert set(found.told) == {digest(envelope)}
    assert [one.release for one in scene.account(second).bookings] == [digest(envelope)]
    assert [one.release for one in scene.account(first).bookings] == [None]


def test_a_release_that_is_another_one_than_an_account_knows_is_never_handed_out(tmp_path: Path) -> None:
    scene = build(tmp_path)
    withheld(scene, "insurer", OTHER)
    for _ in range(2):
        assert failed(scene) is Code.RESERVATION_INVALID
        passes(scene, WITHHELD_SECONDS)
        recover(scene.room)
        assert out(scene) == 0


@pytest.mark.parametrize("owner", OWNERS)
def test_who_says_so_is_named_and_the_log_shows_what_was_held_up_and_at_another_price_it_is_another_run(tmp_path: Path, owner: str) -> None:
    scene = build(tmp_path)
    honest = scene.room
    withheld(scene, owner, OTHER)
    with pytest.raises(Refusal) as caught:
        scene.ask()
    assert [one for one in OWNERS if one in caught.value.reason] == [owner]
    with scene.room.store.reading() as records:
        (envelope,) = records.runs.releases()
    logged = [one for one in extract.entries(scene.room) if isinstance(one, Commit | ReleaseStored)]
    assert [one.reservation for one in logged] == [releases.read(envelope).reservation] * 2
    assert [one.release for one in logged if isinstance(one, ReleaseStored)] == [digest(envelope)]
    scene.room = honest
    assert scene.ask(epsilon=0.25).fresh
    assert out(scene) == 1


def test_a_room_put_back_to_before_such_a_release_does_not_measure_again(tmp_path: Path) -> None:
    """The account that was told refuses, though the other one was not."""
    scene, copy = build(tmp_path), tmp_path / "copy"
    withheld(scene, "insurer")
    with pytest.raises(Failed):
        scene.ask(progress=At(Step.MEASURE, lambda: shutil.copyfile(tmp_path / "room.sqlite", copy)))
    passes(scene, WITHHELD_SECONDS)
    recover(scene.room)
    assert out(scene) == 1
    shutil.copyfile(copy, tmp_path / "room.sqlite")
    again = reopen(tmp_path)
    with pytest.raises(Refusal) as caught:
        again.ask()
    assert caught.value.code is Code.RESERVATION_INVALID
    protection = again.room.outlet.protection
    assert isinstance(protection, Guessing)
    assert protection.runs == 0
