"""Agents as witnesses: they cosign a log that grows as it should, and work for no room whose log does not."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from stillroom.agent.main import open_agent
from stillroom.client.verification import verify
from stillroom.errors import Code, StillroomError
from stillroom.ledger.witness import Alarm, check_alarm
from tests.parties import PARTIES, QUESTION
from tests.services import ended, question_of, serving, wish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services import Served


def looked(room: Served, *parties: str) -> dict[str, list[str]]:
    """Have parties' agents look at the log once, and return what they said."""
    said: dict[str, list[str]] = {party: [] for party in parties}
    for party in parties:
        open_agent(room.folder / party, said[party].append).look()
    return said


def test_agents_cosign_the_log_as_it_grows_and_exports_show_it(folder: Path) -> None:
    with serving(folder) as room:
        assert looked(room, *PARTIES) == {party: [] for party in PARTIES}
        with room.agents(*PARTIES):
            session = room.session("insurer")
            release = session.ask(QUESTION, epsilon=1.0)
        assert looked(room, *PARTIES) == {party: [] for party in PARTIES}
        report = verify(release.envelope, contract=session.contract_envelope, log=session.export_log())
        assert report.accepted
        (step,) = (one for one in report.steps if "clinic" in one.detail and "cosign" in one.detail)
        assert "insurer" in step.detail


def test_a_room_that_was_put_back_gets_nothing_more_and_leaves_evidence(folder: Path) -> None:
    before = folder / "before.sqlite"
    shutil.copy(folder / "room" / "room.sqlite", before)
    with serving(folder) as room, room.agents(*PARTIES):
        room.session("insurer").ask(QUESTION, epsilon=1.0)
        room.session("insurer").ask(QUESTION, epsilon=0.5)
    with serving(folder) as room:
        looked(room, *PARTIES)
    shutil.copy(before, folder / "room" / "room.sqlite")
    with serving(folder) as room:
        said = looked(room, "clinic")
        assert said["clinic"][0].startswith(Code.LOG_ROLLED_BACK)
        (file,) = (folder / "clinic" / "alarms").glob("*.json")
        assert check_alarm(Alarm.model_validate_json(file.read_bytes())) is False
        with room.agents(*PARTIES), pytest.raises(StillroomError) as caught:
            room.session("insurer").ask(QUESTION, epsilon=0.25)
        assert caught.value.code is Code.LOG_ROLLED_BACK
        assert all(line.held.rho == 0 for line in room.session("clinic").budget())


def test_a_log_that_was_forked_is_noticed_at_the_same_size(folder: Path) -> None:
    before = folder / "before.sqlite"
    shutil.copy(folder / "room" / "room.sqlite", before)
    with serving(folder) as room:
        room.add("members", "id,age,sex\np1,30,f\n")
        looked(room, "clinic")
    shutil.copy(before, folder / "room" / "room.sqlite")
    with serving(folder) as room:
        room.add("visits", "pid,cost,ward\np1,1.5,a\n")
        said = looked(room, "clinic")
    assert said["clinic"][0].startswith(Code.LOG_FORKED)
    (file,) = (folder / "clinic" / "alarms").glob("*.json")
    assert check_alarm(Alarm.model_validate_json(file.read_bytes()))
    assert set(json.loads(file.read_bytes())) >= {"seen", "shown"}


def test_data_are_not_brought_for_a_commit_in_another_log_than_the_one_that_was_seen(folder: Path) -> None:
    """The server shows its witness one log, and commits in another: the commit's own checkpoint gives it away."""
    for name in ("room", "insurer"):
        shutil.copytree(folder / name, folder / "before" / name)
    with serving(folder) as room:
        for _ in range(9):
            room.add("members", "id,age,sex\np1,30,f\n")
        looked(room, "clinic")
    for name in ("room", "insurer"):
        shutil.rmtree(folder / name)
        shutil.copytree(folder / "before" / name, folder / name)
    seen = (folder / "clinic" / "witness.json").read_bytes()
    (folder / "clinic" / "witness.json").unlink()
    with serving(folder) as room, room.agents("insurer"):
        agent = open_agent(folder / "clinic", print)
        mailbox = room.service.mailbox
        mailbox.fetch("clinic", wish(0))
        job = room.service.jobs.ask("insurer", question_of(room))
        for _ in range(2):  # hold and commit, by an agent that has seen nothing yet
            for envelope in mailbox.fetch("clinic", wish(60)):
                agent.take(envelope)
        (folder / "clinic" / "witness.json").write_bytes(seen)
        for envelope in mailbox.fetch("clinic", wish(60)):
            agent.take(envelope)
        last = ended(room, job.job)
        assert last.problem is not None
        assert last.problem["code"] == Code.RUN_FAILED
        assert not [line for line in room.session("clinic").budget() if line.held.rho]
        agent.look()
    assert list((folder / "clinic" / "alarms").glob("*.json"))
