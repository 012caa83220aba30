"""`stillroom agent` with its pages, as a process: it says where they are, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.passkeys import PasskeyBook
from stillroom.adapters.home.people import Passkey, Person, Role, Scope
from stillroom.adapters.home.tokens import Script, TokenBook
from stillroom.cli.main import _code
from stillroom.client.members import make_home
from stillroom.errors import Refusal
from stillroom.pages.main import ADDRESS, people_of
from tests.services import serving

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-W", "error", "-m", "stillroom.cli", "agent"]


def told(home: Path, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - any JSON data
    """Run a command of the agent's people, and return what it says."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert _code(["agent", *arguments, "--home", str(home), "--json"]) == code
    return json.loads(printed.getvalue())


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_serves_its_people_and_ends_cleanly(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    with serving(tmp_path) as room:
        room.join("clinic")
        home = tmp_path / "clinic"
        with subprocess.Popen([*COMMAND, "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as agent:
            assert agent.stdout is not None
            url = agent.stdout.readline().removeprefix("Pages at ").strip()
            assert url.startswith("http://127.0.0.1:")
            link = told(home, "invite", "Ada", "--role", "officer")["link"]
            with httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as client:
                assert client.post(link).status_code == 303
                assert "Ada" in client.get("/").text
                assert told(home, "people") == [{"name": "Ada", "role": "officer", "state": "signed in"}]
                assert told(home, "people", "--revoke", "Ada") == {"name": "Ada", "ended": 1}
                assert client.get("/").status_code == 401
                told(home, "people", "--revoke", "Ada", code=2)
            agent.send_signal(sent)
            assert agent.wait(60) == code
            said = agent.stdout.read() + (agent.stderr.read() if agent.stderr else "")
        assert not (home / ADDRESS).exists()
        told(home, "invite", "Ada", "--role", "officer", code=2)
        assert told(home, "people") == []
        assert link[-64:] not in said
        assert "Traceback" not in said
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_whoever_runs_the_agent_sees_api_tokens_and_ends_them(tmp_path: Path) -> None:
    home = tmp_path / "clinic"
    make_home(home, "clinic", epsilon=1, delta=1e-9)
    book, ada = people_of(home), Person(name="Ada", role=Role.ANALYST)
    tokens = TokenBook(book, SystemClock(), SystemEntropy())
    token = tokens.make(ada, "nightly", 7, [Scope.READ])
    assert told(home, "people") == [{"name": "Ada", "role": "analyst", "state": "has the API token nightly"}]
    assert tokens.script(token) == Script(ada, "nightly", frozenset({Scope.READ}))
    assert told(home, "people", "--revoke", "Ada") == {"name": "Ada", "ended": 1}
    assert told(home, "people") == []
    with pytest.raises(Refusal):
        tokens.script(token)


def test_whoever_runs_the_agent_sees_passkeys_and_ends_them(tmp_path: Path) -> None:
    home = tmp_path / "clinic"
    make_home(home, "clinic", epsilon=1, delta=1e-9)
    book = people_of(home)
    session, _ = book.enter(book.invite("Ada", Role.ANALYST))
    passkey = Passkey(
        token=f"sha256:{'0' * 64}", name="Ada", role=Role.ANALYST, began=0.0, label="laptop", credential="x", key="x", count=0
    )
    PasskeyBook(book).add(session, passkey)
    book.leave(session)
    assert told(home, "people") == [{"name": "Ada", "role": "analyst", "state": "has the passkey laptop"}]
    assert told(home, "people", "--revoke", "Ada") == {"name": "Ada", "ended": 1}
    assert told(home, "people") == []


def test_what_does_not_go_together_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as room:
        room.join("clinic")
        for given in (["--certificate", "cert.pem"], ["--key", "key.pem"], ["--pages", "0.0.0.0:0"], ["--pages", "here"]):
            assert _code(["agent", *given, "--home", str(tmp_path / "clinic")]) == 2
            assert "USAGE  " in capsys.readouterr().err
