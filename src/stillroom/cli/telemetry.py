"""`stillroom telemetry`."""

from __future__ import annotations

from pathlib import Path

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain_table

app = typer.Typer(no_args_is_help=True)


@app.command("on")
def on(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Agree to metrics and operational logs of the room's server. They begin once every owner has agreed."""
    _say(home, room, on=True, as_json=as_json)


@app.command("off")
def off(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """End metrics and operational logs of the room's server; one owner is enough. The room's own log is never off."""
    _say(home, room, on=False, as_json=as_json)


@app.command("show")
def show(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Show whether the room's server keeps metrics and operational logs, and which owners agree."""
    from stillroom.client.session import open_room

    agreed = open_room(home, room).telemetry.agreed()
    table = plain_table("owner", "says")
    for owner, says in agreed.items():
        table.add_row(owner, "on" if says else "off")
    holds = all(agreed.values())
    screen(as_json=as_json).show({"on": holds, "owners": dict(agreed)}, table, f"Telemetry is {'on' if holds else 'off'}.")


def _say(home: Path, room: Path | None, *, on: bool, as_json: bool) -> None:
    from stillroom.client.session import open_room

    telemetry = open_room(home, room).telemetry
    telemetry.say(on=on)
    agreed = telemetry.agreed()
    waits = [owner for owner, says in agreed.items() if not says]
    holds = f"It is off: {', '.join(waits)} did not agree." if waits else "Every owner agrees: it is on."
    screen(as_json=as_json).show({"on": not waits, "owners": dict(agreed)}, f"Your word about telemetry is logged. {holds}")
