"""A server that answers a question with the release of another one, or tells of a run in words that a terminal obeys."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.cli.screen import Screen
from stillroom.client.session import open_room
from stillroom.errors import Code, Unverified
from tests.services import serving
from tests.strange_servers import Altering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from tests.services import Served

MEMBERS, VISITS = "SELECT COUNT(*) AS n FROM members WHERE age < 30", "SELECT COUNT(*) AS n FROM visits WHERE cost > 5"


class Steps:
    """Keeps what it hears."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.heard: list[str] = []

    def step(self, name: str) -> None:
        """Hear of a step."""
        self.heard.append(name)


class Events(dict[str, "Callable[[bytes], bytes]"]):
    """What alters streams of events: each begins with a phase that is none."""

    def __init__(self, phase: str) -> None:
        """Name the phase."""
        super().__init__()
        self._phase = phase

    def get(self, path: str, default: object = None) -> Any:  # noqa: ANN401 - as a dictionary's
        """Return what alters a path."""
        del default
        return self._told if path.endswith("/events") else None

    def _told(self, stream: bytes) -> bytes:
        """Put the phase in front of all others."""
        first = next(line for line in stream.splitlines() if line.startswith(b"data: "))
        self[""] = self._told
        run = json.loads(first.removeprefix(b"data: "))
        return b"data: " + json.dumps({**run, "phase": self._phase, "state": "running"}).encode() + b"\n\n" + stream


@pytest.fixture
def lying(tmp_path: Path, settled: Path) -> Iterator[tuple[Served, Altering]]:
    """A room and its agents, whose server can be made to lie."""
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    servers: list[Altering] = []

    def around(app: FastAPI) -> Any:  # noqa: ANN401 - an application, as uvicorn types it
        servers.append(Altering(app))
        return servers[0]

    with serving(tmp_path, around=around) as room:
        room.tell_members()
        with room.agents("clinic", "insurer"):
            yield room, servers[0]


def test_a_release_that_answers_another_question_is_none(lying: tuple[Served, Altering]) -> None:
    room, server = lying
    asker = room.session("insurer")
    other = asker.ask(MEMBERS, epsilon=0.5).statement.reservation
    server.by = {"/v1/runs": lambda told: json.dumps({**json.loads(told), "state": "done", "reservation": other, "fresh": True}).encode()}
    with pytest.raises(Unverified) as caught:
        asker.ask(VISITS, epsilon=1.0)
    assert caught.value.code is Code.RELEASE_INVALID


@pytest.mark.parametrize("phase", ["\x1b]0;owned\x07", "hold \x1b[2J", "check\n\ndata: done", "[/oops]", "hold [/oops]", "\u202e"])
def test_what_a_server_calls_a_phase_moves_no_terminal(
    lying: tuple[Served, Altering], phase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    room, server = lying
    steps, screen = Steps(), Screen(as_json=False)
    server.by = Events(phase)
    open_room(room.folder / "insurer", progress=steps).ask(MEMBERS, epsilon=0.5)
    for name in steps.heard:
        screen.step(name)
    assert server.by
    assert phase not in steps.heard or phase == "hold [/oops]"
    assert "\x1b" not in capsys.readouterr().err
