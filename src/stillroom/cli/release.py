"""`stillroom releases` and `stillroom show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain_table, question_text, release_lines, release_table

Which = Annotated[str, typer.Argument(help="A commit's number in the log, or the beginning of a plan digest.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the signed release to this file.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="releases")(releases)
    app.command(name="show")(show)


def releases(*, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """List the releases that your party may receive."""
    from stillroom.client.session import open_room

    found = open_room(home, room).releases()
    table = plain_table("commit", "plan", "asked by", "ε")
    table.add_column("question", min_width=20, overflow="fold")
    for item in found:
        said = item.statement
        question = " ".join(question_text(said.question).split())
        table.add_row(str(said.commit_index), said.plan_digest[:19], said.question.asked_by, f"{said.promise.epsilon:.3g}", question)
    screen(as_json=as_json).show([item.statement.to_json() for item in found], table)


def show(which: Which, *, out: Out = None, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Show one release again."""
    from stillroom.client.session import open_room

    found = open_room(home, room).release(which)
    if out is not None:
        found.save(out)
    screen(as_json=as_json).show(found.statement.to_json(), release_table(found.statement), *release_lines(found.statement))
