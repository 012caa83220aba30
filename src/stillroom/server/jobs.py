"""Runs as jobs: kept in the room's store, worked on by threads, resumed after a crash, and heard of phase by phase.

A job is a signed question, and to work on it is to take it through the door, which may be done again at any time: what was committed is
not charged twice. So a job whose worker died is simply taken up once its lease has run out, or soon after a server starts. A wish to cancel
a job is kept with it before it is answered, so that whoever takes it up later knows: it stops before its commit, and what an earlier server
has committed goes on.

Anybody who may ask can ask for as much as a server takes in, at no charge if the door refuses it. So what stays has an end: the text of a
question goes when its job is over, and so many jobs of a party that are over are kept. To ask again is to send the question again.

Leases are by the steady clock, which nobody sets. It means nothing to a later process; but one process serves a room, and gives all leases
that it finds a moment of its own before it takes up anything.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from stillroom.adapters.http.problem import problem_of
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Failed, Refusal, StillroomError
from stillroom.model.record import JobRecord, JobState
from stillroom.room import checks, door
from stillroom.room.stages import Released
from stillroom.server.access import not_allowed
from stillroom.server.followers import Followers
from stillroom.server.threads import on_and_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.room.room import Room

LEASE_SECONDS = 60.0
"""How long a worker has a job without renewing its lease."""

RENEW_SECONDS = 15.0

RESUME_SECONDS = 5.0
"""How long after its start a server leaves the jobs of the one before alone: agents have to come back, or the jobs would fail for want of
them."""

MOST = 20
"""So many jobs of one party may be under way."""

OVER = frozenset({JobState.DONE, JobState.FAILED})


class Jobs:
    """The runs that a server was asked for.

    Attributes:
        followers: Who follows runs.
        changes: Counts changes of runs, for whoever follows one.
    """

    def __init__(self, room: Room, workers: int, heard: Callable[[str], None], mistake: Callable[[BaseException], None]) -> None:
        """Say whose door they go through; `start` lets threads work on them.

        Args:
            room: The room.
            workers: How many runs are measured at a time.
            heard: Hears of each run that is over: `done`, or the code that it failed with.
            mistake: Hears of each error that no rule foresees, outside of runs.
        """
        self._room, self._workers, self._heard, self._mistake = room, workers, heard, mistake
        self.followers, self.changes = Followers(), 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._cancelled: set[str] = set()
        self._phase: dict[str, str] = {}
        self._mine: dict[str, str] = {}
        self._threads: list[threading.Thread] = []
        self._to_resume = False

    def resume(self) -> None:
        """Let what a server before has left be taken up, once agents have had time to come. One process serves a room: that one has ended.

        Where the store is away now, that is done before the first job is taken up.
        """
        self._to_resume = True
        with suppress(StillroomError):
            with self._room.store.writing() as records:
                records.jobs.resume(self._room.clock.steady() + RESUME_SECONDS)
            self._to_resume = False

    def start(self) -> None:
        """Begin to work."""
        tasks = [self._work] * self._workers + [self._renew]
        self._threads = [threading.Thread(target=on_and_on, args=(task, self._stopped, self._mistake), daemon=True) for task in tasks]
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Take no more jobs, and wait for those that are worked on; a later server resumes what is not over by then."""
        self._stopped.set()
        self._tell()
        for thread in self._threads:
            thread.join(seconds)

    def ask(self, party: str, question: bytes) -> JobRecord:
        """Take a signed question of a party. One whose run is over goes to the door again, behind all others.

        What it finds there depends on contract, decisions and data of now: the same release, for nothing, or another one. An older wish to
        cancel it is over.

        Raises:
            Refusal: `NOT_ALLOWED` if somebody else signed it, `TOO_MANY_REQUESTS` if the party has too many jobs under way; or as
                `stillroom.room.checks.authenticate`.
        """
        asked = checks.authenticate(self._room, question)
        if asked.question.asked_by != party:
            raise not_allowed()
        with self._room.store.writing() as records:
            known = records.jobs.get(digest(question))
            if known is None or known.state in OVER:
                if records.jobs.working(party) >= MOST:
                    raise Refusal(Code.TOO_MANY_REQUESTS, "Too many runs of yours are under way.", "Wait until one of them is over.")
                known = JobRecord(job=digest(question), party=party, question=question)
                records.jobs.queue(known)
            elif known.cancelled:
                known = known.model_copy(update={"cancelled": False})
                records.jobs.put(known)
            with self._changed:
                self._cancelled.discard(known.job)
        self._tell()
        return known

    def get(self, party: str, job: str) -> JobRecord:
        """Return a job of a party.

        Raises:
            Refusal: `RUN_UNKNOWN` if there is none of that party's.
        """
        with self._room.store.reading() as records:
            record = records.jobs.get(job)
        if record is None or record.party != party:
            raise Refusal(Code.RUN_UNKNOWN, "There is no such run of yours.", "Ask the question; the answer names its run.")
        with self._changed:
            return record.model_copy(update={"phase": self._phase.get(job, "")})

    def cancel(self, party: str, job: str) -> None:
        """Stop a job before its commit; after that it goes on, since its charge is spent. One that is over stays what it is.

        The wish is kept when this returns, and outlives this process. It fails as `get` does, and with `STORE_FAILED`.
        """
        self.get(party, job)
        with self._room.store.writing() as records:
            present = records.jobs.get(job)
            if present is None or present.state in OVER:
                return
            records.jobs.put(present.model_copy(update={"cancelled": True}))
            with self._changed:
                self._cancelled.add(job)

    def _work(self) -> None:
        """Work on the next job, or wait a moment for one."""
        record = self._taken()
        if record is not None:
            self._done(record)
            return
        with self._changed:
            if not self._stopped.is_set():
                self._changed.wait(1.0)

    def _taken(self) -> JobRecord | None:
        """Lease the next job. One worker is always left to other parties: owners who are away hold up their own runs alone."""
        if self._to_resume:
            self.resume()
        now = self._room.clock.steady()
        with self._changed:
            mine = tuple(self._mine)
            busy = [party for party, number in Counter(self._mine.values()).items() if number >= max(1, self._workers - 1)]
        try:
            with self._room.store.reading() as records:
                if records.jobs.next(now, busy, mine) is None:
                    return None
            with self._room.store.writing() as records:
                record = records.jobs.next(now, busy, mine)
                if record is None:
                    return None
                taken = record.model_copy(update={"state": JobState.RUNNING, "lease": now + LEASE_SECONDS})
                records.jobs.put(taken)
                if taken.cancelled:
                    with self._changed:
                        self._cancelled.add(taken.job)
        except StillroomError:
            return None
        with self._changed:
            self._mine[taken.job] = taken.party
        return taken

    def _done(self, record: JobRecord) -> None:
        """Take a job through the door, and keep what comes of it."""
        try:
            self._let_go_on(record)
            found = door.ask(self._room, record.question, door.Discreet(_Phases(self, record.job)))
            outcome = _outcome(found)
        except StillroomError as error:
            outcome = {"state": JobState.FAILED, "problem": problem_of(error).to_json()}
        except BaseException:  # noqa: BLE001 - what else an error says, also of an engine that panics, may depend on rows: nobody hears it
            failed = Failed(Code.RUN_FAILED, "The run did not finish. What was committed stays so.", "Ask again, which resumes it.")
            outcome = {"state": JobState.FAILED, "problem": problem_of(failed).to_json()}
        with self._changed:
            self._mine.pop(record.job, None)
            self._cancelled.discard(record.job)
            self._phase.pop(record.job, None)
        self._keep(record.job, {**outcome, "question": b""})
        self._heard(_told(outcome))

    def _let_go_on(self, record: JobRecord) -> None:
        """Forget a wish to cancel what is committed: it came too late, or an earlier server has ended in between."""
        with self._changed:
            if record.job not in self._cancelled:
                return
        with suppress(StillroomError):  # what the door refuses now goes on in no case, and stops as its party wishes
            if door.is_committed(self._room, record.question):
                with self._changed:
                    self._cancelled.discard(record.job)

    def _keep(self, job: str, changes: dict[str, object]) -> None:
        """Keep a change of a job, and tell whoever waits; if the store does not take it, the job is taken up again later."""
        try:
            with self._room.store.writing() as records:
                present = records.jobs.get(job)
                if present is not None:
                    records.jobs.put(present.model_copy(update=changes))
        except StillroomError:
            return
        self._tell()

    def _renew(self) -> None:
        """Renew the leases of jobs that are worked on here, after a while."""
        if self._stopped.wait(RENEW_SECONDS):
            return
        with self._changed:
            mine = tuple(self._mine)
        for job in mine:
            self._keep(job, {"lease": self._room.clock.steady() + LEASE_SECONDS})

    def _tell(self) -> None:
        with self._changed:
            self.changes += 1
            self._changed.notify_all()

    def begun(self, job: str, phase: str) -> None:
        """Take note of the phase that a job has come to; stop it there if it was cancelled.

        Raises:
            Refusal: `RUN_CANCELLED`.
        """
        with self._changed:
            if job in self._cancelled and phase not in _COMMITTED:
                raise Refusal(Code.RUN_CANCELLED, "The run was cancelled. What was committed before stays so.", "Ask again to run it.")
            self._phase[job] = phase
        self._tell()


_COMMITTED = frozenset({door.Step.SETTLE, door.Step.MEASURE})
"""Phases in which the charge is spent."""


class _Phases:
    """Hears of the steps of one job."""

    def __init__(self, jobs: Jobs, job: str) -> None:
        """Say whose they are."""
        self._jobs, self._job = jobs, job

    def step(self, name: str) -> None:
        """Take note of a step."""
        self._jobs.begun(self._job, name)


def _outcome(found: object) -> dict[str, object]:
    """Return what is kept of an answer."""
    if not isinstance(found, Released):
        refusal = Refusal(Code.RELEASE_INVALID, "This room rehearses: its noise does not protect.", "Ask in a room with genuine noise.")
        return {"state": JobState.FAILED, "problem": problem_of(refusal).to_json()}
    return {"state": JobState.DONE, "reservation": found.reservation, "fresh": found.fresh, "problem": None}


def _told(outcome: dict[str, object]) -> str:
    """Return an outcome in one word."""
    problem = outcome["problem"]
    return str(problem["code"]) if isinstance(problem, dict) else "done"
