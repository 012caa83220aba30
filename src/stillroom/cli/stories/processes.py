"""Processes that a story starts, and ends by their ids."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 60.0
END_SECONDS = 30.0


@dataclass(frozen=True)
class Started:
    """A process.

    Attributes:
        pid: Its id.
        first: The first line that it has written.
        lines: What it has written since.
    """

    pid: int
    first: str
    lines: list[str]


class Processes:
    """Runs commands of this very program beside the story."""

    def __init__(self, stack: ExitStack) -> None:
        """Use `processes`."""
        self._stack = stack

    def start(self, *arguments: str | Path) -> Started:
        """Start a command, and return once it has written its first line. It is ended with the story.

        Raises:
            Failed: `SERVER_UNAVAILABLE` if it writes none.
        """
        command = [sys.executable, "-m", "stillroom.cli", *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
        lines: list[str] = []
        begun = threading.Event()
        reader = threading.Thread(target=_read, args=(process, lines, begun), daemon=True)
        reader.start()
        self._stack.callback(_end, process, reader)
        if not begun.wait(START_SECONDS) or not lines:
            raise Failed(Code.SERVER_UNAVAILABLE, "A process of the story did not start.", "Run its command by itself to see why.")
        return Started(process.pid, lines[0], lines)


@contextmanager
def processes() -> Iterator[Processes]:
    """Yield what starts processes, and end all of them afterwards, the last one first."""
    with ExitStack() as stack:
        yield Processes(stack)


def _read(process: subprocess.Popen[str], lines: list[str], begun: threading.Event) -> None:
    """Keep what a process writes."""
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        begun.set()
    begun.set()


def _end(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    """Ask a process to end, and see that it does, and that all it has written is read."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    reader.join(END_SECONDS)
    if process.stdout is not None:
        process.stdout.close()
