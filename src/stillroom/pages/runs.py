"""Questions on their way: each in a thread of its own, followed by whoever has asked it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed, Refusal, StillroomError
from stillroom.pages.access import not_allowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from stillroom.client.result import Release
    from stillroom.ports import Entropy, Progress

NAME_SIZE = 16
KEPT = 200
"""How many runs are remembered; asking again finds the others, too."""

LOOK_SECONDS = 0.2
"""How long a stream of phases waits between two looks at its run."""

PULSE_LOOKS = 50
"""How many looks a stream may be silent before it says that it is still there: ten seconds."""

STREAM_LOOKS = 3000
"""How many looks a stream lasts, ten minutes: browsers come again by themselves, and sessions are looked at again."""

STREAMS = 6
"""How many streams one person may have at a time: as many connections as a browser has."""


async def _pause() -> None:
    await asyncio.sleep(LOOK_SECONDS)


class Run:
    """One question on its way.

    Attributes:
        name: What it is known by.
        asked_by: The person who has asked.
        asked: What the form said.
        phase: The last step that it has begun, up to the measuring.
        release: The number of the release's commit, once it is there.
        charged: Whether it was charged.
        error: Why there is none.
    """

    def __init__(self, name: str, asked_by: str, asked: Mapping[str, str]) -> None:
        """Begin."""
        self.name, self.asked_by, self.asked = name, asked_by, asked
        self.phase, self.release, self.charged = "sent", "", False
        self.error: StillroomError | None = None
        self._ended = False

    @property
    def over(self) -> bool:
        """Whether there is a release, or a reason why there is none."""
        return self._ended

    def step(self, name: str) -> None:
        """Take note of a step (`stillroom.ports.Progress`)."""
        self.phase = name

    def end(self) -> None:
        """Tell everybody who follows that it is over."""
        self._ended = True

    async def events(self, pause: Callable[[], Awaitable[None]] = _pause) -> AsyncIterator[str]:
        """Yield the phases as server-sent events, and nothing but phases, until it is over or the stream has lasted long enough.

        It holds no thread: between short looks, it only waits.

        Args:
            pause: Waits between two looks.
        """
        told, silent = "", 0
        for _ in range(STREAM_LOOKS):
            over, phase = self._ended, self.phase
            silent = 0 if phase != told or silent == PULSE_LOOKS else silent + 1
            if silent == 0:
                yield ": still there\n\n" if phase == told else f"data: {phase}\n\n"
            told = phase
            if over:
                yield "event: over\ndata: over\n\n"
                return
            await pause()


class Runs:
    """All runs that were begun on these pages since the agent started."""

    def __init__(self, entropy: Entropy) -> None:
        """Name what names are made of."""
        self._entropy = entropy
        self._runs: dict[str, Run] = {}
        self._streams: dict[str, int] = {}
        self._lock = threading.Lock()

    def start(self, asked_by: str, asked: Mapping[str, str], ask: Callable[[Progress], Release]) -> Run:
        """Ask, beside everything else.

        Args:
            asked_by: The person who asks.
            asked: What the form said, to ask the same again.
            ask: Asks it, and tells of its steps.
        """
        run = Run(self._entropy.token(NAME_SIZE).hex(), asked_by, asked)
        with self._lock:
            self._runs[run.name] = run
            for name in list(self._runs)[:-KEPT]:
                del self._runs[name]
        threading.Thread(target=_asked, args=(run, ask), daemon=True, name=f"run-{run.name[:8]}").start()
        return run

    def get(self, name: str, person: str) -> Run:
        """Return a person's own run.

        Raises:
            Refusal: `NOT_ALLOWED` if it is somebody else's, or there is none.
        """
        with self._lock:
            run = self._runs.get(name)
        if run is None or run.asked_by != person:
            raise not_allowed()
        return run

    @contextmanager
    def followed(self, name: str, person: str) -> Iterator[Run]:
        """Give a person's own run to one stream of its phases, while the context lasts.

        Raises:
            Refusal: `TOO_MANY_REQUESTS` if the person has too many streams; or as `get`.
        """
        run = self.get(name, person)
        with self._lock:
            count = self._streams.get(person, 0)
            if count >= STREAMS:
                raise Refusal(Code.TOO_MANY_REQUESTS, "Too many pages follow runs of yours.", "Close some; each run is at its own address.")
            self._streams[person] = count + 1
        try:
            yield run
        finally:
            with self._lock:
                self._streams[person] -= 1

    def close(self) -> None:
        """End all streams. What is on its way at the room's server goes on there."""
        with self._lock:
            for run in self._runs.values():
                run.end()


def _asked(run: Run, ask: Callable[[Progress], Release]) -> None:
    """Ask, and keep what came of it. A mistake of ours is told without its words, which may depend on data."""
    try:
        release = ask(run)
        run.release, run.charged = str(release.statement.commit_index), release.charged
    except StillroomError as error:
        run.error = error
    except Exception:  # noqa: BLE001 - whoever follows the run has to hear that it is over
        run.error = Failed(Code.RUN_FAILED, "The agent made a mistake.", "Ask again: what was committed is not charged twice.")
    finally:
        run.end()
