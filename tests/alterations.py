"""What may become of one person's rows: neighbours of a world, chosen to be as far from it as they can."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import TYPE_CHECKING

from stillroom.model.schema import CALENDAR, Kind, places
from tests.world import Table, files, person_of, persons, private

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.contract import PrivateDataset
    from stillroom.model.schema import Column
    from tests.world import Raw

BEYOND = 2
"""How many rows more than allowed an altered person has."""


@dataclass(frozen=True)
class Rows:
    """One person's rows in a file.

    Attributes:
        dataset: What the contract says about the file.
        name: The dataset's name.
        person: Whose rows they are.
        own: The rows as they are.
        another: The rows of somebody else.
    """

    dataset: PrivateDataset
    name: str
    person: str
    own: Raw
    another: Raw

    def too_many(self, pick: Callable[[Column, int], str | None]) -> Raw:
        """Return more rows than allowed, with values chosen by column and number of the row."""
        count = self.dataset.rows_per_person + BEYOND
        columns = self.dataset.columns.items()
        return [{self.dataset.person.column: self.person, **{name: pick(column, row) for name, column in columns}} for row in range(count)]

    def random(self, seed: int) -> Raw:
        """Return rows of random values."""
        numbers = random.Random(f"{self.name} {self.person} {seed}")
        return self.too_many(lambda column, _row: numbers.choice([*texts_of(column), None]))


def texts_of(column: Column) -> list[str | None]:
    """Return values of a column from one extreme to the other, as a file has them."""
    if column.values is not None:
        return [*map(str, column.values)]
    if column.bounds is not None:
        low, high = column.bounds
        between = [] if column.type in CALENDAR else _inner(column)
        return [str(low), *between, str(high)]
    return FREE[column.type]


FREE: dict[Kind, list[str | None]] = {
    Kind.BOOLEAN: ["false", "true"],
    Kind.TEXT: ["i10", "pain", "%", "j45"],
    Kind.DATE: ["0001-01-01", "2024-02-29", "9999-12-31"],
    Kind.TIMESTAMP: ["0001-01-01 00:00:00", "2024-02-29 12:30:59", "9999-12-31 23:59:59"],
    Kind.INTEGER: ["-9007199254740991", "0", "9007199254740991"],
    Kind.DECIMAL: ["-1", "0", "1"],
}
"""Values of columns without bounds."""


def _inner(column: Column) -> list[str | None]:
    """Return numbers next to zero and to the bounds."""
    low, high = (float(bound) for bound in column.bounds or (0, 0))
    step = float(column.step or 1)
    return [f"{value:.{places(step)}f}" for value in (low + step, -step, 0, step, high - step) if low <= value <= high]


def _cycled(column: Column, row: int, offset: int) -> str | None:
    return next(islice(cycle([*texts_of(column), None]), row + offset, None))


ALTERATIONS: dict[str, Callable[[Rows], Raw]] = {
    "removed": lambda _: [],
    "lowest": lambda rows: rows.too_many(lambda column, _row: texts_of(column)[0]),
    "highest": lambda rows: rows.too_many(lambda column, _row: texts_of(column)[-1]),
    "spread": lambda rows: rows.too_many(lambda column, row: _cycled(column, row, 0)),
    "spread otherwise": lambda rows: rows.too_many(lambda column, row: _cycled(column, -row - 1, 1000)),
    "emptied": lambda rows: rows.too_many(lambda column, _row: texts_of(column)[0] if column.required else None),
    "another's": lambda rows: [{**row, rows.dataset.person.column: rows.person} for row in rows.another],
    "more": lambda rows: rows.own + ALTERATIONS["highest"](rows)[:BEYOND],
    "random": lambda rows: rows.random(1),
    "random again": lambda rows: rows.random(2),
}
"""Each makes, of a person's rows in a file, the person's new rows there."""


def altered_rows(name: str, alteration: str, person: str) -> Raw:
    """Return what a person's rows in a file become."""
    other = persons()[(persons().index(person) + 1) % len(persons())]
    return ALTERATIONS[alteration](Rows(private()[name], name, person, _own(name, person), _own(name, other)))


def _own(name: str, person: str) -> Raw:
    """Return a person's rows of a file."""
    return [row for row in files()[name] if person_of(private()[name], row) == person]


@cache
def altered_table(name: str, alteration: str, person: str) -> Table:
    """Return a table in which one person's rows are altered, and nobody else's."""
    others = [row for row in files()[name] if person_of(private()[name], row) != person]
    return Table(name, others + altered_rows(name, alteration, person))


@cache
def table_of_altered(name: str, alteration: str) -> Table:
    """Return a table in which everybody's rows are altered, each person's apart: as many neighbours at once as there are persons."""
    return Table(name, [row for person in persons() for row in altered_rows(name, alteration, person)])
