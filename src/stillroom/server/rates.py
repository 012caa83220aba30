"""How many requests a sender may send: a party, or an address without one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.ports import Clock

MOST = 10_000
"""So many keys are remembered; beyond that, those that were quiet longest are forgotten."""


class Rates:
    """A bucket of tokens for each sender: each request takes one, and they come back at a rate."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int) -> None:
        """Say how many requests come back in a second, and how many may come at once."""
        self._clock, self._rate, self._burst = clock, per_second, burst
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, sender: str) -> bool:
        """Take a token of a sender's; False if it has none."""
        now = self._clock.now()
        with self._lock:
            tokens, at = self._buckets.pop(sender, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + max(0.0, now - at) * self._rate)
            allowed = tokens >= 1
            self._buckets[sender] = (tokens - 1 if allowed else tokens), now
            if len(self._buckets) > MOST:
                del self._buckets[next(iter(self._buckets))]
            return allowed
