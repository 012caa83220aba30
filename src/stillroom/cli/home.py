"""`stillroom init room`, `stillroom init home` and `stillroom join`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, screen

app = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")]
Party = Annotated[str, typer.Argument(help="The party's name, as in the contract.")]
RoomName = Annotated[str, typer.Option("--name", help="The room's name, in its log's checkpoints.")]
Joined = Annotated[Path, typer.Option("--room", envvar="STILLROOM_ROOM", help="The room that the party joins.")]
Epsilon = Annotated[float, typer.Option("--epsilon", help="Lifetime cap of the party's accounts, as ε at --delta. Only you can raise it.")]
Delta = Annotated[float, typer.Option("--delta", help="The δ at which --epsilon is meant.")]
Selection = Annotated[
    float, typer.Option("--selection-delta", help="Lifetime cap of the further δ that keys without a declared domain cost.")
]
Room = Annotated[Path, typer.Argument(help="The room's folder.")]


def register(outer: typer.Typer) -> None:
    """Add the command that is not part of `init`."""
    outer.command(name="join")(join)


@app.command("room")
def room(folder: Folder, *, name: RoomName = "room", as_json: AsJson = False) -> None:
    """Make a room: its signing key, its accounts and its log."""
    from stillroom.client.session import make_room

    key = make_room(folder, name)
    screen(as_json=as_json).show({"room": name, "key": key}, f"Made the room {name} in {folder}.", f"Its public key: {key}")


@app.command("home")
def home(
    party: Party,
    folder: Folder,
    *,
    room: Joined,
    epsilon: Epsilon = 10.0,
    delta: Delta = 1e-9,
    selection_delta: Selection = 0.0,
    as_json: AsJson = False,
) -> None:
    """Make a party's home: its keys, its accounts and a place for its data. They stay with the party."""
    from stillroom.client.session import make_home

    key = make_home(folder, party, room=room, epsilon=epsilon, delta=delta, selection_delta=selection_delta)
    screen(as_json=as_json).show(
        {"party": party, "key": key}, f"Made the home of {party} in {folder}.", f"Its public key, for the contract: {key}"
    )


def join(folder: Room, *, home: Home = HERE, as_json: AsJson = False) -> None:
    """Take your home into a further room. Its accounts are the same there: all rooms draw on one lifetime cap."""
    from stillroom.client.rooms import join_room

    joined = join_room(folder, home)
    where = "Commands go there when they name no room." if joined.first else f"Name it with --room {folder}."
    screen(as_json=as_json).show(
        joined.to_json(), f"{joined.party} has joined the room {joined.room}. {where}", f"Its public key: {joined.key}"
    )
