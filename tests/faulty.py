"""A served room with its parties' agents, in one thread and by a clock that nobody waits for, in which steps go wrong (`tests.faults`).

The server is the real application, the agents are real agents, and what goes between them is real HTTP that no socket carries.
"""

from __future__ import annotations

import asyncio
import math
import re
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx

from stillroom import bootstrap
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.log_copy import LogCopy
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.home.presence import BRINGING, enter
from stillroom.adapters.http.channel import Channel, base_of
from stillroom.adapters.http.deadline import Deadline
from stillroom.adapters.limits import read_limits
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.adapters.remote.sender import TICKET_SIZE, Sender
from stillroom.adapters.remote.tables import RemoteTables
from stillroom.adapters.remote.vault import RemoteVaults
from stillroom.adapters.vault import LocalVault
from stillroom.agent.agent import Agent, ChannelCarrier
from stillroom.agent.errands import Errands
from stillroom.agent.holds import Holds
from stillroom.agent.own_pause import OwnPause
from stillroom.agent.witness import Proofs, WitnessingAgent
from stillroom.client.http_access import HttpAccess
from stillroom.errors import Code, Failed, StillroomError
from stillroom.protections.server import ServerProtection
from stillroom.room import extract, recovery
from stillroom.room.door import Silent
from stillroom.room.parties import names
from stillroom.room.recovery import GRACE_SECONDS
from stillroom.room.room import Genuine, Room
from stillroom.server.app import make_app
from stillroom.server.jobs import RESUME_SECONDS
from stillroom.server.journal import Journal, LogFormat
from stillroom.server.rates import Limits, Rates
from stillroom.server.replays import Replays
from stillroom.server.service import Service
from stillroom.server.telemetry import Telemetry
from tests.faults import (
    FOLDERS,
    SERVER,
    KilledError,
    SteppedAccounts,
    SteppedMailbox,
    SteppedProtection,
    SteppedStore,
    SteppedTables,
    SteppedWatch,
    Steps,
    stepped_jobs,
)
from tests.parties import PARTIES
from tests.rooms import FakeClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from stillroom.client.access import Answer
    from tests.faults import Faults

LEFT = {SERVER: bootstrap.INCOMING, **dict.fromkeys(PARTIES, f"{BRINGING}*")}
"""What a process that is killed leaves behind, in its folder, though it would clear it away if it lived."""


class Application(httpx.BaseTransport):
    """Carries requests to an application of this process.

    Attributes:
        copies: How often the next request arrives; the last answer is what comes back.
    """

    def __init__(self, app: FastAPI) -> None:
        """Name it."""
        self._app, self.copies = httpx.ASGITransport(app, raise_app_exceptions=False), 1

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return its answer."""

        async def answered() -> httpx.Response:
            sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            found = await self._app.handle_async_request(sent)
            return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(await found.aread()))

        while self.copies > 1:
            self.copies -= 1
            asyncio.run(answered())
        return asyncio.run(answered())


class Wire(Channel):
    """A channel of a process to the server of a world."""

    def __init__(self, world: World, process: str, home: Home) -> None:
        """Name the process, and its home. Nothing is connected, and so no certificates are looked at."""
        membership = membership_of(home.path)
        self.key, self._room, self._base = home.signing_key, membership.key, base_of(membership.url)
        self._clock, self._entropy = world.clock, SystemEntropy()
        self._deadline = Deadline(world.clock)
        self.world, self.process = world, process

    def send(self, method: str, path: str, body: bytes | None, *, seconds: float = 60.0) -> bytes:
        """Send a request."""
        return self.world.carry(
            self, f"{method} {place(path)}{self.world.about(path)}", lambda: super(Wire, self).send(method, path, body, seconds=seconds)
        )

    def put_file(self, path: str, file: Path, *, seconds: float) -> None:
        """Send a file, as it is now, whenever it arrives."""
        copy = self.world.folder / f"sent-{len(self.world.steps.heard)}"

        def sent() -> bytes:
            super(Wire, self).put_file(path, copy, seconds=seconds)
            return b""

        shutil.copyfile(file, copy)
        self.world.carry(self, f"PUT {place(path)}", sent)

    @contextmanager
    def events(self, path: str, *, seconds: float) -> Iterator[Iterator[str]]:
        """Follow a run: it is worked on meanwhile."""
        self.world.work()
        found = self.get(path, seconds=seconds)
        yield (line.removeprefix("data: ") for line in found.decode().splitlines() if line.startswith("data: "))


def place(path: str) -> str:
    """Return a path, without what it names."""
    return re.sub(r"(?:sha256:)?[0-9a-f]{32,64}|[0-9][0-9./p]*", "…", path.removeprefix("/v1"))


class World:
    """A server and the agents of all parties.

    Attributes:
        folder: Where the room and all homes are.
        clock: The one clock.
        steps: All steps.
        until: When the server waits no longer for anybody.
        room: The room, as the server has it that runs.
    """

    def __init__(self, folder: Path, faults: Faults) -> None:
        """Start a server, and each party's agent as it is wanted."""
        self.folder, self.clock = folder, FakeClock(float(int(time.time())))
        self.steps, self.until = Steps(faults, self._leave), math.inf
        self._late: list[Callable[[], object]] = []
        self._agents: dict[str, Agent] = {}
        self._client = httpx.Client()
        self.serve()
        self.turns()

    # ---------------------------------------------------------------------------------------------------------- the server

    def serve(self) -> None:
        """Start the server, which may be killed at once."""
        self.steps.dead.discard(SERVER)
        self._return(SERVER)
        with suppress(KilledError):
            self._serve()

    def _serve(self) -> None:
        path = self.folder / "room"
        real, _, kept = bootstrap.open_served_room(path)
        self.mailbox = SteppedMailbox(self.clock, self.steps, self._pass)
        sender = Sender(real.notary, self.mailbox, SystemEntropy())
        store = SteppedStore(real.store, self.steps)
        tables = RemoteTables(store, sender, path / bootstrap.INCOMING, kept, lambda index: extract.proof(self.room, [index]))
        engine = bootstrap.choose_engine(path).made(read_limits(path))
        protection = ServerProtection(engine, OpendpNoise(), SteppedTables(tables, self.steps))
        outlet = Genuine(SteppedProtection(protection, self.steps), bootstrap.room_key(path))
        self.room = Room(real.notary, outlet, store, RemoteVaults(sender, lambda: names(store)), self.clock)
        self._jobs, replays = stepped_jobs(self.room, self.steps), Replays(self.clock)
        most = Rates(self.clock, per_second=10**6, burst=10**6)
        service = Service(
            room=self.room,
            mailbox=self.mailbox,
            jobs=self._jobs,
            replays=replays,
            limits=Limits(addresses=most, keys=most, strangers=most, joins=most, statements=most, switches=most),
            incoming=path / bootstrap.INCOMING,
            kept=kept,
            certificate=None,
            telemetry=Telemetry(self.room, self.mailbox, Journal(LogFormat.OFF, self.clock)),
            body_limit=5_000_000,
            file_limit=5_000_000,
            reserve=0,
        )
        self._jobs.resume()
        self.clock.sleep_until(replays.began)
        self._application = Application(make_app(service))
        self._client = httpx.Client(transport=self._application)

    def work(self) -> None:
        """Let the server work on what is asked, as long as it lives."""
        with suppress(KilledError):
            self.steps.check(SERVER)
            self._jobs.work()

    # ---------------------------------------------------------------------------------------------------------- the agents

    def turns(self) -> None:
        """Let each agent come once."""
        for party in PARTIES:
            self._come(party)

    def _come(self, party: str) -> None:
        self.agent(party).turn()

    def agent(self, party: str) -> Agent:
        """Return a party's agent; a new one if it was killed."""
        if party in self.steps.dead or party not in self._agents:
            self._agents.pop(party, None)
            self.steps.dead.discard(party)
            self._return(party)
            self._agents[party] = self._opened(party)
        return self._agents[party]

    def _opened(self, party: str) -> Agent:
        path = self.folder / party
        home, membership = Home.open(path), membership_of(path)
        found = bootstrap.accounts_of(home)
        book = SteppedAccounts(found.owner, found._database)
        channel = Wire(self, party, home)
        watch = SteppedWatch(path, membership.name, membership.key, Proofs(channel))
        book.steps = watch.steps = self.steps
        watch.party = party
        entropy = SystemEntropy()
        vault, carrier = LocalVault(book, home.signing_key), ChannelCarrier(channel)
        errands = Errands(home, membership, vault, book, carrier, watch, self.clock, entropy)
        witness = WitnessingAgent(home, watch, channel, self.clock)
        copy = LogCopy(path, membership.name, membership.key, watch)
        holds = Holds(home, vault, book, watch, channel, self.clock, copy)
        pause = OwnPause(home, channel, membership.identity, self.clock)
        agent = Agent(channel, errands, book, witness, lambda _: None, lambda: entropy.token(TICKET_SIZE).hex(), self.clock, holds, pause)
        enter(path, agent)
        return agent

    def _pass(self, party: str, event: threading.Event, seconds: float) -> None:
        """Let agents come while the server waits for one of them, and time pass if that did not help."""
        if self.clock.moment > self.until:
            raise TimeoutError
        self._come(party)
        if not event.is_set():
            self.turns()
            self.clock.moment += 0.0 if event.is_set() else seconds
        self.steps.check(SERVER)

    # ---------------------------------------------------------------------------------------------------------- messages

    def about(self, path: str) -> str:
        """Return what kind of errand a message answers: to lose the answer to a commit is another fault than to lose that to a hold."""
        errand = self.mailbox.errand(path.removeprefix("/v1/errands/"))
        return "" if errand is None else f" {errand.task.kind}"

    def carry(self, wire: Wire, name: str, send: Callable[[], bytes]) -> bytes:
        """Carry a message to the server that lives then, and its answer back.

        Raises:
            Failed: `SERVER_UNAVAILABLE` where one of them is lost.
        """

        def delivered() -> bytes:
            wire._client = self._client
            return self._taken(name, send)

        with self.steps.step(wire.process, f"sends {name}", message=True) as (_, how):
            if how == "late":
                self._late = [delivered, delivered]
            if how in {"lost", "late"}:
                raise unreachable()
            if how == "again":
                self._application.copies = 2
            answer = delivered()
            if how == "unheard":
                raise unreachable()
        self.arrive(1)
        return answer

    def _taken(self, name: str, send: Callable[[], bytes]) -> bytes:
        """Let the server answer, unless it is killed meanwhile."""
        try:
            with self.steps.step(SERVER, f"takes {name}"):
                found = send()
                self.steps.check(SERVER)
                return found
        except KilledError:
            raise unreachable() from None

    # ---------------------------------------------------------------------------------------------------------- what is asked

    def ask(self, question: bytes) -> Answer:
        """Ask as the insurer. It fails as `HttpAccess.ask` does."""
        home = Home.open(self.folder / "insurer")
        return HttpAccess(Wire(self, "asker", home), home, membership_of(home.path)).ask(question, Silent())

    def restart(self) -> None:
        """Start what was killed, and let so much time pass that what a server has left may be taken up."""
        if SERVER in self.steps.dead:
            self.serve()
        self.turns()
        self.clock.moment += RESUME_SECONDS + 1

    def rest(self) -> None:
        """Let everything come to rest, though nobody asks."""
        while True:
            self.restart()
            self.work()
            self.arrive(0)
            self.work()  # a question that arrives once more is looked up once more
            self.clock.moment += GRACE_SECONDS
            self.turns()
            with suppress(KilledError):
                recovery.recover(self.room)
            if not self.steps.dead:
                return

    def arrive(self, left: int) -> None:
        """Let late messages arrive, but for some that are later still; whoever sent them hears nothing."""
        while len(self._late) > left:
            with suppress(StillroomError):
                self._late.pop()()

    # ---------------------------------------------------------------------------------------------------------- what is left

    def _leave(self, process: str) -> None:
        """Keep what a process has on disk that it would clear away."""
        for found in (self.folder / FOLDERS[process]).glob(LEFT[process]):
            shutil.copytree(found, self.folder / "left" / process / found.name, dirs_exist_ok=True)

    def _return(self, process: str) -> None:
        """Put that back before it is started again."""
        left = self.folder / "left" / process
        if left.exists():
            shutil.copytree(left, self.folder / FOLDERS[process], dirs_exist_ok=True)
            shutil.rmtree(left)


def unreachable() -> Failed:
    """Return what a channel says whose server does not answer."""
    return Failed(Code.SERVER_UNAVAILABLE, "The room's server cannot be reached.", "Check its address.")


def membership_of(home: Path) -> Membership:
    """Return the server that a home has joined."""
    found = Membership.load(home)
    assert found is not None
    return found
