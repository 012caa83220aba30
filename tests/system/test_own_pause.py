"""A pause that the room could not be told: the owner's agent tells it once it can, and nobody is shown a room that goes on."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import membership_of
from stillroom.adapters.home.pauses import FILE, Pauses, keep_pause
from stillroom.agent.own_pause import LOOK_SECONDS, OwnPause
from stillroom.cli.main import _code
from stillroom.errors import Code, Failed, InvalidInput, StillroomError
from stillroom.server.rates import Limits, Rates
from tests.parties import PARTIES
from tests.rooms import FakeClock
from tests.services import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services import Served


@dataclass
class Wire:
    """A channel that keeps what goes over it; something may happen, or come as the answer, when the room is asked about its pause."""

    channel: Any
    sent: list[str] = field(default_factory=list)
    meanwhile: Callable[[bytes], bytes] = lambda answer: answer

    def get(self, path: str) -> bytes:
        """Return what is at a path."""
        self.sent.append(path)
        answer: bytes = self.channel.get(path)
        return self.meanwhile(answer) if path == "/v1/pause" else answer

    def post(self, path: str, body: bytes) -> bytes:
        """Hand something in."""
        self.sent.append(f"post {path}")
        answer: bytes = self.channel.post(path, body)
        return answer


@dataclass
class Scene:
    """What the clinic's agent has to tell a room."""

    room: Served
    clock: FakeClock
    wire: Wire
    own: OwnPause

    def keep(self, *, paused: bool) -> None:
        """Have the clinic pause, or resume, without the room being told."""
        keep_pause(self.room.folder / "clinic", self.room.service.room.identity, paused=paused)

    def later(self) -> bool:
        """Let the agent tell what there is to tell, when it may look again."""
        self.clock.moment += LOOK_SECONDS
        return self.own.tell()

    def words(self) -> list[tuple[str, int, bool]]:
        """Return what the log has of pauses."""
        return [(one["party"], one["pause"], one["paused"]) for one in self.room.session("insurer").log() if one["kind"] == "pause"]

    def missing(self) -> tuple[str, ...]:
        """Return who has yet to resume, as another party sees it."""
        return self.room.session("insurer").pause.missing()


def scene_of(room: Served, party: str = "clinic") -> Scene:
    """Return what a party's agent has to tell."""
    home, clock = Home.open(room.folder / party), FakeClock(0.0)
    membership = membership_of(home.path)
    wire = Wire(bootstrap.open_channel(home, membership))
    return Scene(room, clock, wire, OwnPause(home, wire, membership.identity, clock))  # type: ignore[arg-type]  # as much of a channel as it uses


@pytest.fixture
def scene(room: Served) -> Scene:
    return scene_of(room)


def said(*command: str) -> Any:  # noqa: ANN401 - any JSON data
    """Run a command, and return what it says."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert _code([*command, "--json"]) == 0
    return json.loads(printed.getvalue())


def test_a_pause_that_the_room_could_not_be_told_is_told_by_the_agent(folder: Path) -> None:
    with serving(folder) as found:
        pause = found.session("clinic").pause
    with pytest.raises(Failed) as caught:
        pause.begin()
    assert "tells the room when it can" in caught.value.fix
    with pytest.raises(Failed) as caught:
        pause.stands()
    assert "tells the room when it can" in caught.value.fix
    with serving(folder) as room:
        clinic, insurer = (room.session(party).pause for party in ("clinic", "insurer"))
        assert clinic.stands() == ((), True)
        assert insurer.stands() == ((), False)
        assert said("paused", "--home", str(folder / "clinic")) == {"paused": False, "missing": [], "unheard": True}
        with room.agents("clinic"):
            for _ in range(3000):
                if insurer.missing():
                    break
                threading.Event().wait(0.01)
        assert clinic.stands() == (("clinic", "insurer"), False)
        assert any("was told" in note for note in room.notes["clinic"])
        assert said("paused", "--home", str(folder / "clinic")) == {"paused": True, "missing": ["clinic", "insurer"], "unheard": False}


def test_a_room_that_has_heard_it_is_not_told_again(scene: Scene) -> None:
    scene.keep(paused=True)
    assert scene.own.tell()
    assert not scene.later()
    assert scene.words() == [("clinic", 1, True)]
    scene.room.session("clinic").pause.begin()
    assert not scene.later()
    assert scene.words() == [("clinic", 1, True), ("clinic", 2, True)]


def test_a_room_that_waits_for_this_owner_anyway_is_told_nothing(scene: Scene) -> None:
    scene.room.session("insurer").pause.begin()
    scene.keep(paused=True)
    assert not scene.own.tell()
    scene.room.session("insurer").pause.resume()
    assert not scene.later()
    assert scene.missing() == ("clinic",)


def test_a_home_that_has_resumed_pauses_nothing(scene: Scene) -> None:
    assert not scene.own.tell()
    assert scene.wire.sent == []
    scene.keep(paused=True)

    def resumed(answer: bytes) -> bytes:
        scene.keep(paused=False)
        return answer

    scene.wire.meanwhile = resumed
    assert not scene.own.tell()
    assert not scene.later()
    assert scene.words() == []


def test_the_room_is_asked_at_a_pace_and_at_once_about_another_pause(scene: Scene) -> None:
    scene.keep(paused=True)
    assert scene.own.tell()
    asked = list(scene.wire.sent)
    for _ in range(9):
        scene.clock.moment += LOOK_SECONDS / 10
        assert not scene.own.tell()
    assert scene.wire.sent == asked
    assert not scene.later()
    assert len(scene.wire.sent) > len(asked)
    for party in PARTIES:
        scene.room.session(party).pause.resume()
    assert not scene.own.tell()
    scene.keep(paused=True)
    assert scene.own.tell()
    assert scene.missing() == ("clinic", "insurer")


def test_what_was_too_much_at_once_is_said_later(scene: Scene) -> None:
    """The room is paused by the other owner, and this one had resumed: to begin anew has a rate."""
    scene.room.session("insurer").pause.begin()
    scene.room.session("clinic").pause.resume()
    scene.keep(paused=True)
    plenty, few = Rates(scene.clock, per_second=0.0, burst=10_000), Rates(scene.clock, per_second=0.01, burst=1)
    object.__setattr__(scene.room.service, "limits", Limits(plenty, plenty, plenty, plenty, plenty, few))
    assert few.take(Home.open(scene.room.folder / "clinic").signing_key.public.text)
    assert not scene.own.tell()
    assert scene.missing() == ("insurer",)
    scene.clock.moment += 100
    assert scene.own.tell()
    assert scene.missing() == ("clinic", "insurer")


@pytest.mark.parametrize("answer", [b"[]", b"{}", b'{"pause": -1, "ended": true, "missing": [], "statements": {"clinic": 1}}'])
def test_a_room_that_says_nonsense_is_asked_again(scene: Scene, answer: bytes) -> None:
    scene.keep(paused=True)
    scene.wire.meanwhile = lambda _: answer
    assert not scene.own.tell()
    scene.wire.meanwhile = lambda told: told
    assert scene.later()


def test_a_server_that_is_away_is_told_later(folder: Path) -> None:
    with serving(folder) as room:
        scene = scene_of(room)
        scene.keep(paused=True)
    assert not scene.own.tell()
    with serving(folder) as room:
        again = scene_of(room)
        assert again.own.tell()


def test_nothing_is_said_for_a_home_whose_pauses_cannot_be_read(scene: Scene) -> None:
    (scene.room.folder / "clinic" / FILE).write_bytes(b"{")
    with pytest.raises(InvalidInput) as caught:
        scene.own.tell()
    assert caught.value.code is Code.HOME_INVALID
    assert scene.words() == []


def test_who_resumes_before_the_room_has_heard_of_the_pause_has_nothing_to_say(scene: Scene) -> None:
    scene.keep(paused=True)
    scene.room.session("clinic").pause.resume()
    assert Pauses.load(scene.room.folder / "clinic").rooms == frozenset()
    assert scene.words() == []
    with pytest.raises(StillroomError) as caught:
        scene.room.session("clinic").pause.resume()
    assert caught.value.code is Code.PAUSE_INVALID
