"""What a killed agent has left in a home is swept by the next one, and nothing that a living one makes."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import TYPE_CHECKING

from stillroom.adapters.home.presence import BRINGING, enter

if TYPE_CHECKING:
    from pathlib import Path


class Agent:
    """Somebody in a home."""


def making(home: Path) -> Path:
    """Make what is to be brought."""
    folder = home / f"{BRINGING}x"
    folder.mkdir()
    (folder / "rows.parquet").write_bytes(b"rows")
    return folder


def test_the_first_agent_sweeps_what_is_left_and_nothing_else(tmp_path: Path) -> None:
    left = making(tmp_path)
    (tmp_path / "data").mkdir()
    enter(tmp_path, Agent())
    assert not left.exists()
    assert (tmp_path / "data").exists()


def test_what_a_living_agent_makes_stays_as_long_as_it_lives(tmp_path: Path) -> None:
    first, second = Agent(), Agent()
    enter(tmp_path, first)
    made = making(tmp_path)
    enter(tmp_path, second)
    del second
    gc.collect()
    enter(tmp_path, Agent())
    assert made.exists()
    del first
    gc.collect()
    enter(tmp_path, Agent())
    assert not made.exists()


PROCESS = """
import pathlib, sys
from stillroom.adapters.home.presence import enter
agent = type("Agent", (), {})()
enter(pathlib.Path(sys.argv[1]), agent)
print("in", flush=True)
sys.stdin.read()
"""


def test_an_agent_that_is_killed_is_not_in_the_home_any_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        made = making(tmp_path)
        enter(tmp_path, Agent())
        assert made.exists()
        process.kill()
    enter(tmp_path, Agent())
    assert not made.exists()
