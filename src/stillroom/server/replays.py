"""Nonces that were seen, so that no request is taken twice."""

from __future__ import annotations

import heapq
import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.adapters.http.signatures import Signed
    from stillroom.ports import Clock

_MARGIN = 0.01
"""So much longer a request waits, since whatever wakes it has another clock."""


class Replays:
    """What was signed and is still good. Nothing from before the server began is taken, since it forgets what it saw.

    An earlier server has taken nothing that was signed later than it ended, if a request from a clock that is ahead waits for its moment
    (`early`), and so nothing from the whole second after this one began, or later.

    What is no longer good by the latest time that was ever seen is forgotten, and taken no more: a clock that is set back makes nothing
    good again. Until it has caught up, or the server was started again, requests are refused.

    Attributes:
        began: The first whole second of which all requests are taken.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin now."""
        self._clock = clock
        self.began = math.ceil(clock.now())
        self._latest = clock.now()
        self._seen: set[tuple[bytes, str]] = set()
        self._ends: list[tuple[int, tuple[bytes, str]]] = []
        self._lock = threading.Lock()

    def early(self, signed: Signed) -> float:
        """Return how many seconds a request has to wait for its moment to come; zero if it was signed by a clock that is not ahead."""
        left = signed.created - self._clock.now()
        return left + _MARGIN if left > 0 else 0.0

    def is_new(self, signed: Signed) -> bool:
        """Take note of a request; False if it was seen, or may have been, or its moment has not come."""
        name = signed.key.raw, signed.nonce
        with self._lock:
            now = self._clock.now()
            self._latest = max(self._latest, now)
            if not (self.began <= signed.created <= now and signed.ends > self._latest):
                return False
            self._forget()
            if name in self._seen:
                return False
            self._seen.add(name)
            heapq.heappush(self._ends, (signed.ends, name))
            return True

    def _forget(self) -> None:
        """Forget what is no longer good."""
        while self._ends and self._ends[0][0] <= self._latest:
            self._seen.remove(heapq.heappop(self._ends)[1])
