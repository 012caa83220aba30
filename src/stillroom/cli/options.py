"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.screen import Screen

Home = Annotated[
    Path,
    typer.Option("--home", envvar="STILLROOM_HOME", help="Your party's home folder.", show_default="the present folder"),
]
Room = Annotated[
    Path | None,
    typer.Option("--room", envvar="STILLROOM_ROOM", help="The room's folder.", show_default="the room that the home has joined"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Epsilon = Annotated[float | None, typer.Option("--epsilon", help="Spend this ε (at the contract's δ).")]
Error = Annotated[float | None, typer.Option("--error", help="Or: the 95 % half-width that each cell may have, totals too.")]
GroupSize = Annotated[
    int | None, typer.Option("--group-size", help="A group size: at which --error holds for averages, and for which their error is shown.")
]
Pure = Annotated[bool, typer.Option("--pure", help="Laplace noise, for pure ε.")]
GroupsPerPerson = Annotated[int | None, typer.Option("--groups-per-person", help="Keep at most so many groups of each person.")]

HERE = Path()


def screen(*, as_json: bool) -> Screen:
    """Return where a command prints."""
    return Screen(as_json)
