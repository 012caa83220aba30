"""Runs as jobs: what a cancellation is good for, who comes first, and that those who work on them go on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.errors import Code, Refusal
from stillroom.model.record import JobState
from stillroom.room import door
from stillroom.server.jobs import Jobs
from tests.services import question_of, serving, settle

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.record import JobRecord
    from stillroom.room.room import Room


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """A room, which nobody serves any more, and two questions."""
    folder = tmp_path_factory.mktemp("settled")
    with serving(folder) as found:
        settle(found)
        return folder / "room", question_of(found), question_of(found, epsilon=2.0)


@pytest.fixture
def room(tmp_path: Path, settled: tuple[Path, bytes, bytes]) -> Room:
    shutil.copytree(settled[0], tmp_path / "room")
    return bootstrap.open_served_room(tmp_path / "room")[0]


@pytest.fixture
def question(settled: tuple[Path, bytes, bytes]) -> bytes:
    return settled[1]


def idle(room: Room) -> Jobs:
    """Return the jobs of a room, on which nobody works."""
    return Jobs(room, 0, print)


def end(room: Room, job: JobRecord, state: JobState) -> None:
    """Let a job be over."""
    with room.store.writing() as records:
        records.jobs.put(job.model_copy(update={"state": state}))


def cancelled(jobs: Jobs, job: JobRecord) -> bool:
    """Tell whether a job stops at its next step."""
    try:
        jobs.begun(job.job, door.Step.HOLD)
    except Refusal as refusal:
        return refusal.code is Code.RUN_CANCELLED
    return False


def test_a_cancelled_run_stops_at_its_next_step(room: Room, question: bytes) -> None:
    jobs = idle(room)
    job = jobs.ask("insurer", question)
    assert not cancelled(jobs, job)
    jobs.cancel("insurer", job.job)
    assert cancelled(jobs, job)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_to_cancel_a_run_that_is_over_changes_nothing(room: Room, question: bytes, state: JobState) -> None:
    jobs = idle(room)
    job = jobs.ask("insurer", question)
    end(room, job, state)
    before = jobs.get("insurer", job.job)
    jobs.cancel("insurer", job.job)
    assert not cancelled(jobs, job)
    assert jobs.get("insurer", job.job).model_copy(update={"phase": ""}) == before


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.RUNNING, JobState.FAILED])
def test_who_asks_again_no_longer_wishes_it_cancelled(room: Room, question: bytes, state: JobState) -> None:
    jobs = idle(room)
    job = jobs.ask("insurer", question)
    jobs.cancel("insurer", job.job)
    end(room, job, state)
    jobs.ask("insurer", question)
    assert not cancelled(jobs, job)


def test_what_is_asked_again_comes_after_all_that_wait(room: Room, settled: tuple[Path, bytes, bytes]) -> None:
    jobs = idle(room)
    first, second = (jobs.ask("insurer", question) for question in settled[1:])
    end(room, first, JobState.FAILED)
    assert jobs.ask("insurer", first.question).state is JobState.WAITING
    with room.store.reading() as records:
        waiting = records.jobs.next(room.clock.now())
    assert waiting == second
    assert jobs.ask("insurer", second.question) == second, "asked again while it waits, it keeps its place"
    end(room, second, JobState.DONE)
    with room.store.reading() as records:
        assert records.jobs.next(room.clock.now()) == first
