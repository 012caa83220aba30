"""Options that several commands share."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.screen import Screen
from stillroom.errors import Code, InvalidInput

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
Pure = Annotated[bool, typer.Option("--pure", help="Noise for pure ε: Laplace, or exponential where quantiles are chosen.")]
GroupsPerPerson = Annotated[int | None, typer.Option("--groups-per-person", help="Keep at most so many groups of each person.")]
Advise = Annotated[
    float | None,
    typer.Option("--advise", metavar="SHARE", help="Spend this share, as 0.05, on choosing how far persons' totals and groups are cut."),
]
Caps = Annotated[
    list[str] | None,
    typer.Option("--cap", metavar="NAME=NUMBER", help="Cut what one person adds to a cell of the column NAME to at most NUMBER."),
]
Nonnegative = Annotated[bool, typer.Option("--nonnegative", help="Show no count or sum below 0 that cannot be.")]
Clamped = Annotated[bool, typer.Option("--clamped", help="Measure what clamping removes from sums, too, within the same price.")]
Weights = Annotated[
    list[str] | None,
    typer.Option("--weight", metavar="NAME=NUMBER", help="How much a column matters (0.01 to 100, else 1): its error is about 1/NUMBER."),
]
HowQuantiles = Annotated[
    str | None,
    typer.Option("--quantiles", help="tree, or exponential: each quantile by itself, closer, but without interval.", show_default="tree"),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="What :NAME stands for: a number, true, false or text; text in quotes is text."),
]

Spoken = Annotated[
    str | None, typer.Option("--dialect", help="The dialect of the question: postgres, snowflake, …", show_default="that of DuckDB")
]

HERE = Path()

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


def values_of(written: list[str] | None) -> dict[str, bool | int | float | str]:
    """Return parameters as they are typed: JSON numbers, truth values and texts in quotes are that, all else is text.

    Raises:
        InvalidInput: One of them has no name, or one name stands twice.
    """
    found: dict[str, bool | int | float | str] = {}
    for one in written or ():
        name, sign, value = one.partition("=")
        if not sign or not name or name in found:
            raise InvalidInput(Code.USAGE, "A parameter is a name, = and a value, each name once.", "Write --param name=value.")
        found[name] = _value(value)
    return found


def numbers_of(written: list[str] | None, option: str) -> dict[str, float]:
    """Return numbers by the headings of columns. A heading may have an = in it, a number has none.

    Args:
        written: As typed.
        option: The option that they were given to.

    Raises:
        InvalidInput: One of them has no heading or is no decimal number, or one heading stands twice.
    """
    found: dict[str, float] = {}
    for one in written or ():
        name, _, number = one.rpartition("=")
        if not name or name in found or not _DECIMAL.fullmatch(number):
            raise InvalidInput(
                Code.USAGE, f"{option} takes a column's heading, = and a decimal number, each heading once.", f"Write {option} name=2."
            )
        found[name] = float(number)
    return found


def _value(text: str) -> bool | int | float | str:
    """Return a value that is written in JSON, or the text itself."""
    try:
        found = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, bool | int | float | str) else text


def screen(*, as_json: bool) -> Screen:
    """Return where a command prints."""
    return Screen(as_json)
