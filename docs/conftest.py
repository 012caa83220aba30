"""Every Python example of the documentation is a test, in a folder that holds the room of the tutorial."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

from tests.pages import TUTORIAL, act_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], patterns=["*.md"], fixtures=["first_room"]).pytest()


@pytest.fixture(scope="session")
def room_with_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Act the tutorial out, up to its first question."""
    folder = tmp_path_factory.mktemp("first-room")
    before, _ = TUTORIAL.read_text(encoding="utf-8").split("## A question")
    act_out(before, folder)
    return folder


@pytest.fixture
def first_room(room_with_data: Path) -> Iterator[Path]:
    """Be in the folder of the tutorial."""
    with contextlib.chdir(room_with_data):
        yield room_with_data
