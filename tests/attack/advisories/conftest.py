"""One room, settled once, of which each test that attacks a server gets a copy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.parties import PARTIES
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import Served


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room and homes. Both parties may ask, so that what belongs to one of them is not kept from the other by its role."""
    folder = tmp_path_factory.mktemp("settled")
    with serving(folder) as found:
        settle(found, ask=list(PARTIES))
    return folder


@pytest.fixture
def room(tmp_path: Path, settled: Path) -> Iterator[Served]:
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    with serving(tmp_path) as found:
        yield found
