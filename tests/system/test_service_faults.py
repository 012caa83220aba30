"""Agents that die with an errand, messages that come twice, and servers and agents that are killed: nothing is charged twice or lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import Membership
from stillroom.agent.main import open_agent
from stillroom.client.session import open_room
from stillroom.client.verification import verify
from stillroom.errors import StillroomError
from stillroom.ledger.account import Standing
from stillroom.model.record import JobState
from tests.parties import PARTIES, QUESTION
from tests.services import ended, question_of, serving, wish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillroom.client.session import Session

KINDS = ("hold", "commit", "bring", "answer")


@pytest.mark.parametrize("how", ["not done", "done and not answered", "done twice"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_agent_that_dies_with_an_errand_is_followed_by_one_that_gets_it_again(folder: Path, kind: str, how: str) -> None:
    """The clinic's agent fetches errands until one of a kind comes; there it stops, and another process takes over."""
    with serving(folder) as room, room.agents("insurer"):
        mailbox, first = room.service.mailbox, open_agent(folder / "clinic", print)
        mailbox.fetch("clinic", wish(0))
        job = room.service.jobs.ask("insurer", question_of(room)).job
        while True:
            found = [(envelope, first._errands.open(envelope)) for envelope in mailbox.fetch("clinic", wish(30))]
            if any(errand.task.kind == kind for _, errand in found):
                break
            for envelope, _ in found:
                first.take(envelope)
        for _, errand in found:
            if how != "not done":
                first._errands.do(errand)
            if how == "done twice":
                first._errands.do(errand)
        with room.agents("clinic"):
            last = ended(room, job)
        assert last.state is JobState.DONE, last.problem
        check(folder, room.session("insurer"), releases=1)


def check(folder: Path, session: Session, releases: int | None = None) -> None:
    """See that all that was released verifies, that every account has paid for each run once, and that nothing is held."""
    contract, log = session.contract_envelope, session.export_log()
    found = session.releases()
    assert releases in {None, len(found)}
    for release in found:
        assert verify(release.envelope, contract=contract, log=log).accepted
    commits = [entry for entry in session.log() if entry["kind"] == "commit"]
    spent = sum(int(entry["charge"]["rho"]) for entry in commits)
    assert session.budget()[0].spent.rho == spent
    for party in PARTIES:
        (account,) = bootstrap.accounts_of(Home.open(folder / party)).all()
        assert [one for one in account.bookings if one.standing is Standing.HELD] == []
        assert account.spent.rho == spent
        assert list((folder / party).glob(".bring-*")) == []
        assert len({one.reservation for one in account.bookings if one.standing is Standing.COMMITTED}) == len(commits)


# ----------------------------------------------------------------------------------------------- processes that are killed


@dataclass
class Process:
    """A command of ours that runs beside the test, and is killed and started again.

    Attributes:
        arguments: The command.
        process: What it runs in.
        reader: Reads what it writes, so that it never waits for that.
    """

    arguments: tuple[str, ...]
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None

    def start(self) -> str:
        """Start it, and return the first line that it writes."""
        command = [sys.executable, "-m", "stillroom.cli", *self.arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        self.reader = threading.Thread(target=self.process.stdout.read)
        self.reader.start()
        return first

    def kill(self) -> None:
        """Kill it as nothing can be caught, and bury it."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self._bury()

    def end(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self._bury()

    def _bury(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        assert self.reader is not None
        self.process.wait(60)
        self.reader.join(60)
        self.process.stdout.close()


@contextmanager
def processes(folder: Path) -> Iterator[dict[str, Process]]:
    """Run a server and two agents as processes of their own."""
    found = {"server": Process(("serve", str(folder / "room"), "--no-tls", "--log", "off", "--port", "0"))}
    with ExitStack() as stack:
        _serve(folder, found["server"])
        stack.callback(found["server"].end)
        for party in PARTIES:
            found[party] = Process(("agent", "--no-pages", "--home", str(folder / party)))
            stack.callback(found[party].end)
        with ThreadPoolExecutor() as pool:
            assert list(pool.map(Process.start, (found[party] for party in PARTIES))) == ["The agent runs.\n"] * len(PARTIES)
        yield found


def _serve(folder: Path, server: Process) -> None:
    """Start the server, and tell the homes where it is."""
    url = server.start().rpartition(" ")[2].strip()
    for party in PARTIES:
        known = Membership.load(folder / party)
        assert known is not None
        known.model_copy(update={"url": url}).save(folder / party)


def kill_often(folder: Path, victim: str, times: int) -> None:
    """Ask questions while a process is killed again and again, each time a little later; then see that everything adds up."""
    with processes(folder) as found:
        port = found["server"]
        for turn in range(times):
            asked = threading.Thread(target=_ask, args=(folder, 1.0 + turn / 100))
            asked.start()
            time.sleep(0.05 + 0.08 * turn)
            found[victim].kill()
            if victim == "server":
                _restart(folder, port)
            else:
                found[victim].start()
            asked.join(120)
            assert not asked.is_alive()
        for turn in range(times):  # what was interrupted is resumed when it is asked again
            _patiently(folder, 1.0 + turn / 100)
        check(folder, open_room(folder / "insurer"), releases=times)


def _restart(folder: Path, server: Process) -> None:
    """Start the server again at the address that everybody knows."""
    known = Membership.load(folder / "insurer")
    assert known is not None
    server.arguments = (*server.arguments[:-1], known.url.rpartition(":")[2])
    server.start()


def _ask(folder: Path, epsilon: float) -> bool:
    """Ask, and tell whether a release came of it."""
    try:
        open_room(folder / "insurer").ask(QUESTION.replace("AVG(cost) AS c", "SUM(cost) AS c"), epsilon=epsilon)
    except StillroomError:
        return False
    return True


def _patiently(folder: Path, epsilon: float) -> None:
    """Ask until a release comes."""
    for _ in range(60):
        if _ask(folder, epsilon):
            return
        time.sleep(0.5)
    pytest.fail("no release came within a minute")


@pytest.mark.parametrize("victim", ["server", "clinic"])
def test_a_process_that_is_killed_now_and_then_costs_nothing(folder: Path, victim: str) -> None:
    kill_often(folder, victim, 3)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["server", "clinic", "insurer"])
def test_a_process_that_is_killed_twenty_times_costs_nothing(folder: Path, victim: str) -> None:
    kill_often(folder, victim, 20)
