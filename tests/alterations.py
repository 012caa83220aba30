"""What may become of one person's rows: neighbours of a world, chosen to be as far from it as they can."""

from __future__ import annotations

import random
from functools import cache
from itertools import cycle, islice
from typing import TYPE_CHECKING

from stillroom.model.schema import Kind, places
from tests.world import Table, files, person_of, persons, private

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.contract import PrivateDataset
    from stillroom.model.schema import Column
    from tests.world import Raw

BEYOND = 2
"""How many rows more than allowed an altered person has."""


def _texts(column: Column) -> list[str | None]:
    """Return values of a column from one extreme to the other, as a file has them."""
    if column.values is not None:
        return [*map(str, column.values)]
    if column.bounds is not None:
        low, high = column.bounds
        between = [] if column.type is Kind.DATE else _inner(column)
        return [str(low), *between, str(high)]
    return ["false", "true"] if column.type is Kind.BOOLEAN else ["i10", "pain", "%", "j45"]


def _inner(column: Column) -> list[str | None]:
    """Return numbers next to zero and to the bounds."""
    low, high = (float(bound) for bound in column.bounds or (0, 0))
    step = float(column.step or 1)
    return [f"{value:.{places(step)}f}" for value in (low + step, -step, 0, step, high - step) if low <= value <= high]


def _rows(dataset: PrivateDataset, person: str, pick: Callable[[Column, int], str | None]) -> Raw:
    """Return too many rows, with values chosen by column and number of the row."""
    count = dataset.rows_per_person + BEYOND
    return [
        {dataset.person.column: person, **{name: pick(column, row) for name, column in dataset.columns.items()}} for row in range(count)
    ]


def _own(name: str, person: str) -> Raw:
    """Return a person's rows of a file."""
    return [row for row in files()[name] if person_of(private()[name], row) == person]


def _cycled(column: Column, row: int, offset: int) -> str | None:
    return next(islice(cycle([*_texts(column), None]), row + offset, None))


def _random(name: str, person: str, seed: int) -> Raw:
    """Return rows of random values."""
    numbers = random.Random(f"{name} {person} {seed}")
    return _rows(private()[name], person, lambda column, _row: numbers.choice([*_texts(column), None]))


def _another(name: str, person: str) -> Raw:
    """Return the rows of somebody else, under this person's name."""
    other = persons()[(persons().index(person) + 1) % len(persons())]
    return [{**row, private()[name].person.column: person} for row in _own(name, other)]


ALTERATIONS: dict[str, Callable[[str, str], Raw]] = {
    "removed": lambda _name, _person: [],
    "lowest": lambda name, person: _rows(private()[name], person, lambda column, _row: _texts(column)[0]),
    "highest": lambda name, person: _rows(private()[name], person, lambda column, _row: _texts(column)[-1]),
    "spread": lambda name, person: _rows(private()[name], person, lambda column, row: _cycled(column, row, 0)),
    "spread otherwise": lambda name, person: _rows(private()[name], person, lambda column, row: _cycled(column, -row - 1, 1000)),
    "emptied": lambda name, person: _rows(private()[name], person, lambda column, _row: _texts(column)[0] if column.required else None),
    "another's": _another,
    "more": lambda name, person: _own(name, person) + ALTERATIONS["highest"](name, person)[:BEYOND],
    "random": lambda name, person: _random(name, person, 1),
    "random again": lambda name, person: _random(name, person, 2),
}
"""Each makes, of a dataset and a person, the person's new rows in its file."""


@cache
def altered_table(name: str, alteration: str, person: str) -> Table:
    """Return a table in which one person's rows are altered, and nobody else's."""
    others = [row for row in files()[name] if person_of(private()[name], row) != person]
    return Table(name, others + ALTERATIONS[alteration](name, person))


@cache
def table_of_altered(name: str, alteration: str) -> Table:
    """Return a table in which everybody's rows are altered, each person's apart: as many neighbours at once as there are persons."""
    return Table(name, [row for person in persons() for row in ALTERATIONS[alteration](name, person)])
