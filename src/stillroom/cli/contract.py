"""`stillroom contract check | explain | show | diff | sign`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain

app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A contract in YAML or JSON.")]
Old = Annotated[Path, typer.Argument(help="The earlier contract.")]
New = Annotated[Path, typer.Argument(help="The later contract.")]
Operator = Annotated[bool, typer.Option("--operator", help="Sign as the room's operator, with the room's key; --room is enough then.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the contract with its signatures to this file.")]


@app.command("check")
def check(file: File, *, as_json: AsJson = False) -> int:
    """Name all problems of a contract at once, each with its fix."""
    from stillroom.client import contracts

    problems = contracts.check(file)
    lines = [line for problem in problems for line in (f"{plain(problem.path)}: {plain(problem.what)}", f"  → {plain(problem.fix)}")]
    screen(as_json=as_json).show([problem.to_json() for problem in problems], *(lines or ["No problems found."]))
    return 2 if problems else 0


@app.command("explain")
def explain(file: File, *, as_json: AsJson = False) -> None:
    """Say in plain words what a contract allows."""
    from stillroom.client import contracts

    sentences = contracts.explain(file)
    screen(as_json=as_json).show(list(sentences), *(plain(sentence) for sentence in sentences))


@app.command("diff")
def diff(old: Old, new: New, *, as_json: AsJson = False) -> None:
    """Show what an amendment changes."""
    from stillroom.client import contracts

    changes = contracts.difference(old, new)
    screen(as_json=as_json).show(list(changes), *(plain(change) for change in changes or ("Nothing changed.",)))


@app.command("sign")
def sign(file: File, *, operator: Operator = False, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Sign a contract or an amendment as your party. It is in force once every party has signed."""
    from stillroom.client.rooms import room_of, sign_as_operator
    from stillroom.client.session import open_room

    signed = sign_as_operator(file, room or room_of(home)) if operator else open_room(home, room).sign(file)
    missing = ", ".join(signed.missing)
    line = f"In force: {signed.digest}" if not signed.missing else f"Signed: {signed.digest}. Still to sign: {missing}."
    screen(as_json=as_json).show(signed.to_json(), line)


@app.command("show")
def show(*, out: Out = None, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Show the contract in force, its digest and who signed."""
    from stillroom.client import contracts
    from stillroom.client.files import write_bytes
    from stillroom.client.session import open_room

    session = open_room(home, room)
    contract, envelope = session.contract, session.contract_envelope
    if out is not None:
        write_bytes(out, envelope)
    shown = screen(as_json=as_json)
    shown.show(contract.to_json(), f"[bold]{session.contract_digest}[/]", *(plain(line) for line in contracts.sentences(contract)))
