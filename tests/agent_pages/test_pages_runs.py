"""Runs that are followed: streams hold no thread, end by themselves or when nobody listens, and are few for each person."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from anyio.to_thread import current_default_thread_limiter

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.journal import Journal
from stillroom.adapters.home.people import PeopleBook, Role
from stillroom.adapters.home.tokens import TokenBook
from stillroom.errors import Code, Failed, Refusal
from stillroom.pages.app import make_app
from stillroom.pages.challenges import Challenges
from stillroom.pages.house import House, Notes
from stillroom.pages.oidc import Reception
from stillroom.pages.runs import PULSE_LOOKS, STREAM_LOOKS, STREAMS, Run, Runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from stillroom.client.result import Release
    from stillroom.ports import Progress


class Pauses:
    """Pauses that take no time, at which something may happen."""

    def __init__(self, happenings: dict[int, Any]) -> None:
        """Name what happens at which pause."""
        self.count, self._happenings = 0, happenings

    async def __call__(self) -> None:
        """Pause."""
        self.count += 1
        self._happenings.get(self.count, lambda: None)()


async def heard(run: Run, pauses: Pauses) -> list[str]:
    return [one.strip() async for one in run.events(pauses)]


def test_a_stream_tells_of_each_phase_and_of_the_end() -> None:
    run = Run("1", "Bo", {"sql": "SELECT"})
    pauses = Pauses({1: lambda: run.step("holding"), 3: lambda: run.step("measuring"), 4: run.end})
    assert asyncio.run(heard(run, pauses)) == ["data: sent", "data: holding", "data: measuring", "event: over\ndata: over"]


def test_a_silent_stream_says_that_it_is_there_and_ends_by_itself() -> None:
    pauses = Pauses({})
    said = asyncio.run(heard(Run("1", "Bo", {"sql": "SELECT"}), pauses))
    assert pauses.count == STREAM_LOOKS
    assert said[0] == "data: sent"
    assert set(said[1:]) == {": still there"}
    assert len(said) >= STREAM_LOOKS // (PULSE_LOOKS + 1)


class Listener:
    """Somebody who listens to one answer of the pages, until hanging up."""

    def __init__(self) -> None:
        """Listen."""
        self.status, self.body = 0, b""
        self.begun, self._hung_up = asyncio.Event(), asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """Send an empty request, and hang up when told to (ASGI)."""
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message
        """Take a part of the answer (ASGI)."""
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
        if self.body:
            self.begun.set()

    def hang_up(self) -> None:
        """Go away."""
        self._hung_up.set()


@asynccontextmanager
async def listening(app: FastAPI, path: str, cookie: str) -> AsyncIterator[Listener]:
    """Ask for a page; at the end, hang up and wait until the pages have noticed."""
    listener = Listener()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(b"cookie", cookie.encode())],
    }
    asked = asyncio.ensure_future(app(scope, listener.receive, listener.send))
    await listener.begun.wait()
    yield listener
    listener.hang_up()
    await asked


@pytest.fixture
def house(tmp_path: Path) -> House:
    clock = SystemClock()
    people, notes = PeopleBook(tmp_path, clock, SystemEntropy()), Notes(clock, print)
    return House(
        path=tmp_path,
        party="clinic",
        key="ed25519:" + "0" * 64,
        people=people,
        tokens=TokenBook(people, clock, SystemEntropy()),
        journal=Journal(tmp_path, clock),
        clock=clock,
        challenges=Challenges(clock, SystemEntropy()),
        runs=Runs(SystemEntropy()),
        notes=notes,
        reception=Reception(tmp_path, people, clock, SystemEntropy(), notes),
    )


@pytest.fixture
def run(house: House) -> Iterator[Run]:
    """A run that goes on until the test is over."""
    over = threading.Event()

    def ask(progress: Progress) -> Release:
        del progress
        over.wait()
        raise Failed(Code.RUN_FAILED, "It is over.", "Go home.")

    yield house.runs.start("Bo", {"sql": "SELECT"}, ask)
    over.set()


def cookie_of(house: House, name: str) -> str:
    return f"{house.cookie}={house.people.enter(house.people.invite(name, Role.ANALYST))[0]}"


async def crowded(house: House, run: Run) -> list[int]:
    """Follow a run as often as one may, once more, and again after somebody has hung up; return what is answered."""
    app, cookie, path = make_app(house), cookie_of(house, "Bo"), f"/runs/{run.name}/events"
    statuses = []
    for _ in range(2):
        listeners = [listening(app, path, cookie) for _ in range(STREAMS)]
        statuses += [(await one.__aenter__()).status for one in listeners]
        assert current_default_thread_limiter().borrowed_tokens == 0
        async with listening(app, path, cookie) as refused:
            statuses.append(refused.status)
            assert Code.TOO_MANY_REQUESTS in refused.body.decode()
        await listeners.pop().__aexit__(None, None, None)
        async with listening(app, path, cookie) as again:
            statuses.append(again.status)
        for one in listeners:
            await one.__aexit__(None, None, None)
    return statuses


def test_streams_hold_no_thread_are_few_for_each_person_and_are_given_back(house: House, run: Run) -> None:
    assert asyncio.run(crowded(house, run)) == [*[200] * STREAMS, 429, 200] * 2


def test_a_run_is_followed_by_its_asker_alone(house: House, run: Run) -> None:
    with house.runs.followed(run.name, "Bo") as found:
        assert found is run
    with pytest.raises(Refusal) as caught, house.runs.followed(run.name, "Ada"):
        pass
    assert caught.value.code is Code.NOT_ALLOWED
