"""Agents that say strange numbers of raises, or that leave between two looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.remote.vault import RemoteVaults
from stillroom.errors import Code, Failed
from stillroom.ledger.entry import AccountRaised, decode
from stillroom.model.record import RunState
from stillroom.query.compile import compile_question
from stillroom.room import accounts, checks, commitment
from tests.rooms import OWNERS, build

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model import errand
    from stillroom.model.record import RunRecord
    from stillroom.room.room import Room
    from tests.rooms import Scene


@dataclass
class Sender:
    """Says what agents have said, and reaches them so many times."""

    told: int = 0
    times: int = 10**9
    parties: tuple[str, ...] = OWNERS

    def reaches(self, party: str) -> bool:
        """Tell whether the agent is there this time."""
        self.times -= 1
        return party in self.parties and self.times >= 0

    def raises(self, party: str, population: str) -> int:
        """Return what it said."""
        del party, population
        return self.told

    def send(self, party: str, task: errand.Task, seconds: float) -> errand.Reply:
        """Send nothing: the agent has gone."""
        del task, seconds
        raise Failed(Code.HOME_INVALID, f"The home of {party} cannot be reached.", "Have its agent run.")


def room_of(scene: Scene, sender: Sender) -> Room:
    """Return the room, with that agent."""
    vaults = RemoteVaults(sender, lambda: OWNERS)  # type: ignore[arg-type]  # as much of a sender as vaults ask
    return replace(scene.room, vaults=vaults)


def noted(scene: Scene, sender: Sender, told: int) -> int:
    """Have an agent say a number of raises; return how many the log tells of."""
    sender.told = told
    accounts.note_raises(room_of(scene, sender))
    with scene.room.store.reading() as records:
        return sum(isinstance(decode(leaf), AccountRaised) for leaf in records.log.leaves())


def test_a_number_of_raises_fills_no_log_and_fewer_than_before_count_for_none(tmp_path: Path) -> None:
    scene, sender = build(tmp_path), Sender(parties=OWNERS[:1])
    assert noted(scene, sender, 1) == noted(scene, sender, 1) == 0
    assert noted(scene, sender, 3) == 2
    assert noted(scene, sender, 1) == noted(scene, sender, 3) == 2
    assert noted(scene, sender, 10**6) == 2 + accounts.MOST_RAISES
    assert noted(scene, sender, 10**6) == 2 + 2 * accounts.MOST_RAISES


def lapsed(scene: Scene) -> RunRecord:
    """Return a run that was given up while no account could be told."""
    asked = checks.authenticate(scene.room, scene.question())
    planned = checks.planned(scene.room, asked, compile_question(asked.contract, asked.question))
    with scene.room.store.reading() as records:
        cleared = checks.clear(scene.room, records, planned)
    record = commitment.reserve(scene.room, cleared)
    accounts.give_up(replace(scene.room, vaults={}), record)
    return record


@pytest.mark.parametrize("times", range(5))
def test_an_agent_that_leaves_while_it_is_told_of_a_lapse_is_told_later(tmp_path: Path, times: int) -> None:
    scene = build(tmp_path)
    record = lapsed(scene)
    accounts.settle(room_of(scene, Sender(times=times)), record.reservation)
    accounts.note_raises(room_of(scene, Sender(times=times)))
    with scene.room.store.reading() as records:
        found = records.runs.get(record.reservation)
    assert found is not None
    assert (found.state, found.settled) == (RunState.LAPSED, False)
    accounts.settle(scene.room, record.reservation)
    with scene.room.store.reading() as records:
        found = records.runs.get(record.reservation)
    assert found is not None
    assert found.settled
