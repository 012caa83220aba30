"""`stillroom budget`."""

from __future__ import annotations

from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain_table, units
from stillroom.errors import Code, InvalidInput

Raise = Annotated[str | None, typer.Option("--raise", help="Raise the lifetime cap of this population's account, or open one (owners).")]
Epsilon = Annotated[float | None, typer.Option("--epsilon", help="The new lifetime cap, as ε at --delta.")]
Delta = Annotated[float, typer.Option("--delta", help="The δ at which --epsilon is meant.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="budget")(budget)


def budget(
    *, raise_: Raise = None, epsilon: Epsilon = None, delta: Delta = 1e-9, home: Home = HERE, room: Room = None, as_json: AsJson = False
) -> None:
    """Show the contract's balance, and your own accounts."""
    from stillroom.client.session import open_room

    if raise_ is None and epsilon is not None:
        raise InvalidInput(Code.USAGE, "--epsilon is the new cap of an account.", "Name its population with --raise.")
    session = open_room(home, room)
    found = session.budget()
    opened = raise_ is not None and session.raise_account(raise_, epsilon, delta)
    found = session.budget() if raise_ is not None else found
    numbers = ("cap ρ", "held ρ", "spent ρ", "left ρ")
    table = plain_table("account", *numbers, right=numbers)
    for line in found:
        left = line.cap.rho - line.held.rho - line.spent.rho
        table.add_row(line.name, *(units(part) for part in (line.cap.rho, line.held.rho, line.spent.rho, left)))
    screen(as_json=as_json).show([line.to_json() for line in found], table, *([f"The account for {raise_} is new."] if opened else []))
