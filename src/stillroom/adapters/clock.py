"""The one clock."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's clock (`stillroom.ports.Clock`)."""

    def now(self) -> float:
        """Return the time now, in seconds since 1970-01-01T00:00:00Z."""
        return time.time()

    def steady(self) -> float:
        """Return how many seconds have passed since some moment, whatever the machine's clock is set to meanwhile."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Return at `moment` or later."""
        while (left := moment - time.time()) > 0:
            time.sleep(left)
