"""A tape of bytes that decides everything about a case.

One strategy draws the whole tape, instead of one for each decision: Hypothesis then makes nothing but different cases, where it would
otherwise spend most of its examples on copies of an earlier one with a few decisions repeated. It shrinks bytes towards zero, and
zero is the simplest decision everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

LENGTH = 1_500
"""So many decisions are made by chance; all further ones are the simplest."""


@dataclass
class Tape:
    """Decides, one byte for each decision."""

    decisions: bytes
    at: int = 0

    def byte(self) -> int:
        """Return the next byte."""
        self.at += 1
        return self.decisions[self.at - 1] if self.at <= len(self.decisions) else 0

    def pick(self, options: Sequence[T]) -> T:
        """Return one of several; the first is the simplest."""
        return options[self.byte() * len(options) // 256]

    def chance(self, percent: int) -> bool:
        """Return true that often; false is simpler."""
        return self.byte() * 100 >= 256 * (100 - percent)

    def upto(self, most: int, least: int = 0) -> int:
        """Return a number; fewer is simpler."""
        return self.pick(range(least, most + 1))

    def some(self, options: Sequence[T], most: int, least: int = 0) -> list[T]:
        """Return some of several, each at most once; fewer is simpler."""
        left, found = list(options), list[T]()
        for _ in range(min(self.upto(most, least), len(left))):
            found.append(left.pop(self.pick(range(len(left)))))
        return found


def tapes() -> st.SearchStrategy[Tape]:
    """Draw a tape."""
    return st.binary(min_size=LENGTH, max_size=LENGTH).map(Tape)
