"""The Python face of Stillroom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.client.session import Session


def open_room(path: str | Path) -> Session:
    """Open a room as the party whose home this is: `stillroom.open("home").ask("SELECT …", epsilon=1)`.

    Args:
        path: The party's home, which has joined a room.

    Raises:
        InvalidInput: `HOME_INVALID` or `ROOM_INVALID`.
        Failed: `STORE_FAILED`.
    """
    from stillroom.client import session

    return session.open_room(Path(path))
