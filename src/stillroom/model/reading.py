"""What a committed run may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.grounds import Grounds


@dataclass(frozen=True, slots=True)
class Reading:
    """Which versions a run reads, and by what right.

    Attributes:
        reservation: What accounts and log know the run by.
        commit: Index of its commit in the log.
        grounds: Why it was allowed to.
    """

    reservation: str
    commit: int
    grounds: Grounds

    @property
    def versions(self) -> Mapping[str, int]:
        """The version of each dataset."""
        return self.grounds.versions
