"""What several tests look at: one run of the demo, one database server, and one room that is served."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from scripts.refresh_docs import demo_output
from tests.servers import postgresql
from tests.services import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers import Server
    from tests.services import Served


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the demo prints, 80 columns wide."""
    return demo_output(tmp_path_factory.mktemp("shown") / "demo")


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    """A PostgreSQL server, on which each test makes databases of its own."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Return what names one place after the other where a store may be made (`tests.stores`), on each database in turn."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("database_server")
        return server.database
    return lambda: str(tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite")


@pytest.fixture
def place(new_place: Callable[[], str]) -> str:
    """Return a place where a store may be made."""
    return new_place()


@pytest.fixture
def folder(tmp_path: Path, settled: Path) -> Path:
    """A copy of that room and its homes."""
    return shutil.copytree(settled, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def room(folder: Path) -> Iterator[Served]:
    """A copy of that room, which is served."""
    with serving(folder) as found:
        yield found
