"""What the home itself knows of its room: which one it has joined, and what its agent has seen of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.home.membership import Membership
from stillroom.adapters.home.watch import Watch
from stillroom.errors import Code, InvalidInput
from stillroom.ledger.witness import Alarmed
from stillroom.pages.logbook import Logbook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stillroom.pages.house import House


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
    """Return the home's watch over the log, to read what the agent has seen, and to keep alarms; the agent alone accepts new heads."""
    room = membership_of(home)
    return Watch(home, room.name, room.key, _nothing)


@dataclass(frozen=True, slots=True)
class Shown:
    """The log as the room shows it now.

    Attributes:
        export: The log (`stillroom/log/v1`), whatever is wrong with it.
        seen: The signed note of the head that the agent had accepted before: the log has to go on from it, since it only grows.
    """

    export: bytes
    seen: bytes | None


def shown_log(house: House) -> Shown:
    """Fetch the log. What the agent has seen is looked up first, so that an honest log cannot be behind it."""
    seen = watch_of(house.path).head()
    return Shown(house.session().export_log(), seen)


def logbook_of(house: House) -> Logbook:
    """Return the log, once it is shown to go on from what the agent has seen.

    Raises:
        Alarmed: It does not. The evidence is in the home from then on, as when the agent itself finds out.
        Unverified: As `stillroom.pages.logbook.Logbook.read`.
    """
    log = shown_log(house)
    try:
        return Logbook.read(log.export, membership_of(house.path), log.seen)
    except Alarmed as alarmed:
        raise watch_of(house.path).keep(alarmed.alarm) from None


def _nothing(first: int, second: int) -> Sequence[bytes]:
    del first, second
    return ()
