"""Which rooms an owner has paused, kept in its own home, so that its agent holds still whatever a room says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stillroom.adapters.home.files import disk_errors, exclusive, read_value, replace_private
from stillroom.crypto.canonical import canonical
from stillroom.model.value import Value

if TYPE_CHECKING:
    from pathlib import Path

FILE = "pauses.json"


class Pauses(Value):
    """The rooms that this owner has paused, and in which it has not resumed.

    Attributes:
        format: The version of this format.
        rooms: Their identities.
    """

    format: Literal["stillroom/pauses/v1"] = Field(default="stillroom/pauses/v1", alias="schema")
    rooms: frozenset[str] = frozenset()

    @classmethod
    def load(cls, home: Path) -> Pauses:
        """Return what was paused from a home.

        Raises:
            InvalidInput: `HOME_INVALID` if the file is damaged: what is paused is not known then, and nothing is allowed.
        """
        return read_value(home / FILE, cls, "Which rooms the home has paused") or cls()


def keep_pause(home: Path, room: str, *, paused: bool) -> None:
    """Remember that this owner has paused a room, or has resumed.

    Raises:
        InvalidInput: `HOME_INVALID`.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    with disk_errors("The home"), exclusive(home / "pauses.lock"):
        known = Pauses.load(home).rooms
        after = Pauses(rooms=known | {room} if paused else known - {room})
        replace_private(home / FILE, canonical(after.to_json()))
