"""Real implementations of ports, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.model.mechanism import Guarantee, Mechanism


class ZeroNoise:
    """A Noise that adds nothing, so that exact answers show. It does not protect: what is made with it is a rehearsal."""

    genuine = False
    name = "zero noise, for tests"

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return zeros, whatever the mechanism and its guarantee."""
        del mechanism, guarantee
        return [0] * count
