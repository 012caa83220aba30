"""Whatever one person's rows are, they move the exact cells of no question further than its declared sensitivities.

Most neighbours are explored with the reference, which looks at one person at a time, so that altering everybody at once makes as many
neighbours as there are persons. Engines are run on true neighbours, person by person: they must give what the reference gives there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, TypeAlias

import pytest

from stillroom.model.codec import digest_of
from stillroom.query.finish import finish
from stillroom.query.price import price
from stillroom.query.scales import measure_sensitivities
from tests.alterations import ALTERATIONS, altered_table, table_of_altered
from tests.world import ACCEPTED, as_it_is, contract, contributions, measured, persons, referred, world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillroom.model.plan import Plan
    from stillroom.model.release import Cell
    from stillroom.model.release import Table as ReleasedTable
    from stillroom.privacy.sensitivity import Sensitivity
    from tests.reference import Sparse
    from tests.world import Entry, Vector, World

Norms: TypeAlias = tuple[int, int, int, int]
"""L0, L1, squared L2 and L∞."""

EVERY_QUESTION = pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name)
HEAVY = "a1"
"""Somebody with more rows than allowed, many of them at the extremes, in every dataset."""


def norms(difference: Iterable[int]) -> Norms:
    sizes = [abs(value) for value in difference if value]
    return len(sizes), sum(sizes), sum(size**2 for size in sizes), max(sizes, default=0)


def declared(sensitivity: Sensitivity) -> Norms:
    return sensitivity.l0, sensitivity.l1, sensitivity.l2_squared, sensitivity.linf


def within(actual: Norms, limits: Norms) -> bool:
    return all(one <= limit for one, limit in zip(actual, limits, strict=True))


def minus(one: Sparse, other: Sparse) -> Iterator[int]:
    return (one.get(cell, 0) - other.get(cell, 0) for cell in one.keys() | other.keys())


def plus(vectors: Iterable[Vector]) -> Vector:
    """Add up what several identifiers contribute."""
    first, *others = vectors
    total = [dict(cells) for cells in first]
    for vector in others:
        for cells, own in zip(total, vector, strict=True):
            for cell, value in own.items():
                cells[cell] = cells.get(cell, 0) + value
    return tuple(total)


def distinct(vectors: Iterable[Vector]) -> list[Vector]:
    """Return vectors without repetitions."""
    return list({tuple(frozenset(cells.items()) for cells in vector): vector for vector in vectors}.values())


@dataclass(frozen=True)
class Exploration:
    """What everybody contributes to a question in many worlds.

    Attributes:
        entry: The question.
    """

    entry: Entry

    @property
    def plan(self) -> Plan:
        return self.entry.compiled.plan

    @property
    def bounds(self) -> list[tuple[Sensitivity, Sensitivity]]:
        """The (add/remove, change) sensitivities of each measure."""
        return [measure_sensitivities(measure, self.plan.bounds, self.plan.cells) for measure in self.plan.measures]

    @property
    def read(self) -> list[str]:
        """The private datasets that are read."""
        return [part.dataset for part in self.plan.parts]

    @property
    def people(self) -> list[tuple[str, ...]]:
        """Everybody's identifiers: each alone, and together with the next where the contract allows for two."""
        alone: list[tuple[str, ...]] = [(person,) for person in persons()]
        return alone if self.plan.bounds.identifiers == 1 else alone + list(pairwise(persons()))

    def _worlds(self) -> Iterator[list[World]]:
        """Yield worlds that differ from each other in one dataset: that one in every form, the other as it is or at an extreme."""
        for name in self.read:
            others = [other for other in self.read if other != name]
            for background in (None, "highest", "spread") if others else (None,):
                altered = {other: table_of_altered(other, background) for other in others if background}
                rest = {**world(), **altered}
                yield [rest, *({**rest, name: table_of_altered(name, alteration)} for alteration in ALTERATIONS)]

    @cached_property
    def moves(self) -> list[list[list[Vector]]]:
        """For each set of worlds that differ in one dataset, and each person, what the person contributes in each."""
        found = []
        for worlds in self._worlds():
            forms = [contributions(self.plan, tables) for tables in worlds]
            found += [[distinct(plus(parts[identifier] for identifier in who) for parts in forms) for who in self.people]]
        return found

    def vanishing(self) -> Iterator[tuple[Norms, Norms]]:
        """Yield how far a person who appears or vanishes moves a measure, and how far that may be."""
        for vector in (vector for people in self.moves for vectors in people for vector in vectors):
            for cells, (add_remove, _) in zip(vector, self.bounds, strict=True):
                yield norms(cells.values()), declared(add_remove)

    def changing(self) -> Iterator[tuple[Norms, Norms]]:
        """Yield how far a person who is altered in one dataset moves a measure, and how far that may be."""
        pairs = (pair for people in self.moves for vectors in people for pair in combinations(vectors, 2))
        for one, other in pairs:
            for before, after, (_, change) in zip(one, other, self.bounds, strict=True):
                yield norms(minus(before, after)), declared(change)


@cache
def explored(entry: Entry) -> Exploration:
    return Exploration(entry)


@EVERY_QUESTION
def test_a_person_appears_or_vanishes(entry: Entry) -> None:
    assert all(within(moved, allowed) for moved, allowed in explored(entry).vanishing())


@EVERY_QUESTION
def test_a_person_is_altered_in_one_dataset(entry: Entry) -> None:
    assert all(within(moved, allowed) for moved, allowed in explored(entry).changing())


def test_most_bounds_are_reached() -> None:
    """Somebody moves some measure as far as declared in most questions: were a bound smaller, the tests above would fail."""
    reached = [any(moved[1] == allowed[1] > 0 for moved, allowed in explored(entry).vanishing()) for entry in ACCEPTED]
    changed = [any(moved[1] == allowed[1] > 0 for moved, allowed in explored(entry).changing()) for entry in ACCEPTED]
    assert (sum(reached), sum(changed)) > (0.6 * len(ACCEPTED), 0.5 * len(ACCEPTED))


def keys_of(table: ReleasedTable) -> list[tuple[Cell, ...]]:
    """Return what a table shows besides noisy values."""
    shown = [heading.noisy for heading in table.headings]
    return sorted((tuple(cell for cell, noisy in zip(row, shown, strict=True) if not noisy) for row in table.rows), key=str)


def neighbours(entry: Entry, person: str, alterations: Iterable[str]) -> Iterator[World]:
    """Yield the world without a person, and with that person altered in each dataset that is read, and nobody else."""
    read = explored(entry).read
    yield {**world(), **{name: altered_table(name, "removed", person) for name in read}}
    for alteration in alterations:
        for name in read:
            yield {**world(), name: altered_table(name, alteration, person)}


def check_engine(entry: Entry, person: str, alterations: Iterable[str]) -> None:
    """Run the engine on true neighbours: it agrees with the reference, and nothing but noisy values differs for anybody who looks."""
    compiled, cost = entry.compiled, price(contract(entry.variant), entry.compiled)
    shown = keys_of(finish(compiled.plan, compiled.headings, as_it_is(entry)))
    for tables in neighbours(entry, person, alterations):
        cells = measured(compiled.plan, tables)
        assert cells == referred(compiled.plan, tables)
        if compiled.plan.finish.having is None:
            assert keys_of(finish(compiled.plan, compiled.headings, cells)) == shown
    again = entry.compile()
    assert (again, digest_of(again.plan)) == (compiled, digest_of(compiled.plan))
    assert price(contract(entry.variant), again) == cost


@pytest.mark.parametrize(("number", "entry"), list(enumerate(ACCEPTED)), ids=lambda value: getattr(value, "name", ""))
def test_engine_on_neighbours(number: int, entry: Entry) -> None:
    """Somebody heavy is removed and altered, and one of the others in turn is removed."""
    alteration = list(ALTERATIONS)[number % len(ALTERATIONS)]
    check_engine(entry, HEAVY, [alteration])
    check_engine(entry, persons()[number % len(persons())], [])


@pytest.mark.slow
@EVERY_QUESTION
def test_engine_on_all_neighbours(entry: Entry) -> None:
    for person in persons():
        check_engine(entry, person, ALTERATIONS)
