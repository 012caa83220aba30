"""`stillroom serve` and `stillroom admin`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import AsJson, screen
from stillroom.cli.screen import plain_table

app = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The room's folder; `stillroom init room` makes one.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="STILLROOM_DATABASE",
        help="Keep a new room's records in this database: postgresql://user@host:port/name.",
        show_default="where they are, or a file in the folder",
    ),
]
Host = Annotated[str | None, typer.Option("--host", help="The address to listen on.", show_default="127.0.0.1")]
Names = Annotated[
    str | None,
    typer.Option("--names", help="More names and addresses that parties reach it by, with commas between them.", show_default="none"),
]
Port = Annotated[int | None, typer.Option("--port", help="The port to listen on; 0 takes one that is free.", show_default="8461")]
NoTls = Annotated[bool, typer.Option("--no-tls", help="Serve without TLS: for this machine alone, or behind something that has it.")]
Log = Annotated[
    str | None,
    typer.Option("--log", help="Operational logs on standard error: json, plain or off.", show_default="json"),
]
Party = Annotated[str, typer.Argument(help="The name that the party goes by.")]
Key = Annotated[str, typer.Argument(help="The party's public key, as the party reads it out to you.")]


def register(outer: typer.Typer) -> None:
    """Add the command that is not part of `admin`."""
    outer.command(name="serve")(serve)


def serve(
    folder: Folder,
    *,
    database: Database = None,
    host: Host = None,
    names: Names = None,
    port: Port = None,
    no_tls: NoTls = False,
    log: Log = None,
) -> None:
    """Serve a room to its parties' agents and clients, until it is told to end (Ctrl-C)."""
    from stillroom.server.main import serve as run
    from stillroom.server.settings import read_settings

    given = {"host": host, "names": names, "port": port, "tls": False if no_tls else None, "log": log}
    run(folder, read_settings(folder, given).settings, ready=_say, database=database)


@app.command("parties")
def parties(folder: Folder, *, as_json: AsJson = False) -> None:
    """List the keys that have asked to join."""
    from stillroom.server.administration import joined

    found = joined(folder)
    table = plain_table("party", "key", "state")
    for one in found:
        table.add_row(one.party, one.key, "confirmed" if one.confirmed else "waits for you to compare the key")
    screen(as_json=as_json).show([one.to_json() for one in found], table if found else "Nobody has asked to join.")


@app.command("confirm")
def confirm(folder: Folder, party: Party, key: Key, *, as_json: AsJson = False) -> None:
    """Let a key be a party, once you have compared it with the party over the telephone or in person."""
    from stillroom.server.administration import confirm as run

    record = run(folder, party, key)
    screen(as_json=as_json).show(record.to_json(), f"{party} is confirmed: {key}")


@app.command("remove")
def remove(folder: Folder, key: Key, *, as_json: AsJson = False) -> None:
    """Forget a key that waits, or whose holder has left. One that the contract in force names is a party until it is amended."""
    from stillroom.server.administration import remove as run

    record = run(folder, key)
    screen(as_json=as_json).show(record.to_json(), f"{record.party} has no longer joined by this key: {key}")


def _say(url: str) -> None:
    """Say where the server is, at once, so that whoever started it can wait for that."""
    sys.stdout.write(f"Serving at {url}\n")
    sys.stdout.flush()
