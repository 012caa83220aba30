"""A wish to cancel a run is kept before it is answered: it outlives the server, stops what is not committed, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from stillroom.adapters.home import Home
from stillroom.adapters.sql_store.room_tables import ROOM
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Failed, StillroomError
from stillroom.model.record import JobRecord, JobState
from tests.books import check_settled, opened, question_in
from tests.faults import Each
from tests.faulty import Wire, World
from tests.stores import created, created_at, opened_database
from tests.stores import opened as opened_store

if TYPE_CHECKING:
    from pathlib import Path

JOB = JobRecord(job=f"sha256:{'0' * 64}", party="insurer", question=b"question")

STAGES = {
    "asked": ("server: writes jobs.queue waiting", False),
    "taken up": ("server: writes jobs.put running", False),
    "reserved": ("server: writes runs.add open", False),
    "held": ("server: waits for hold", False),
    "committed": (
        "server: writes log.keep_statements, balances.spend, balances.spend_as, log.append, log.keep_checkpoint, runs.advance committed",
        True,
    ),
    "settled": ("server: writes runs.settle committed", True),
    "measured": ("server: measures", True),
    "released": ("server: writes runs.advance released, runs.keep_release, log.append, log.keep_checkpoint", True),
}
"""How far a run has come when the server is killed, before it is cancelled; and whether its charge is spent by then."""


@pytest.fixture(scope="module")
def question(settled: Path) -> bytes:
    """One question, signed by the insurer."""
    return question_in(settled)


def record(world: World, question: bytes) -> JobRecord:
    """Return how a run stands."""
    with opened(world.folder).store.reading() as records:
        found = records.jobs.get(digest(question))
    assert found is not None
    return found


def cancel(world: World, question: bytes) -> None:
    """Send a wish to cancel, as the insurer, until the server has answered or is dead."""
    home = Home.open(world.folder / "insurer")
    with suppress(Failed):
        Wire(world, "asker", home).send("DELETE", f"/v1/runs/{digest(question)}", None)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("killed", ["server: takes DELETE /runs/…", "server: writes jobs.put waiting", "server: writes jobs.put running"])
def test_a_run_that_is_cancelled_before_its_commit_never_runs_and_one_that_is_committed_goes_on(
    folder: Path, question: bytes, stage: str, killed: str
) -> None:
    """The server is killed on the way, again with the wish or just behind it, and then nobody asks."""
    step, spent = STAGES[stage]
    faults = Each(["after"], {step})
    world = World(folder, faults)
    with pytest.raises(StillroomError):
        world.ask(question)
    assert faults.left == set()
    world.serve()
    faults.left = {(killed, "after")}
    cancel(world, question)
    assert record(world, question).cancelled
    world.rest()
    found = record(world, question)
    releases = check_settled(folder)
    assert (len(releases), found.state) == ((1, JobState.DONE) if spent else (0, JobState.FAILED))
    assert spent or (found.problem or {})["code"] == Code.RUN_CANCELLED
    answer = world.ask(question)
    world.rest()
    assert check_settled(folder) == (answer.envelope,)
    assert releases in {(), (answer.envelope,)}


def test_who_asks_again_no_longer_wishes_it_cancelled_though_the_server_was_killed(folder: Path, question: bytes) -> None:
    faults = Each(["after"], {"server: writes jobs.queue waiting"})
    world = World(folder, faults)
    with pytest.raises(StillroomError):
        world.ask(question)
    world.restart()
    cancel(world, question)
    faults.left = {("server: writes jobs.put running", "after")}
    with suppress(StillroomError):
        world.ask(question)
    world.rest()
    assert record(world, question).state is JobState.DONE
    assert len(check_settled(folder)) == 1


def test_a_wish_to_cancel_is_kept_with_the_run_and_forgotten_when_it_is_asked_anew(place: str) -> None:
    with created(place).writing() as records:
        records.jobs.queue(JOB)
        records.jobs.put(JOB.model_copy(update={"cancelled": True}))
    store = opened_store(place)
    with store.writing() as records:
        assert records.jobs.get(JOB.job) == JOB.model_copy(update={"cancelled": True})
        records.jobs.resume(1.0)
        taken = records.jobs.next(2.0)
        assert taken is not None
        assert taken.cancelled
        records.jobs.queue(JOB)
    with store.reading() as records:
        assert records.jobs.get(JOB.job) == JOB


def test_runs_of_before_there_were_wishes_are_not_cancelled_and_a_server_of_before_may_go_on_writing(place: str) -> None:
    """The database is migrated while a server of the version before has it open."""
    before = created_at(place, ROOM, "r0005")
    insert = sa.text(
        "INSERT INTO jobs (job, party, question, state, lease, fresh) VALUES (:job, 'insurer', :question, 'waiting', 0, :fresh)"
    )
    old, new = ({"job": f"sha256:{digit * 64}", "question": b"q", "fresh": False} for digit in "12")
    with before.transaction(write=True) as connection:
        connection.execute(insert, old)
    opened_database(place, ROOM)
    with before.transaction(write=True) as connection:
        connection.execute(insert, new)
    with opened_store(place).reading() as records:
        found = [records.jobs.get(str(one["job"])) for one in (old, new)]
    assert [one and one.cancelled for one in found] == [False, False]
