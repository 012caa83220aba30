"""What was fetched once and never changes, kept in memory up to a size."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Kept:
    """Bytes by name. Where there are too many, those that were asked for longest ago go first."""

    def __init__(self, most: int) -> None:
        """Name the size up to which they are kept, in bytes."""
        self._most, self._lock = most, threading.Lock()
        self._found: dict[str, bytes] = {}

    def get(self, name: str, fetch: Callable[[str], bytes]) -> bytes:
        """Return what has a name; it is fetched, and kept, if it is not here."""
        with self._lock:
            known = self._found.get(name)
        return self.put(name, fetch(name) if known is None else known)

    def put(self, name: str, content: bytes) -> bytes:
        """Keep what has a name, as the one that was asked for last, and return it."""
        with self._lock:
            self._found.pop(name, None)
            self._found[name] = content
            size = sum(map(len, self._found.values()))
            while size > self._most:
                size -= len(self._found.pop(next(iter(self._found))))
        return content
