"""A room's server, with parties and their agents, in this process, for tests of the service. What goes between them is real HTTP."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.http.channel import Channel
from stillroom.adapters.http.listen import listening
from stillroom.agent.main import open_agent
from stillroom.client.members import join_server, look_at, make_home
from stillroom.client.session import make_room, open_room
from stillroom.model.codec import digest_of
from stillroom.model.errand import Fetch
from stillroom.model.question import Question, Terms
from stillroom.room.signed import sign
from stillroom.room.statement import QUESTION_TYPE
from stillroom.server.administration import confirm
from stillroom.server.jobs import OVER
from stillroom.server.main import configured, served
from stillroom.server.rates import Limits, Rates
from stillroom.server.settings import Settings
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from uvicorn._types import ASGI3Application

    from stillroom.client.session import Session
    from stillroom.crypto.keys import SigningKey
    from stillroom.model.record import JobRecord
    from stillroom.server.service import Service


@dataclass
class Served:
    """A server that runs, and the homes of its parties.

    Attributes:
        folder: Where the room and all homes are.
        url: Where the server is.
        app: Its application.
        notes: What each agent has said, by party.
    """

    folder: Path
    url: str
    app: FastAPI
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        """What the server works with."""
        found: Service = self.app.state.service
        return found

    @property
    def key(self) -> str:
        """The room's public key."""
        return self.service.room.notary.key.public.text

    def tell_members(self) -> None:
        """Tell homes that have joined before where the server is now."""
        for home in [file.parent for file in self.folder.glob("*/server.json")]:
            known = Membership.load(home)
            assert known is not None
            known.model_copy(update={"url": self.url}).save(home)

    def join(self, party: str, *, confirmed: bool = True, epsilon: float = 20) -> str:
        """Make a party's home, join, and have the operator confirm it; return its key."""
        home = self.folder / party
        key = make_home(home, party, epsilon=epsilon, delta=1e-9)
        found = look_at(self.url, home)
        join_server(home, self.url, found, found.key)
        if confirmed:
            confirm(self.folder / "room", party, key)
        return key

    def session(self, party: str) -> Session:
        """Come to the room as a party."""
        return open_room(self.folder / party)

    def sign(self, contract: dict[str, Any], *parties: str) -> None:
        """Have parties sign a contract."""
        file = self.folder / "contract.json"
        file.write_text(json.dumps(contract), encoding="utf-8")
        for party in parties:
            self.session(party).sign(file)

    def add(self, dataset: str, text: str) -> None:
        """Add a file as its owner."""
        file = self.folder / f"{dataset}.csv"
        file.write_text(text, encoding="utf-8")
        self.session({"members": "insurer", "visits": "clinic"}[dataset]).add_data(dataset, file)

    def channel(self, key: SigningKey) -> Channel:
        """Return a channel of a key to the server."""
        found = look_at(self.url)
        return Channel(self.url, key, found.key, SystemClock(), SystemEntropy(), found.certificate.encode() if found.certificate else None)

    @contextmanager
    def agents(self, *parties: str) -> Iterator[None]:
        """Let parties' agents run."""
        with ExitStack() as stack:
            for party in parties:
                stack.enter_context(self._agent(party))
            yield

    @contextmanager
    def _agent(self, party: str) -> Iterator[None]:
        agent = open_agent(self.folder / party, self.notes.setdefault(party, []).append)
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            while not self.service.mailbox.present(party):
                threading.Event().wait(0.01)
            yield
        finally:
            agent.stop()
            thread.join(60)


@contextmanager
def serving(
    folder: Path, *, tls: bool = False, settings: Settings | None = None, around: Callable[[FastAPI], ASGI3Application] | None = None
) -> Iterator[Served]:
    """Serve the room of a folder, which is made first if it is not there; with something around the application, if that is given."""
    room = folder / "room"
    if not room.exists():
        make_room(room, "example.org/study")
    held = settings or Settings(tls=tls)
    with listening(held.host, 0) as socket, served(room, held) as (app, files):
        config = configured(around(app) if around else app, files)
        config.timeout_graceful_shutdown = 5
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            found = Served(folder, f"{'https' if held.tls else 'http'}://127.0.0.1:{socket.getsockname()[1]}", app)
            found.tell_members()
            yield found
        finally:
            server.should_exit = True
            app.state.service.mailbox.close()
            thread.join(30)


def question_of(room: Served, epsilon: float = 1.0) -> bytes:
    """Return the question of `tests.parties`, signed by the insurer."""
    contract = room.session("insurer").contract
    asked = Question(contract=digest_of(contract), sql=QUESTION, terms=Terms(epsilon=epsilon), asked_by="insurer")
    return sign(asked, QUESTION_TYPE, Home.open(room.folder / "insurer").signing_key)


def without_limits(room: Served) -> None:
    """Let everybody send as many requests as a test needs."""
    most = Rates(SystemClock(), per_second=10**6, burst=10**6)
    object.__setattr__(
        room.service, "limits", Limits(addresses=most, keys=most, strangers=most, joins=most, statements=most, switches=most)
    )


def ended(room: Served, job: str) -> JobRecord:
    """Return a run of the insurer's once it is over."""
    while (found := room.service.jobs.get("insurer", job)).state not in OVER:
        threading.Event().wait(0.01)
    return found


def wish(seconds: float, session: str = "0" * 32) -> Fetch:
    """Return an agent's wish for errands."""
    return Fetch(session=session, raises={"people": 1}, seconds=min(seconds, 30))


def settled_in(folder: Path) -> Path:
    """Make a room and homes in a folder, as `settle` does, and stop the server again."""
    with serving(folder) as found:
        settle(found)
    return folder


def settle(found: Served, **changes: object) -> None:
    """Have the two parties of `tests.parties` join, sign their contract, and add their data."""
    keys = {name: found.join(name) for name in PARTIES}
    found.sign({**document(keys), **changes}, *PARTIES)
    found.add("members", MEMBERS)
    found.add("visits", VISITS)
