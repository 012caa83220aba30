"""Refusals that are counted in memory and not kept yet, so that to refuse costs no durable change of its own."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.errors import Code


class Waiting:
    """Counts refusals by code. What is counted here is lost with the process: whoever holds it has to have it kept in time."""

    def __init__(self, most: int = 1) -> None:
        """Begin with none; so many make it time to keep them. One by one is for processes that end with their question."""
        self._most = most
        self._counts: Counter[Code] = Counter()
        self._lock = threading.Lock()

    def count(self, code: Code) -> bool:
        """Count a refusal; tell whether it is time to keep what waits."""
        with self._lock:
            self._counts[code] += 1
            return self._counts.total() >= self._most

    def take(self) -> Mapping[Code, int]:
        """Return what waits, for whoever keeps it; nothing waits then."""
        with self._lock:
            found, self._counts = self._counts, Counter()
            return found

    def put_back(self, counts: Mapping[Code, int]) -> None:
        """Let wait again what could not be kept."""
        with self._lock:
            self._counts.update(counts)
