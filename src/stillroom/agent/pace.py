"""How fast an agent asks its server."""

from __future__ import annotations

FIRST_SECONDS = 1.0
"""The first rest after a turn that brought nothing."""

LONGEST_SECONDS = 10.0
"""No rest is longer, so that an errand is done in time once there is one."""


class Pace:
    """Rests between turns: none as long as a server keeps its part, and ever longer ones while turns that bring nothing end at once."""

    def __init__(self) -> None:
        """Begin without a rest."""
        self._rest = 0.0

    def rest(self, *, useful: bool) -> float:
        """Return how many seconds to rest after a turn.

        Args:
            useful: Whether it brought something, or took as long as a server should keep who waits.
        """
        self._rest = 0.0 if useful else min(max(FIRST_SECONDS, 2 * self._rest), LONGEST_SECONDS)
        return self._rest
