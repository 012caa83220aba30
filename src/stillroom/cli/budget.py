"""`stillroom budget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import delta_units, plain_table, units
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from stillroom.client.views import AccountLine

Raise = Annotated[str | None, typer.Option("--raise", help="Raise the lifetime cap of this population's account, or open one (owners).")]
Epsilon = Annotated[float | None, typer.Option("--epsilon", help="The new lifetime cap, as ε at --delta.")]
Delta = Annotated[float, typer.Option("--delta", help="The δ at which --epsilon is meant.")]
Selection = Annotated[
    float | None,
    typer.Option("--selection-delta", help="The new lifetime cap of the further δ for selecting keys.", show_default="as it is"),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="budget")(budget)


def budget(
    *,
    raise_: Raise = None,
    epsilon: Epsilon = None,
    delta: Delta = 1e-9,
    selection_delta: Selection = None,
    home: Home = HERE,
    room: Room = None,
    as_json: AsJson = False,
) -> None:
    """Show the contract's balance, and your own accounts."""
    from stillroom.client.session import open_room

    if raise_ is None and epsilon is not None:
        raise InvalidInput(Code.USAGE, "--epsilon is the new cap of an account.", "Name its population with --raise.")
    session = open_room(home, room)
    found = session.budget()
    opened = raise_ is not None and session.raise_account(raise_, epsilon, delta, selection_delta)
    found = session.budget() if raise_ is not None else found
    selecting = any(line.cap.delta for line in found)
    numbers = ("cap ρ", "held ρ", "spent ρ", "left ρ", *(("cap δ", "held δ", "spent δ", "left δ") if selecting else ()))
    table = plain_table("account", *numbers, right=numbers)
    for line in found:
        table.add_row(line.name, *map(units, _parts(line, "rho")), *(map(delta_units, _parts(line, "delta")) if selecting else ()))
    screen(as_json=as_json).show([line.to_json() for line in found], table, *([f"The account for {raise_} is new."] if opened else []))


def _parts(line: AccountLine, name: str) -> list[int]:
    """Return what an account's cap is, what is held and spent of it, and what is left, of ρ or of δ."""
    cap, held, spent = (getattr(part, name) for part in (line.cap, line.held, line.spent))
    return [cap, held, spent, cap - held - spent]
