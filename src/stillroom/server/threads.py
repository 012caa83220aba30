"""Threads that work beside the application until they are told to stop."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

PAUSE_SECONDS = 1.0
"""How long to wait after something that no rule foresees, so that it does not happen all the time."""


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
