"""A server that lies, and an agent that it lies to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.lied_to import Scene, scene_of
from tests.services import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path, settled: Path) -> Iterator[Scene]:
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    with serving(tmp_path) as served:
        yield scene_of(served)
