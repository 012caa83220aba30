"""Rows that the contract lets a server keep between runs, through server and agents over real HTTP."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.home.copies import copies
from stillroom.client.verification import verify
from stillroom.model import errand
from stillroom.model.codec import digest_of
from stillroom.server.administration import back_up
from tests.keepers import COSTS, WARDS, keeper_of, keeping
from tests.parties import PARTIES, QUESTION
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

    from tests.services import Served

WARD = [f"clinic/visits/1/{piece}" for piece in ("persons", "row.person", "row.ward")]
WHOLE = {"persons.parquet", "rows.parquet"}
PASSPHRASE = "viewing stunt gloater reborn tapestry unglue"  # noqa: S105 - protects nothing


class Counted:
    """Stands around a server, and counts the bytes of files that agents bring, by file."""

    def __init__(self, app: ASGI3Application) -> None:
        """Name the application."""
        self.app, self.brought = app, Counter[str]()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Count, and pass a request on."""

        async def counted() -> Any:  # noqa: ANN401 - uvicorn's
            message: Any = await receive()
            if scope.get("method") == "PUT":
                self.brought[str(scope.get("path")).rpartition("/")[2]] += len(message.get("body", b""))
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
            room.session("insurer").ask(WARDS, epsilon=0.5)
        assert counted.since() == {"persons", "row.person", "row.ward"}
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path, dirs_exist_ok=True)


def pieces(folder: Path) -> list[str]:
    """Return what a server keeps."""
    place = folder / "room" / "kept"
    return sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file())


def test_after_a_restart_a_run_brings_only_what_is_not_there_yet(folder: Path) -> None:
    left = folder / "room" / "incoming" / "1" / "visits" / "1"
    left.mkdir(parents=True)
    (left / "row.cost").write_bytes(b"half of")
    with counting(folder) as (room, counted), room.agents(*PARTIES):
        assert pieces(folder) == WARD
        assert not left.exists()
        asker = room.session("insurer")
        release = asker.ask(QUESTION, epsilon=0.5)
        assert counted.since() == {"row.cost", "persons", "row.person", "row.sex"}, "of visits, a column; the others are of members"
        assert asker.ask(QUESTION, epsilon=0.6).charged
        assert counted.since() == set()
        assert verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted
    assert "row" not in " ".join(back_up(folder / "room", folder / "backup", PASSPHRASE))


def test_under_an_amended_contract_that_does_not_say_so_nothing_is_kept(folder: Path) -> None:
    home = folder / "clinic"
    assert copies(home) == (("visits", 1),)
    with counting(folder) as (room, counted):
        before = room.session("insurer").contract
        amended = {**before.to_json(), "version": 2, "amends": digest_of(before), "datasets": keeping("members")}
        room.sign(amended, *PARTIES)
        assert pieces(folder) == [], "as soon as it is in force"
        with room.agents("clinic"):
            assert room.session("insurer").ask(WARDS, epsilon=0.5).charged, "the rows are admitted as they were"
        assert counted.since() == WHOLE
        assert (pieces(folder), copies(home)) == ([], ())
        keeper = keeper_of(room)
        with keeper.opened(*keeper.committed(COSTS)):
            assert keeper.porter.names() == WHOLE
        lie, _ = keeper.direct.done[-1]
        assert isinstance(lie, errand.Bring)
        (room.service.incoming / ("1" * 32) / "visits" / "1").mkdir(parents=True)
        assert keeper.scene.do(lie.model_copy(update={"held": ()})).refusal is None
        assert keeper.porter.names() == WHOLE, "whatever a server says"
        assert copies(home) == ()
