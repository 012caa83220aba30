"""The how-to pages work, word for word, in the room that the tutorial makes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.pages import DOCS, TUTORIAL, act_out, commands

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((DOCS / "how-to").glob("*.md"))
FROM_SCRATCH = {"set-up-a-room"}
NOT_HERE = {"install", "audit-empirically"}
"""What the one page says changes the machine; the other's examples are Python, and run with the documentation."""


@pytest.fixture(scope="module")
def first_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Act the tutorial out, up to its first release."""
    folder = tmp_path_factory.mktemp("tutorial")
    before, _ = TUTORIAL.read_text(encoding="utf-8").split("## Afterwards")
    act_out(before, folder)
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in NOT_HERE], ids=lambda page: page.stem)
def test_every_command_of_the_page_ends_as_it_says(page: Path, first_room: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    if page.stem in FROM_SCRATCH:
        folder.mkdir()
    else:
        shutil.copytree(first_room, folder)
    text = page.read_text(encoding="utf-8")
    assert len(commands(text)) > 4
    act_out(text, folder)


def test_a_command_that_ends_otherwise_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 2"):
        act_out("```console\n$ stillroom budget --home nowhere\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="ended with 2"):
        act_out("```console\n$ stillroom budget --home nowhere # exit status 3\n```\n", tmp_path)
    act_out("```console\n$ stillroom budget --home nowhere # exit status 2: HOME_INVALID\n```\n", tmp_path)
