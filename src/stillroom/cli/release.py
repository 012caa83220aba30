"""`stillroom releases` and `stillroom show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain_table, question_text, release_lines, release_table, shown_table

if TYPE_CHECKING:
    from stillroom.model.release import Release

SIZE_LIMIT = 600_000_000
"""The largest saved release, in bytes."""

Which = Annotated[str, typer.Argument(help="A commit's number in the log, or the beginning of a plan digest.")]
One = Annotated[str, typer.Argument(help="A saved release, a commit's number, or the beginning of a plan digest.")]
Other = Annotated[str, typer.Argument(help="Another one, of which no two rows have the same keys.")]
On = Annotated[list[str] | None, typer.Option("--on", help="A key that rows must have in common.", show_default="all keys that both have")]
How = Annotated[str, typer.Option("--how", help="Which rows stay that meet none: inner (none), left or full.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the signed release to this file.")]

Proof = Annotated[
    Path | None, typer.Option("--proof", help="Write proofs that the release is in the log to this file; `verify` takes it for the log.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="releases")(releases)
    app.command(name="show")(show)
    app.command(name="combine")(combine)


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


def show(which: Which, *, out: Out = None, proof: Proof = None, home: Home = HERE, room: Room = None, as_json: AsJson = False) -> None:
    """Show one release again."""
    from stillroom.client.files import write_bytes
    from stillroom.client.session import open_room

    session = open_room(home, room)
    found = session.release(which)
    if out is not None:
        found.save(out)
    if proof is not None:
        write_bytes(proof, session.proof(which))
    screen(as_json=as_json).show(found.statement.to_json(), release_table(found.statement), *release_lines(found.statement))


def combine(
    one: One, other: Other, *, on: On = None, how: How = "inner", home: Home = HERE, room: Room = None, as_json: AsJson = False
) -> None:
    """Join the tables of two releases on their keys. Both are released: it costs nothing and reads no data."""
    from stillroom.client.joined import checked, joined

    kept = checked(how)
    left, right = (_released(which, home, room).table for which in (one, other))
    table = joined(left, right, on, kept).released
    lines = [] if table.rows else ["No rows meet."]
    screen(as_json=as_json).show(table.to_json(), shown_table(table), *lines)


def _released(which: str, home: Path, room: Path | None) -> Release:
    """Return a release that is saved in a file, or stored in the room."""
    from stillroom.client.files import read_bytes
    from stillroom.client.session import open_room
    from stillroom.room.releases import read

    if Path(which).is_file():
        return read(read_bytes(which, SIZE_LIMIT))
    return open_room(home, room).release(which).statement
