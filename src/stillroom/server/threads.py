"""Threads that work beside the application until they are told to stop."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from stillroom.errors import StillroomError

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 1.0
"""How long to wait after something that no rule foresees, so that it does not happen all the time."""


class Every:
    """A thread that does something every now and then, and once more at its end."""

    def __init__(self, seconds: float, step: Callable[[], None], mistake: Callable[[BaseException], None]) -> None:
        """Say how often, what, and who hears of errors that no rule foresees."""
        self._seconds, self._step = seconds, step
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=on_and_on, args=(self._after_a_while, self._stopped, mistake), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End."""
        self._stopped.set()
        self._thread.join(seconds)
        self._quietly()

    def _after_a_while(self) -> None:
        if not self._stopped.wait(self._seconds):
            self._quietly()

    def _quietly(self) -> None:
        with suppress(StillroomError):  # the store is away, perhaps: the next time comes
            self._step()


def on_and_on(
    step: Callable[[], None], stopped: threading.Event, mistake: Callable[[BaseException], None], pause: float = PAUSE_SECONDS
) -> None:
    """Do something again and again. No error ends that, also none of an engine that is no `Exception`.

    Args:
        step: What to do.
        stopped: Is set when it shall end.
        mistake: Hears of each error.
        pause: How many seconds to wait after one.
    """
    while not stopped.is_set():
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the next time comes
            with suppress(OSError, ValueError):  # nobody can be told any more
                mistake(error)
            stopped.wait(pause)
