"""Questions on their way: each in a thread of its own, followed by whoever has asked it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed, StillroomError
from stillroom.pages.access import not_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stillroom.client.result import Release
    from stillroom.ports import Entropy, Progress

NAME_SIZE = 16
KEPT = 200
"""How many runs are remembered; asking again finds the others, too."""

PULSE_SECONDS = 10.0
"""How long a stream of phases may be silent before it says that it is still there."""


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
        self._changed = threading.Condition()
        self._ended = False

    @property
    def over(self) -> bool:
        """Whether there is a release, or a reason why there is none."""
        return self._ended

    def step(self, name: str) -> None:
        """Take note of a step (`stillroom.ports.Progress`)."""
        with self._changed:
            self.phase = name
            self._changed.notify_all()

    def end(self) -> None:
        """Tell everybody who follows that it is over."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def events(self) -> Iterator[str]:
        """Yield the phases as server-sent events, and nothing but phases, until it is over."""
        heard = ""
        while True:
            with self._changed:
                self._changed.wait_for(lambda known=heard: self._ended or self.phase != known, PULSE_SECONDS)  # type: ignore[misc]
                phase, over = self.phase, self._ended
            yield ": still there\n\n" if phase == heard else f"data: {phase}\n\n"
            heard = phase
            if over:
                yield "event: over\ndata: over\n\n"
                return


class Runs:
    """All runs that were begun on these pages since the agent started."""

    def __init__(self, entropy: Entropy) -> None:
        """Name what names are made of."""
        self._entropy = entropy
        self._runs: dict[str, Run] = {}
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
