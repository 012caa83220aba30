"""Rooms, as parties come to them and as their operators act for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.views import JoinedRoom
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.record import SignedContract


def join_room(room: Path, home: Path) -> JoinedRoom:
    """Take a party's home into a further room. Its accounts are the same in every room.

    Args:
        room: The room's folder.
        home: The party's home.

    Raises:
        InvalidInput: `HOME_INVALID` or `ROOM_INVALID`; `HOME_EXISTS` if the party has another home in that room.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap
    from stillroom.adapters.home import Home

    mine = Home.open(home)
    plate = bootstrap.join(room, mine)
    first = bootstrap.room_of(mine) == room.resolve()
    return JoinedRoom(party=mine.party, room=plate.name, key=plate.key, first=first)


def engine_of(room: Path, engine: str | None = None, remote: str | None = None) -> tuple[str, str | None]:
    """Return the name of the engine that a room computes with, and where it is; choose it first, if one is named.

    Args:
        room: The room's folder.
        engine: `duckdb`, `polars`, `datafusion` or `spark`.
        remote: The URL of a Spark Connect server, for Spark. What it says after the host and port is not returned: it may be a token.

    Raises:
        InvalidInput: `ROOM_INVALID`, or `USAGE` if there is no such engine, or its URL is not one.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap

    if engine is None and remote is not None:
        raise InvalidInput(Code.USAGE, "A server was named, but no engine.", "Name the engine first: stillroom engine spark --remote URL.")
    chosen = bootstrap.choose_engine(room, engine, remote)
    return chosen.engine, None if chosen.remote is None else "/".join(chosen.remote.split("/")[:3])


def room_of(home: Path) -> Path:
    """Return the folder of the room that a home has joined first.

    Raises:
        InvalidInput: `HOME_INVALID` if there is no such home, or it has joined none.
    """
    from stillroom import bootstrap
    from stillroom.adapters.home import Home

    return bootstrap.room_of(Home.open(home))


def sign_as_operator(file: Path, room: Path) -> SignedContract:
    """Sign a contract file as the operator of a room, with the room's own key, and hand it to the room.

    Raises:
        InvalidInput: `CONTRACT_INVALID` or `ROOM_INVALID`.
        Refusal: As `stillroom.room.contracts.submit`.
        Unverified: `SIGNATURE_MISSING` if the contract names no operator with the room's key.
    """
    from stillroom import bootstrap
    from stillroom.client.access import LocalAccess
    from stillroom.client.contracts import signed

    return LocalAccess(bootstrap.open_room(room), "").submit(signed(file, bootstrap.room_key(room)))
