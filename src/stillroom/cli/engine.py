"""`stillroom engine`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import AsJson, screen

Name = Annotated[
    str | None, typer.Argument(help="`duckdb`, `polars` or `datafusion`, or `spark` for a cluster.", show_default="only show it")
]
Remote = Annotated[str | None, typer.Option("--remote", help="For spark: the URL of its Spark Connect server, as sc://host:port.")]
Room = Annotated[Path, typer.Option("--room", envvar="STILLROOM_ROOM", help="The room's folder.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="engine")(engine)


def engine(name: Name = None, *, remote: Remote = None, room: Room, as_json: AsJson = False) -> None:
    """Show or choose what a room computes with; for its operator."""
    from stillroom.client.rooms import engine_of

    chosen, where = engine_of(room, name, remote)
    screen(as_json=as_json).show({"engine": chosen, "remote": where}, f"The room computes with {chosen}{f' at {where}' if where else ''}.")
