"""`stillroom log`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain

Export = Annotated[Path | None, typer.Option("--export", help="Write the whole log, with its signed checkpoint, to this file.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="log")(log)


def log(*, export: Export = None, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Show the room's log, or write it to a file that `stillroom verify` checks."""
    from stillroom.client.files import write_bytes
    from stillroom.client.session import open_room

    session = open_room(home, room)
    if export is not None:
        write_bytes(export, session.export_log())
    entries = session.log()
    lines = [f"{index:>5}  {_time(entry)}  {entry['kind']:<18}  {plain(_summary(entry))}" for index, entry in enumerate(entries)]
    screen(as_json=as_json).show(entries, *(lines or ["The log has no entries."]))


def _time(entry: dict[str, Any]) -> str:
    """Return when an entry was made, in UTC."""
    return f"{datetime.datetime.fromtimestamp(entry['at'], datetime.UTC):%Y-%m-%d %H:%M:%SZ}"


def _summary(entry: dict[str, Any]) -> str:
    """Return what an entry is about, in a few words."""
    shown = ("dataset", "version", "party", "decision", "plan", "asked_by", "release", "contract", "on")
    words = [f"{name} {str(entry[name])[:19]}" for name in shown if name in entry]
    accounts = [*entry.get("accounts", ()), *([entry["account"]] if "account" in entry else [])]
    words += [f"account {account['owner']}/{account['population']}" for account in accounts]
    words += [f"{count['code']} {count['count']} ×" for count in entry.get("counts", ())]
    return "  ".join([*words, *([f"run {entry['reservation'][:12]}"] if "reservation" in entry else [])])
