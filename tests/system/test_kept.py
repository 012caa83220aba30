"""Rows that the contract lets a server keep between runs: encrypted, under keys that come with each run."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.home.copies import copies
from stillroom.adapters.remote.kept import Kept
from stillroom.agent.main import open_agent
from stillroom.client.verification import verify
from stillroom.errors import Code, StillroomError
from stillroom.model.codec import digest_of
from stillroom.server.administration import back_up
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, document
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

    from tests.services import Served

ALONE = "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward"
COSTLY = "SELECT SUM(cost) AS c FROM visits"


def keeping(*datasets: str) -> dict[str, Any]:
    """Return the datasets of `tests.parties`, of which a server may keep some."""
    found: dict[str, Any] = document(dict.fromkeys(PARTIES, ""))["datasets"]
    return {name: {**one, "keep": "at_server"} if name in datasets else one for name, one in found.items()}


class Counted:
    """Stands around a server, and counts the bytes of files that agents bring, by file."""

    def __init__(self, app: ASGI3Application) -> None:
        """Name the application."""
        self.app, self.brought = app, Counter[str]()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Count, and pass a request on."""

        async def counted() -> Any:  # noqa: ANN401 - uvicorn's
            message = await receive()
            if scope.get("method") == "PUT":
                self.brought[str(scope["path"]).rpartition("/")[2]] += len(message.get("body", b""))
            return message

        await self.app(scope, counted, send)

    def since(self) -> set[str]:
        """Return what was brought since this was asked last."""
        found = {name for name, size in self.brought.items() if size}
        self.brought.clear()
        return found


@contextmanager
def counting(folder: Path) -> Iterator[tuple[Served, Counted]]:
    """Serve the room of a folder, and count what is brought."""
    counted: list[Counted] = []

    def around(app: Any) -> Counted:  # noqa: ANN401 - the application, whose types are Starlette's here and uvicorn's there
        counted.append(Counted(app))
        return counted[0]

    with serving(folder, around=around) as served:
        yield served, counted[0]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room that may keep both datasets, and has run a question on one column of one of them."""
    folder = tmp_path_factory.mktemp("kept")
    with counting(folder) as (room, counted):
        settle(room, datasets=keeping("members", "visits"))
        with room.agents("clinic"):
            room.session("insurer").ask(ALONE, epsilon=0.5)
        assert counted.since() == {"persons", "row.person", "row.ward"}
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path, dirs_exist_ok=True)


def pieces(folder: Path) -> list[str]:
    """Return what a server keeps."""
    place = folder / "room" / "kept"
    return sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file())


WARD = [f"clinic/visits/1/{piece}" for piece in ("persons", "row.person", "row.ward")]


def test_after_a_restart_a_run_brings_only_what_is_not_there_yet(folder: Path) -> None:
    assert pieces(folder) == WARD
    with counting(folder) as (room, counted), room.agents("clinic", "insurer"):
        asker = room.session("insurer")
        asker.ask(ALONE, epsilon=0.6)
        assert counted.since() == set()
        asker.ask(COSTLY, epsilon=0.5)
        assert counted.since() == {"row.cost"}
        release = asker.ask(QUESTION, epsilon=0.5)
        assert counted.since() == {"persons", "row.person", "row.sex"}, "of members, and nothing of visits"
        asker.ask(QUESTION, epsilon=0.6)
        assert counted.since() == set()
        assert verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted
