"""Runs as jobs: what a cancellation is good for, who comes first, and that those who work on them go on."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.remote.kept import Kept
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Failed, Refusal
from stillroom.model.record import ENDED_LIMIT, JobRecord, JobState
from stillroom.room import door
from stillroom.server.jobs import LEASE_SECONDS, RESUME_SECONDS, Jobs
from stillroom.server.service import Recovery
from stillroom.server.threads import on_and_on
from tests.rooms import FakeClock, PanicError, SetClock
from tests.services import question_of, serving, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from stillroom.ports import Records, Store
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
    return Jobs(room, 0, print, print)


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


def over(room: Room, party: str) -> list[str]:
    """Keep one job more of a party's than are kept once they are over, and return their names."""
    names = [digest(f"{party} {number}".encode()) for number in range(ENDED_LIMIT + 1)]
    with room.store.writing() as records:
        for name in names:
            records.jobs.put(JobRecord(job=name, party=party, question=b"", state=JobState.FAILED))
    return names


def test_jobs_that_are_over_are_kept_up_to_a_number_for_each_party(room: Room, settled: tuple[Path, bytes, bytes]) -> None:
    jobs = idle(room)
    waiting = jobs.ask("insurer", settled[2])
    mine, others = over(room, "insurer"), over(room, "clinic")
    asked = jobs.ask("insurer", settled[1])
    with room.store.reading() as records:
        assert [records.jobs.get(name) is None for name in mine] == [True, *[False] * ENDED_LIMIT], "the oldest is forgotten"
        assert all(records.jobs.get(name) for name in others), "those of another party stay"
        assert records.jobs.get(waiting.job) == waiting, "what waits stays, however old"
        assert records.jobs.get(asked.job) == asked
    with pytest.raises(Refusal) as caught:
        jobs.get("insurer", mine[0])
    assert caught.value.code is Code.RUN_UNKNOWN


def test_the_text_of_a_question_goes_when_its_job_is_over_and_comes_again_with_whoever_asks_again(room: Room, question: bytes) -> None:
    jobs = Jobs(room, 1, print, print)
    job = jobs.ask("insurer", question)
    jobs.cancel("insurer", job.job)
    assert jobs.get("insurer", job.job).question == question, "it is read until then"
    jobs.start()
    while (found := jobs.get("insurer", job.job)).state is not JobState.FAILED:
        threading.Event().wait(0.01)
    jobs.stop(10)
    assert found.question == b""
    assert found.problem is not None
    assert found.problem["code"] == Code.RUN_CANCELLED
    again = jobs.ask("insurer", question)
    assert (again.job, again.question, again.state) == (job.job, question, JobState.WAITING)
    assert jobs.get("insurer", job.job) == again


class Failing:
    """A store that fails as no store may, some times."""

    def __init__(self, store: Store, *failures: BaseException | None) -> None:
        """Name the store, and how it fails, if it does, each time that it is used; after that it does not."""
        self._store, self._left = store, list(failures)
        self.used = Queue[None]()

    def reading(self) -> AbstractContextManager[Records]:
        """Begin to read, or fail."""
        self._fail()
        return self._store.reading()

    def writing(self) -> AbstractContextManager[Records]:
        """Begin to write, or fail."""
        self._fail()
        return self._store.writing()

    def committing(self) -> AbstractContextManager[tuple[Records, Callable[[], None]]]:
        """Begin to commit, or fail."""
        self._fail()
        return self._store.committing()

    def _fail(self) -> None:
        failure = self._left.pop(0) if self._left else None
        if failure is not None:
            raise failure
        self.used.put(None)


def worked_on(room: Room, question: bytes, *failures: BaseException | None) -> tuple[str, list[str]]:
    """Have a run worked on with a store that fails; return how it ends, and which mistakes were heard of."""
    mistakes, heard = list[BaseException](), Queue[str]()
    jobs = Jobs(replace(room, store=Failing(room.store, *failures)), 1, heard.put, mistakes.append)
    with room.store.writing() as records:
        records.jobs.queue(JobRecord(job=digest(question), party="insurer", question=question))
    jobs.start()
    outcome = heard.get(timeout=60)
    jobs.stop(60)
    record = jobs.get("insurer", digest(question))
    assert record.problem is not None
    assert (record.state, record.problem["code"]) == (JobState.FAILED, outcome)
    assert "value" not in str(record.problem)
    return outcome, [type(one).__name__ for one in mistakes]


def test_who_works_on_runs_goes_on_after_an_error_that_no_rule_foresees(room: Room) -> None:
    outcome, mistakes = worked_on(room, b"no question", RuntimeError("a value"), PanicError("a value"))
    assert outcome == Code.ENVELOPE_INVALID
    assert mistakes == ["RuntimeError", "PanicError"]


@pytest.mark.parametrize("failure", [RuntimeError("a value"), PanicError("a value")])
def test_a_run_with_an_error_that_no_rule_foresees_has_failed_like_any_other(room: Room, question: bytes, failure: BaseException) -> None:
    outcome, mistakes = worked_on(room, question, None, None, failure)
    assert outcome == Code.RUN_FAILED
    assert mistakes == [], "what it is may depend on rows"


def test_who_recovers_goes_on_after_an_error_that_no_rule_foresees(room: Room, tmp_path: Path) -> None:
    store, mistakes = Failing(room.store, RuntimeError("a value")), Queue[BaseException]()
    recovery = Recovery(replace(room, store=store), Kept(store, room.clock, tmp_path / "kept", 0), mistakes.put, 0.01)
    recovery.start()
    assert isinstance(mistakes.get(timeout=60), RuntimeError)
    store.used.get(timeout=60)
    recovery.stop(60)


def test_nobody_who_can_be_told_is_no_reason_to_stop() -> None:
    stopped, steps = threading.Event(), list[int]()

    def step() -> None:
        steps.append(1)
        if len(steps) > 1:
            stopped.set()
        raise RuntimeError

    def told(error: BaseException) -> None:
        raise BrokenPipeError from error

    on_and_on(step, stopped, told, 0.0)
    assert len(steps) == 2


def test_what_was_answered_is_asked_at_the_door_again(room: Room, question: bytes) -> None:
    """Data, decisions and the room may have changed since: only the door knows what the question is answered by now."""
    jobs = idle(room)
    job = jobs.ask("insurer", question)
    end(room, job, JobState.DONE)
    assert jobs.ask("insurer", question).state is JobState.WAITING


def test_one_worker_is_always_left_to_other_parties(room: Room, settled: tuple[Path, bytes, bytes]) -> None:
    """A party whose agent does not bring what its own questions read holds up its own runs, and nobody else's."""
    jobs = Jobs(room, 3, print, print)
    mine = [JobRecord(job=f"sha256:{number:064x}", party="insurer", question=settled[1]) for number in range(3)]
    with room.store.writing() as records:
        for one in (*mine, JobRecord(job="sha256:" + "f" * 64, party="clinic", question=settled[2])):
            records.jobs.queue(one)
    taken = [jobs._taken() for _ in range(4)]
    assert [one.party for one in taken if one is not None] == ["insurer", "insurer", "clinic"]
    assert jobs.get("insurer", mine[2].job).state is JobState.WAITING


@pytest.mark.parametrize("set_by", [-1e6, 1e6])
def test_a_clock_that_is_set_neither_ends_a_lease_nor_keeps_it(room: Room, question: bytes, set_by: float) -> None:
    clock = SetClock(room.clock.now())
    mine, other = (Jobs(replace(room, clock=clock), 2, print, print) for _ in range(2))
    mine.ask("insurer", question)
    assert mine._taken() is not None
    clock.moment += set_by
    assert other._taken() is None
    clock.passed += LEASE_SECONDS + 1
    assert other._taken() is not None


def test_leases_of_a_server_before_are_given_a_moment_of_this_one_also_where_the_store_is_away(room: Room, question: bytes) -> None:
    clock = SetClock(room.clock.now())
    job = idle(room).ask("insurer", question)
    with room.store.writing() as records:
        records.jobs.put(job.model_copy(update={"state": JobState.RUNNING, "lease": 1e9}))
    away = Failing(room.store, Failed(Code.STORE_FAILED, "It is away.", "Wait."))
    jobs = Jobs(replace(room, clock=clock, store=away), 2, print, print)
    jobs.resume()
    assert jobs._taken() is None
    clock.passed += RESUME_SECONDS + 1
    assert jobs._taken() is not None


def test_a_clock_that_is_set_forward_lets_nobody_take_its_own_run_twice(room: Room, question: bytes) -> None:
    clock = FakeClock(room.clock.now())
    mine, other = (Jobs(replace(room, clock=clock), 2, print, print) for _ in range(2))
    job = mine.ask("insurer", question)
    assert mine._taken() is not None
    clock.moment += 2 * LEASE_SECONDS
    assert mine._taken() is None
    taken = other._taken()
    assert taken is not None
    assert taken.job == job.job
