"""Who follows runs: a party as often as it may at once."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 20
"""So many streams may one party have open: as many as it may have runs under way."""


class Followers:
    """Counts streams by party."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, party: str) -> Iterator[None]:
        """Take up one place of a party's while the context lasts.

        Raises:
            Refusal: `TOO_MANY_REQUESTS` if the party follows too many runs already.
        """
        with self._lock:
            if self._open[party] >= MOST:
                raise Refusal(Code.TOO_MANY_REQUESTS, "You follow too many runs at once.", "Stop following one of them.")
            self._open[party] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[party] -= 1
