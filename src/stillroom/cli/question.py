"""`stillroom price` and `stillroom ask`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import (
    HERE,
    Advise,
    AsJson,
    Caps,
    Clamped,
    Epsilon,
    Error,
    GroupSize,
    GroupsPerPerson,
    Home,
    HowQuantiles,
    Nonnegative,
    Parameters,
    Pure,
    Room,
    Spoken,
    Weights,
    numbers_of,
    screen,
    values_of,
)
from stillroom.cli.screen import price_lines, release_lines, release_table

Sql = Annotated[str, typer.Argument(help="The question, one SELECT.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the signed release to this file.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="price")(price)
    app.command(name="ask")(ask)


def price(
    sql: Sql,
    *,
    param: Parameters = None,
    dialect: Spoken = None,
    epsilon: Epsilon = None,
    error: Error = None,
    group_size: GroupSize = None,
    pure: Pure = False,
    groups_per_person: GroupsPerPerson = None,
    nonnegative: Nonnegative = False,
    advise: Advise = None,
    cap: Caps = None,
    clamped: Clamped = False,
    weight: Weights = None,
    quantiles: HowQuantiles = None,
    home: Home = HERE,
    room: Room = None,
    as_json: AsJson = False,
) -> None:
    """Say what a question would cost and how precise it would be. Nothing is read and nothing is spent."""
    from stillroom.client.session import open_room

    session = open_room(home, room)
    found = session.price(
        sql,
        parameters=values_of(param),
        dialect=dialect,
        epsilon=epsilon,
        error=error,
        group_size=group_size,
        pure=pure,
        groups_per_person=groups_per_person,
        nonnegative=nonnegative,
        advise=advise,
        caps=numbers_of(cap, "--cap"),
        clamped=clamped,
        weights=numbers_of(weight, "--weight"),
        quantiles=quantiles,
    )
    screen(as_json=as_json).show(found.to_json(), *price_lines(found, beyond=session.cap_exceeded(found)))


def ask(
    sql: Sql,
    *,
    param: Parameters = None,
    dialect: Spoken = None,
    epsilon: Epsilon = None,
    error: Error = None,
    group_size: GroupSize = None,
    pure: Pure = False,
    groups_per_person: GroupsPerPerson = None,
    nonnegative: Nonnegative = False,
    advise: Advise = None,
    cap: Caps = None,
    clamped: Clamped = False,
    weight: Weights = None,
    quantiles: HowQuantiles = None,
    out: Out = None,
    home: Home = HERE,
    room: Room = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question and print the release. The same question again is free."""
    from stillroom.client.files import check_writable
    from stillroom.client.session import open_room

    if out is not None:
        check_writable(out)
    shown = screen(as_json=as_json)
    session = open_room(home, room, progress=shown)
    found = session.ask(
        sql,
        parameters=values_of(param),
        dialect=dialect,
        epsilon=epsilon,
        error=error,
        group_size=group_size,
        pure=pure,
        groups_per_person=groups_per_person,
        nonnegative=nonnegative,
        advise=advise,
        caps=numbers_of(cap, "--cap"),
        clamped=clamped,
        weights=numbers_of(weight, "--weight"),
        quantiles=quantiles,
    )
    if out is not None:
        found.save(out)
    again = [] if found.charged else ["[dim]Asked before: the stored release, no charge.[/]"]
    shown.show(found.statement.to_json(), release_table(found.statement), *release_lines(found.statement), *again)
