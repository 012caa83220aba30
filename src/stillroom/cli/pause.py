"""`stillroom pause`, `resume` and `paused`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.cli.options import HERE, AsJson, Home, Room, screen

if TYPE_CHECKING:
    import typer

    from stillroom.client.pause import Pause


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("paused")(paused)


def pause(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Pause the room at once: nothing is committed, and your agent brings nothing, until every owner has resumed."""
    from stillroom.client.session import open_room

    found = open_room(home, room).pause
    found.begin()
    _show(found, as_json=as_json)


def resume(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Let a paused room go on, as far as you are concerned; it does once every owner has resumed."""
    from stillroom.client.session import open_room

    found = open_room(home, room).pause
    found.resume()
    _show(found, as_json=as_json)


def paused(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Show whether the room is paused, and which owners have yet to resume."""
    from stillroom.client.session import open_room

    _show(open_room(home, room).pause, as_json=as_json)


def _show(found: Pause, *, as_json: bool) -> None:
    missing, unheard = found.stands()
    text = f"The room is paused: {', '.join(missing)} did not resume yet." if missing else "The room is not paused."
    if unheard:
        text += (
            " You have paused it, which it has not heard yet: your agent holds nothing and brings nothing, and tells the room when it can."
        )
    screen(as_json=as_json).show({"paused": bool(missing), "missing": list(missing), "unheard": unheard}, text)
