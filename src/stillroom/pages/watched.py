"""What the home itself knows of its room: which one it has joined, and what its agent has seen of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.home.log_copy import LogCopy
from stillroom.adapters.home.membership import membership_of
from stillroom.adapters.home.watch import Watch
from stillroom.agent.witness import Parts, Proofs
from stillroom.pages.logbook import Logbook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stillroom.pages.house import House


def watch_of(home: Path) -> Watch:
    """Return the home's watch over the log, to read what the agent has seen, and to keep alarms; the agent alone accepts new heads."""
    room = membership_of(home)
    return Watch(home, room.name, room.key, _nothing)


def logbook_of(house: House) -> Logbook:
    """Return the log, once it is shown to go on from what the agent has seen, and from what is copied of it. What is new is copied.

    Raises:
        Alarmed: It does not. The evidence is in the home from then on, as when the agent itself finds out.
        Unverified: As `stillroom.adapters.home.log_copy.LogCopy.follow`.
    """
    copy = copy_of(house.path)
    return Logbook(copy.follow(Parts(house.channel), Proofs(house.channel)), copy.stored)


def copy_of(home: Path) -> LogCopy:
    """Return the home's copy of the log."""
    room = membership_of(home)
    return LogCopy(home, room.name, room.key, watch_of(home))


def _nothing(first: int, second: int) -> Sequence[bytes]:
    del first, second
    return ()
