"""`stillroom agent`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, screen
from stillroom.cli.screen import plain, printable
from stillroom.errors import Code, InvalidInput

app = typer.Typer()

Party = Annotated[str, typer.Argument(help="The party's name, as in the contract.")]
Folder = Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")]
Url = Annotated[str, typer.Argument(help="The address of the room's server: https://host:port.")]
RoomKey = Annotated[
    str | None,
    typer.Option("--room-key", help="The room's public key, as its operator reads it out to you.", show_default="asked for"),
]
Epsilon = Annotated[float, typer.Option("--epsilon", help="Lifetime cap of the party's accounts, as ε at --delta. Only you can raise it.")]
Delta = Annotated[float, typer.Option("--delta", help="The δ at which --epsilon is meant.")]
Selection = Annotated[
    float, typer.Option("--selection-delta", help="Lifetime cap of the further δ that keys without a declared domain cost.")
]


@app.callback(invoke_without_command=True)
def run(context: typer.Context, *, home: Home = HERE) -> None:
    """Do what the room asks of your party, after having looked at it, until told to end (Ctrl-C)."""
    if context.invoked_subcommand is not None:
        return
    from stillroom.agent.main import open_agent

    agent = open_agent(home, _say)
    signal.signal(signal.SIGTERM, lambda *_: agent.stop())
    _say("The agent runs.")
    agent.run()


@app.command("init")
def init(
    party: Party,
    folder: Folder,
    *,
    epsilon: Epsilon = 10.0,
    delta: Delta = 1e-9,
    selection_delta: Selection = 0.0,
    as_json: AsJson = False,
) -> None:
    """Make a party's home: its keys, its accounts and a place for its data. They stay with the party."""
    from stillroom.client.members import make_home

    key = make_home(folder, party, epsilon=epsilon, delta=delta, selection_delta=selection_delta)
    screen(as_json=as_json).show(
        {"party": party, "key": key}, f"Made the home of {party} in {folder}.", f"Its public key, for operator and contract: {key}"
    )


@app.command("join")
def join(url: Url, *, room_key: RoomKey = None, home: Home = HERE, as_json: AsJson = False) -> None:
    """Join the room of a server, once you have compared its key with the operator, over the telephone or in person."""
    from stillroom.client.members import join_server, look_at

    found = look_at(url, home)
    given = room_key if room_key is not None else _asked_for(found.key)
    joined = join_server(home, url, found, given)
    state = "The operator has confirmed your key." if joined.confirmed else "Now read your key out to the operator, who confirms it."
    screen(as_json=as_json).show(
        joined.to_json(), f"{joined.party} has joined the room {plain(found.name)}.", f"Your key: {joined.key}", state
    )


def _asked_for(shown: str) -> str:
    """Show the key that the server claims, and ask for what the operator says."""
    if not sys.stdin.isatty():
        raise InvalidInput(Code.USAGE, "The room's key is missing.", "Add --room-key, with what the operator reads out to you.")
    sys.stdout.write(f"The server says that its room's key is\n  {shown}\n")
    if not typer.confirm("Does the operator read out the same?"):
        raise InvalidInput(Code.KEY_MISMATCH, "The key is not the room's.", "Do not join. Somebody may be in between.")
    return shown


def _say(text: str) -> None:
    """Write a line at once: one line, whatever a server wants to be written."""
    sys.stdout.write(f"{printable(text, kept='')}\n")
    sys.stdout.flush()
