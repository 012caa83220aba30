"""Nonces that were seen, so that no request is taken twice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stillroom.adapters.http.signatures import LIFETIME, SKEW

if TYPE_CHECKING:
    from stillroom.adapters.http.signatures import Signed
    from stillroom.ports import Clock


class Replays:
    """What was signed within the lifetime of a signature. A request from before the server began is not taken: it forgets what it saw."""

    def __init__(self, clock: Clock) -> None:
        """Begin now."""
        self._clock = clock
        self._began = clock.now()
        self._seen: dict[tuple[bytes, str], float] = {}
        self._lock = threading.Lock()

    def is_new(self, signed: Signed) -> bool:
        """Take note of a request; False if it was seen, or may have been before the server began."""
        now = self._clock.now()
        if signed.created < int(self._began):
            return False
        with self._lock:
            for name in [name for name, until in self._seen.items() if until < now]:
                del self._seen[name]
            name = signed.key.raw, signed.nonce
            if name in self._seen:
                return False
            self._seen[name] = now + LIFETIME + 2 * SKEW
            return True
