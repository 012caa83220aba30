"""What the home itself knows of its room: which one it has joined, and what its agent has seen of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.home.membership import Membership
from stillroom.adapters.home.watch import Watch
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def membership_of(home: Path) -> Membership:
    """Return which server a home has joined.

    Raises:
        InvalidInput: `HOME_INVALID` if it has joined none.
    """
    found = Membership.load(home)
    if found is None:
        raise InvalidInput(Code.HOME_INVALID, "The home has joined no server.", "Join one: stillroom agent join URL.")
    return found


def watch_of(home: Path) -> Watch:
    """Return the home's watch over the log, to read what the agent has seen; the agent alone accepts new heads."""
    room = membership_of(home)
    return Watch(home, room.name, room.key, _nothing)


def _nothing(first: int, second: int) -> Sequence[bytes]:
    del first, second
    return ()
