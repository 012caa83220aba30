"""`stillroom data add | attach | list | withdraw | forget`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain_table

app = typer.Typer(no_args_is_help=True)

Dataset = Annotated[str, typer.Argument(help="A dataset of the contract that your party owns.")]
Source = Annotated[
    str,
    typer.Argument(help="A CSV or Parquet file, a folder of Parquet files, or a URL: s3://…, duckdb://…?table=…, postgresql://…?table=…."),
]
Lasting = Annotated[str, typer.Argument(help="As for `data add`, but no CSV, and no password in it.")]
Identifier = Annotated[
    str | None,
    typer.Option("--person", help="The identifier, in any spelling.", show_default="asked for, without showing it"),
]


@app.command("add")
def add(dataset: Dataset, source: Source, *, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Admit data as the next version of a dataset, and copy them into your home. The counts below are for you alone."""
    from stillroom.client.session import open_room

    shown = screen(as_json=as_json)
    added = open_room(home, room, progress=shown).add_data(dataset, source)
    shown.show(added.to_json(), f"{dataset} is now at version {added.version}.", *added.lines())


@app.command("attach")
def attach(dataset: Dataset, source: Lasting, *, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Let the next version of a dataset lie where it is: every run reads and admits it there. The counts below are for you alone."""
    from stillroom.client.session import open_room

    shown = screen(as_json=as_json)
    added = open_room(home, room, progress=shown).attach_data(dataset, source)
    shown.show(added.to_json(), f"{dataset} is now at version {added.version}, and stays where it is.", *added.lines())


@app.command("list")
def list_(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """List the datasets of the contract and their version numbers."""
    from stillroom.client.session import open_room

    found = open_room(home, room).data()
    table = plain_table("dataset", "owner", "version", "state")
    for line in found:
        table.add_row(line.dataset, line.owner, str(line.version or "–"), line.state)
    screen(as_json=as_json).show([line.to_json() for line in found], table)


@app.command("withdraw")
def withdraw(dataset: Dataset, *, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Withdraw a dataset: no question can read it any more. What was spent stays spent."""
    from stillroom.client.session import open_room

    open_room(home, room).withdraw_data(dataset)
    screen(as_json=as_json).show({"dataset": dataset, "withdrawn": True}, f"{dataset} is withdrawn.")


@app.command("forget")
def forget(*, person: Identifier = None, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Remove one person's rows from all your datasets, each as a new version. What was spent stays spent."""
    from stillroom.client.session import open_room

    session = open_room(home, room)
    versions = session.forget(_asked_for() if person is None else person)
    screen(as_json=as_json).show(versions, *(f"{dataset} is now at version {version}." for dataset, version in sorted(versions.items())))


def _asked_for() -> str:
    """Return the identifier that is typed, unseen, or that comes through a pipe."""
    if sys.stdin.isatty():
        return str(typer.prompt("Person", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")
