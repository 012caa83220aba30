"""A server that is broken, or pretends to be, does not end an owner's agent: whatever it answers, the next errand is done."""

from __future__ import annotations

import gc
import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from stillroom import bootstrap
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.log_copy import LogCopy
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.home.watch import Watch
from stillroom.adapters.remote.sender import Sender
from stillroom.adapters.vault import LocalVault
from stillroom.agent.agent import CARRIED_LIMIT, NOTE_LIMIT, REST_SECONDS, Agent
from stillroom.agent.errands import Errands
from stillroom.agent.holds import Holds
from stillroom.agent.main import open_agent
from stillroom.agent.own_pause import OwnPause
from stillroom.agent.witness import Proofs, WitnessingAgent
from stillroom.client.members import join_server, look_at
from stillroom.crypto.cosignature import cosignatures
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Failed
from stillroom.model import errand
from stillroom.room.signed import sign
from stillroom.room.statement import ERRAND_TYPE
from tests.lied_to import committed, scene_of
from tests.rooms import FakeClock
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

    from tests.lied_to import Scene
    from tests.services import Served

FETCH, ANSWER, HEAD, COSIGN = "/v1/errands", "/v1/errands/", "/v1/log/checkpoint", "/v1/log/cosignatures"
STRANGER = SigningKey.from_seed(b"s" * 32)


@dataclass
class Liar:
    """Stands around a server, and answers some routes itself."""

    app: ASGI3Application
    lies: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Lie, or pass a request on."""
        path = str(scope.get("path", ""))
        lie = self.lies.get(ANSWER if path.startswith(ANSWER) else path)
        if lie is None:
            await self.app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": lie[0], "headers": [], "trailers": False})
        await send({"type": "http.response.body", "body": lie[1], "more_body": False})


@dataclass
class Stage:
    """The clinic's agent, and its server behind a liar."""

    served: Served
    liar: Liar

    def asked(self, agent: Agent) -> errand.Reply | None:
        """Have an agent do an errand in one turn, and return its answer; nothing if the room does not hear it."""
        sender = Sender(self.served.service.room.notary, self.served.service.mailbox, SystemEntropy())
        ticket = sender.ticket()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(sender.send, "clinic", errand.Commit(reservation="r1", population="people"), 60.0, ticket)
            while self.served.service.mailbox.errand(ticket) is None:
                threading.Event().wait(0.001)
            agent.turn()
            sender.abandon(ticket)
            try:
                return waiting.result(60)
            except Failed:
                return None


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server, with a settled room, for all lies."""
    liars: list[Liar] = []

    def around(app: Any) -> Liar:  # noqa: ANN401 - the application, whose types are Starlette's here and uvicorn's there
        liars.append(Liar(app))
        return liars[0]

    with serving(tmp_path_factory.mktemp("settled"), around=around) as served:
        settle(served)
        yield Stage(served, liars[0])


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return scene_of(stage.served)


def errands(*texts: str) -> tuple[int, bytes]:
    """Return an answer with errands in it."""
    return 200, json.dumps({"errands": texts}).encode()


LIES = {
    "nothing": (200, b""),
    "no text": (200, b"\xff\xfe"),
    "no JSON": (200, b"{"),
    "something else": (200, b'{"errands": 7, "root": "\\ud800"}'),
    "nested without end": (200, b"[" * 200_000),
    "a number that nobody counts to": (200, b'{"errands": [' + b"9" * 10_000 + b"]}"),
    "half a character": (200, b'{"errands": ["\\ud800"]}'),
    "elsewhere": (302, b""),
    "an error that is none": (500, b"Internal Server Error"),
    "a status that there is none of": (799, b"{}"),
}
NONE = {
    "an empty one": errands(""),
    "another type": errands("{}"),
    "nested without end": errands("[" * 200_000),
    "somebody else's": errands(
        sign(
            errand.Errand(ticket="1" * 32, room="r", party="clinic", task=errand.Commit(reservation="r1", population="people")),
            ERRAND_TYPE,
            STRANGER,
        ).decode()
    ),
    "some kilobytes of nothing": errands(*["\x00"] * 2_000),
}
READ = [(route, name, lie) for route in (FETCH, HEAD) for name, lie in LIES.items()]
UNREAD = [(route, name, LIES[name]) for route in (ANSWER, COSIGN) for name in ("no text", "elsewhere", "an error that is none")]
CASES = [*READ, *UNREAD, *((FETCH, f"{name}, for an errand", lie) for name, lie in NONE.items())]


@pytest.mark.parametrize(("route", "lie"), [pytest.param(route, lie, id=f"{route} {name}") for route, name, lie in CASES])
def test_whatever_a_server_answers_the_agent_does_the_next_errand(stage: Stage, route: str, lie: tuple[int, bytes]) -> None:
    agent = open_agent(stage.served.folder / "clinic", lambda _: None)
    stage.liar.lies[route] = lie
    stage.asked(agent)
    stage.liar.lies.clear()
    assert stage.asked(agent) == errand.Reply(refusal=Code.RESERVATION_INVALID)


def test_what_a_server_says_is_noted_in_short(stage: Stage) -> None:
    said: list[str] = []
    problem = {"type": "x", "title": "x", "status": 409, "code": "NOT_ALLOWED", "fix": "x", "kind": "refused", "detail": "x" * 1_000_000}
    agent = open_agent(stage.served.folder / "clinic", said.append)
    stage.liar.lies[FETCH] = 409, json.dumps(problem).encode()
    assert agent.turn() == REST_SECONDS
    stage.liar.lies.clear()
    assert [len(one) for one in said] == [NOTE_LIMIT]


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_what_is_no_answer_to_a_wish_to_join_is_refused(stage: Stage, lie: tuple[int, bytes]) -> None:
    home, found = stage.served.folder / "clinic", look_at(stage.served.url)
    stage.liar.lies["/v1/parties"] = lie
    with pytest.raises(Failed) as caught:
        join_server(home, stage.served.url, found, found.key)
    stage.liar.lies.clear()
    assert caught.value.code is Code.SERVER_UNAVAILABLE


@pytest.mark.parametrize("lie", [errands(), NONE["another type"]], ids=["nothing", "what is no errand"])
def test_an_agent_rests_longer_and_longer_while_answers_come_early_with_nothing(stage: Stage, lie: tuple[int, bytes]) -> None:
    agent = open_agent(stage.served.folder / "clinic", lambda _: None)
    stage.liar.lies[FETCH] = lie
    assert [agent.turn() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    stage.liar.lies.clear()
    assert stage.asked(agent) is not None
    stage.liar.lies[FETCH] = lie
    assert agent.turn() == 1
    stage.liar.lies.clear()


def test_an_agent_that_cannot_look_at_the_log_rests_after_each_errand(stage: Stage) -> None:
    agent = open_agent(stage.served.folder / "clinic", lambda _: None)
    stage.liar.lies[HEAD] = LIES["nothing"]
    assert stage.asked(agent) is not None
    stage.liar.lies.clear()
    assert agent._pace.rest(useful=False) == 2


def witnesses(scene: Scene) -> list[str]:
    """Return who has cosigned the log's present head."""
    with scene.room.store.reading() as records:
        note = records.log.checkpoint(records.log.frontier().size)
    shown = scene.served.channel(scene.key("clinic")).get(HEAD)
    assert shown.startswith(note)
    return [one.name for one in cosignatures(shown, {"clinic": scene.key("clinic").public})]


def test_a_head_whose_cosignature_got_lost_is_cosigned_at_the_next_turn(stage: Stage, scene: Scene) -> None:
    agent = open_agent(stage.served.folder / "clinic", lambda _: None)
    stage.served.add("members", "id,age,sex\nperson1,30,f\n")
    stage.liar.lies[COSIGN] = LIES["an error that is none"]
    agent.look()
    stage.liar.lies.clear()
    assert witnesses(scene) == []
    agent.look()
    assert witnesses(scene) == ["clinic"]


def test_a_head_that_came_with_an_errand_is_cosigned_at_the_next_turn(stage: Stage, scene: Scene) -> None:
    stage.served.add("members", "id,age,sex\nperson1,30,f\n")
    scene.agent._watch.check(scene.served.channel(scene.key("clinic")).get(HEAD))
    assert witnesses(scene) == []
    open_agent(stage.served.folder / "clinic", lambda _: None).look()
    assert witnesses(scene) == ["clinic"]


def test_an_agent_that_starts_sweeps_what_a_killed_one_was_about_to_bring(stage: Stage) -> None:
    gc.collect()
    left = stage.served.folder / "clinic" / ".bring-x"
    left.mkdir()
    agent = open_agent(stage.served.folder / "clinic", lambda _: None)
    assert not left.exists()
    left.mkdir()
    open_agent(stage.served.folder / "clinic", lambda _: None)
    assert left.exists()
    left.rmdir()
    assert stage.asked(agent) is not None


def test_an_agent_that_is_stopped_does_not_wait_for_its_server_to_send_it_away(stage: Stage) -> None:
    mailbox, agent = stage.served.service.mailbox, open_agent(stage.served.folder / "clinic", lambda _: None)
    before = mailbox._turns.get("clinic", 0)
    thread = threading.Thread(target=agent.run)
    thread.start()
    while mailbox._turns.get("clinic", 0) == before:
        threading.Event().wait(0.01)
    agent.stop()
    thread.join(60)
    assert mailbox._turns["clinic"] == before + 2


# ------------------------------------------------------------------------------------------------- what no rule foresees


class Panic(BaseException):
    """What libraries in Rust raise when they panic is no Exception."""


@dataclass
class Torn:
    """Carries nothing, and says too much about it."""

    failure: type[BaseException]

    def bring(self, ticket: str, file: Path) -> None:
        """Fail."""
        raise self.failure(f"{ticket}: {file.name} has person17 in it")


def agent_of(scene: Scene, clock: FakeClock, note: Callable[[str], None], failure: type[BaseException] = RuntimeError) -> Agent:
    """Return the clinic's agent, with a clock, and a carrier that is torn."""
    home = Home.open(scene.served.folder / "clinic")
    membership = Membership.load(home.path)
    assert membership is not None
    channel, book = bootstrap.open_channel(home, membership), bootstrap.accounts_of(home)
    watch = Watch(home.path, membership.name, membership.key, Proofs(channel))
    vault = LocalVault(book, home.signing_key)
    found, holds, pause = (
        Errands(home, membership, vault, book, Torn(failure), watch, clock, SystemEntropy()),
        Holds(home, vault, book, watch, channel, clock, LogCopy(home.path, membership.name, membership.key, watch)),
        OwnPause(home, channel, membership.identity, clock),
    )
    return Agent(channel, found, book, WitnessingAgent(home, watch, channel, clock), note, lambda: "0" * 32, clock, holds, pause)


def test_the_room_hears_that_something_broke_and_not_what(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    sender = Sender(scene.room.notary, scene.served.service.mailbox, SystemEntropy())
    for failure in (RuntimeError, OverflowError, RecursionError, MemoryError, Panic):
        said: list[str] = []
        agent = agent_of(scene, scene.clock, said.append, failure)
        with ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(sender.send, "clinic", bring, 60.0)
            assert agent.turn(pool) == 0
            assert waiting.result(60) == errand.Reply(refusal=Code.RUN_FAILED)
        assert said[0] == f"{Code.RUN_FAILED}: {failure.__name__}"
        assert "person17" not in "".join(said)


def test_so_many_errands_wait_to_be_carried_and_no_more(scene: Scene) -> None:
    said: list[str] = []
    agent, carried = agent_of(scene, scene.clock, said.append), threading.Event()
    nothing = errand.ShownGrounds(contract="", question="", decisions=(), versions={})
    task = errand.Bring(reservation="r1", dataset="visits", columns=(), key="A" * 43 + "=", proof="", grounds=nothing)
    envelopes = [
        sign(errand.Errand(ticket=f"{n:032x}", room=scene.room.identity, party="clinic", task=task), ERRAND_TYPE, scene.room.notary.key)
        for n in range(CARRIED_LIMIT + 1)
    ]
    with ThreadPoolExecutor(1) as pool, ExitStack() as end:
        end.callback(carried.set)
        pool.submit(carried.wait)
        for envelope in envelopes[:-1]:
            agent.take(envelope, pool)
        assert said == []
        agent.take(envelopes[-1], pool)
        refused = [f"bring r1: refused, {Code.ENVELOPE_INVALID}"]
        assert said[:1] == refused
    assert [one for one in said if one.startswith("bring")] == refused * (CARRIED_LIMIT + 1)


def test_an_agent_at_which_something_breaks_looks_at_the_log_again(scene: Scene) -> None:
    said: list[str] = []
    clock = FakeClock(math.nan)
    agent = agent_of(scene, clock, said.append)
    scene.served.add("members", "id,age,sex\nperson1,30,f\n")
    agent.look()
    assert said == [f"{Code.RUN_FAILED}: ValueError"]
    clock.moment = scene.clock.moment
    agent.look()
    assert len(said) == 1
