"""Steps at which a process of a served room may be killed, and messages that may be lost: real ports, each of which counts what it does.

A step is a durable change, a message, or work in between. A world is run once to hear of all steps; then again, and some go wrong. A
process that is killed does nothing more: each further step fails, too, whatever is still tried while its calls unwind.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from stillroom.adapters.home.watch import Watch
from stillroom.adapters.remote.mailbox import Mailbox
from stillroom.adapters.sql_store.accounts import SqlAccounts
from stillroom.model.errand import Bring
from stillroom.model.record import JobRecord, RunRecord, RunState
from stillroom.server.jobs import Jobs
from tests.parties import PARTIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from stillroom.adapters.home.watch import Seen
    from stillroom.adapters.remote.mailbox import _Waiting
    from stillroom.ledger.account import Purpose
    from stillroom.model.charge import Charge
    from stillroom.model.errand import Errand, Reply
    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading
    from stillroom.model.selection import Measurement
    from stillroom.ports import AdmittedTable, Clock, Protection, Records, Store, Tables
    from stillroom.room.room import Room
    from stillroom.room.statement import HoldStatement, LapseStatement

SERVER = "server"
FOLDERS = {SERVER: "room", **{party: party for party in PARTIES}}
"""Processes that may be killed, and what each keeps its files in."""

CHANGES = frozenset(
    {
        *("put", "queue", "resume", "add", "advance", "settle", "keep_release", "append", "keep_statements", "keep_checkpoint"),
        *("keep_cosignature", "spend", "spend_as", "open", "refused", "clear_refusals", "keep_raises", "ask", "decide", "remove"),
    }
)
"""What changes records (`stillroom.ports.records`)."""


class KilledError(Exception):
    """The process is no more."""


HOWS = ("lost", "unheard", "again", "late")
"""What goes wrong with a message: it does not arrive; it arrives, and the answer does not; it arrives twice, and the second answer comes
back; it seems lost, arrives behind the next one, and once more at the very end."""


class Faults(Protocol):
    """What goes wrong."""

    def __call__(self, number: int, step: Step, how: str) -> bool:
        """Tell whether something does, in this way.

        Args:
            number: How many steps began before this one.
            step: The step.
            how: `before` or `after`: its process is killed as it begins, or once it is done. Or one of `HOWS`, for a message.
        """
        ...


@dataclass
class Step:
    """What a process does.

    Attributes:
        process: Which: the server, or a party's agent; `asker` for whoever asks.
        name: What it does.
        message: Whether it sends a message, and waits for the answer.
    """

    process: str
    name: str
    message: bool = False

    def __str__(self) -> str:
        """Say who does what."""
        return f"{self.process}: {self.name}"


class At:
    """Lets one step go wrong."""

    def __init__(self, number: int, how: str) -> None:
        """Say which, and how."""
        self._one = number, how

    def __call__(self, number: int, step: Step, how: str) -> bool:
        """Is it this one?"""
        del step
        return (number, how) == self._one


class Each:
    """Lets each kind of step go wrong, once in each of some ways.

    Attributes:
        left: What has not gone wrong yet, and how it will.
    """

    def __init__(self, hows: Iterable[str], steps: Iterable[str]) -> None:
        """Say how, and which steps."""
        self.left = {(one, how) for one in steps for how in hows}

    def __call__(self, number: int, step: Step, how: str) -> bool:
        """Is it its turn?"""
        del number
        found = (str(step), how) in self.left
        self.left.discard((str(step), how))
        return found


class Steps:
    """Counts steps, and lets some of them go wrong.

    Attributes:
        heard: All steps so far.
        dead: Processes that were killed, and not started again.
    """

    def __init__(self, faults: Faults, buried: Callable[[str], None]) -> None:
        """Say what goes wrong, and who hears of a process as it is killed."""
        self._faults, self._buried = faults, buried
        self.heard: list[Step] = []
        self.dead: set[str] = set()

    @contextmanager
    def step(self, process: str, name: str, *, message: bool = False) -> Iterator[tuple[Step, str]]:
        """Do a step; yield it with what happens to its message, if anything does.

        Raises:
            KilledError: Its process is killed here, or was before.
        """
        self.check(process)
        number, found = len(self.heard), Step(process, name, message)
        self.heard.append(found)
        self._kill(number, found, "before")
        how = next((how for how in HOWS if message and self._faults(number, found, how)), "")
        try:
            yield found, how
        finally:
            self._kill(number, found, "after")

    def check(self, process: str) -> None:
        """Fail where a process is dead.

        Raises:
            KilledError: It is.
        """
        if process in self.dead:
            raise KilledError

    def _kill(self, number: int, step: Step, when: str) -> None:
        if step.process in FOLDERS and step.process not in self.dead and self._faults(number, step, when):
            self.dead.add(step.process)
            self._buried(step.process)
            raise KilledError


class SteppedStore:
    """A store whose writing transactions are steps, named by what they change."""

    def __init__(self, store: Store, steps: Steps) -> None:
        """Wrap a store."""
        self._store, self._steps = store, steps

    @contextmanager
    def reading(self) -> Iterator[Records]:
        """Read."""
        self._steps.check(SERVER)
        with self._store.reading() as records:
            yield records

    @contextmanager
    def writing(self) -> Iterator[Records]:
        """Write."""
        noted = dict[str, None]()
        with self._steps.step(SERVER, "writes") as (step, _):
            try:
                with self._store.writing() as records:
                    yield Noting(records, noted)
            finally:
                step.name = f"writes {', '.join(noted) or 'nothing'}"

    @contextmanager
    def committing(self) -> Iterator[tuple[Records, Callable[[], None]]]:
        """Commit."""
        noted = dict[str, None]()
        with self._steps.step(SERVER, "writes") as (step, _):
            try:
                with self._store.committing() as (records, take_turn):
                    yield Noting(records, noted), take_turn
            finally:
                step.name = f"writes {', '.join(noted) or 'nothing'}"


class Noting:
    """Records, or a part of them, whose changes are noted by their names, with the state that they lead to."""

    def __init__(self, found: object, noted: dict[str, None], name: str = "") -> None:
        """Wrap them."""
        self._found, self._noted, self._name = found, noted, name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever that is
        found = getattr(self._found, name)
        if not self._name:
            return Noting(found, self._noted, name)
        if name not in CHANGES:
            return found

        def changed(*arguments: Any) -> Any:  # noqa: ANN401 - as above
            states = [str(getattr(one, "state", one)) for one in arguments if isinstance(one, JobRecord | RunRecord | RunState)]
            self._noted[" ".join([f"{self._name}.{name}", *states[:1]])] = None
            return found(*arguments)

        return changed


class SteppedTables:
    """Tables whose coming is a step."""

    def __init__(self, tables: Tables, steps: Steps) -> None:
        """Wrap them."""
        self._tables, self._steps = tables, steps

    @contextmanager
    def opened(self, plan: Plan, reading: Reading) -> Iterator[Mapping[str, AdmittedTable]]:
        """Have them brought."""
        with ExitStack() as stack:
            with self._steps.step(SERVER, "gathers data"):
                tables = stack.enter_context(self._tables.opened(plan, reading))
            yield tables


class SteppedProtection:
    """A protection whose measuring is a step."""

    def __init__(self, protection: Protection, steps: Steps) -> None:
        """Wrap it."""
        self.name, self.genuine, self.sampler = protection.name, protection.genuine, protection.sampler
        self._protection, self._steps = protection, steps

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what it lacks."""
        return self._protection.lacking(plan)

    def measure(self, plan: Plan, charge: Charge, reading: Reading) -> Measurement:
        """Measure."""
        with self._steps.step(SERVER, "measures"):
            return self._protection.measure(plan, charge, reading)


class SteppedJobs(Jobs):
    """Jobs on which whoever says so works, and of which each event is a step."""

    steps: Steps

    def work(self) -> None:
        """Work on all jobs that are ready."""
        while (record := self._taken()) is not None:
            self._done(record)

    def _tell(self) -> None:
        with self.steps.step(SERVER, "tells followers"):
            super()._tell()


class Passing(threading.Event):
    """An event for which nobody waits by the machine's clock."""

    def __init__(self, passes: Callable[[threading.Event, float], None]) -> None:
        """Say what happens while time passes."""
        super().__init__()
        self._passes = passes

    def wait(self, timeout: float | None = None) -> bool:
        """Let time pass."""
        self._passes(self, timeout or 0.0)
        return self.is_set()


class SteppedMailbox(Mailbox):
    """A mailbox in which agents are waited for by having them come, and data are brought one after the other."""

    def __init__(self, clock: Clock, steps: Steps, come: Callable[[str, threading.Event, float], None]) -> None:
        """Say what happens while somebody waits for a party's answer."""
        super().__init__(clock)
        self._steps, self._come = steps, come
        self._turn, self._carried = threading.Condition(), 0

    def send(self, errand: Errand, envelope: bytes, seconds: float) -> Reply:
        """Send an errand, and wait for the answer."""
        with self._in_turn(errand), self._steps.step(SERVER, f"asks for {errand.task.kind}"):
            return super().send(errand, envelope, seconds)

    @contextmanager
    def _in_turn(self, errand: Errand) -> Iterator[None]:
        """Let datasets of a run be brought in the order of their names, so that each run has the same steps."""
        if not isinstance(errand.task, Bring):
            yield
            return
        datasets = sorted(errand.task.grounds.versions)
        place = datasets.index(errand.task.dataset)
        with self._turn:
            self._turn.wait_for(lambda: self._carried % len(datasets) == place)
        try:
            yield
        finally:
            with self._turn:
                self._carried += 1
                self._turn.notify_all()

    def _await(self, waiting: _Waiting, seconds: float) -> None:
        """Wait; before this step the errand is posted, and after it the answer is there, or will not come."""
        with self._steps.step(SERVER, f"waits for {waiting.errand.task.kind}"):
            waiting.done = Passing(lambda event, passed: self._come(waiting.errand.party, event, passed))
            super()._await(waiting, seconds)

    def _wait(self, until: Callable[[], bool], seconds: float) -> None:
        """Keep no agent waiting."""


class SteppedAccounts(SqlAccounts):
    """Accounts whose changes are steps of their owner's agent."""

    steps: Steps

    def hold(self, wanted: HoldStatement, envelope: bytes, purpose: Purpose | None = None) -> bytes:
        """Hold."""
        with self.steps.step(self.owner, "holds"):
            return super().hold(wanted, envelope, purpose)

    def commit(self, reservation: str, population: str) -> None:
        """Commit."""
        with self.steps.step(self.owner, "commits"):
            super().commit(reservation, population)

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Answer."""
        with self.steps.step(self.owner, "notes the release"):
            super().answer(reservation, population, release)

    def lapse(self, lapsed: LapseStatement, envelope: bytes) -> tuple[bytes, bytes] | None:
        """Lapse."""
        with self.steps.step(self.owner, "lets lapse"):
            return super().lapse(lapsed, envelope)


class SteppedWatch(Watch):
    """A watch whose memory is a step of its party's agent."""

    steps: Steps
    party: str

    def _keep(self, seen: Seen) -> None:
        with self.steps.step(self.party, "remembers a head"):
            super()._keep(seen)


def stepped_jobs(room: Room, steps: Steps) -> SteppedJobs:
    """Return the jobs of a room."""
    jobs = SteppedJobs(room, 0, lambda _: None, lambda _: None)
    jobs.steps = steps
    return jobs
