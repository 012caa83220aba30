"""Whatever one person's rows are, they move the exact cells of no question further than its declared sensitivities.

Most neighbours are explored with the reference. Engines are run on true neighbours, person by person: they must give what the reference
gives there.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.model.charge import RHO_UNIT
from stillroom.model.codec import digest_of
from stillroom.query.price import price
from stillroom.query.result import reads_noise
from stillroom.query.table.finish import finish
from tests.alterations import ALTERATIONS, altered_table, table_of_altered
from tests.marginals import without_noise
from tests.neighbours import explored, within
from tests.proved import check_totals, is_told_more
from tests.world import ACCEPTED, Table, as_it_is, contract, files, measured, persons, private, referred, world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillroom.model.release import Cell
    from stillroom.model.release import Table as ReleasedTable
    from tests.world import Entry, World

EVERY_QUESTION = pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name)
HEAVY = "a1"
"""Somebody with more rows than allowed, many of them at the extremes, in every dataset."""


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


@pytest.mark.parametrize("entry", [entry for entry in ACCEPTED if "(SELECT" in entry.sql], ids=lambda entry: entry.name)
def test_clamping_hides_no_wrong_bound(entry: Entry) -> None:
    """What the contract proves about groups of a person's rows holds before any total is clamped."""
    plan, agreed = entry.compiled.plan, contract(entry.variant)
    if is_told_more(plan, agreed):
        altered = [{name: table_of_altered(name, form) for name in private()} for form in ("highest", "spread", "random", "emptied")]
        check_totals(plan, agreed, [world(), *({**world(), **tables} for tables in altered)])


@EVERY_QUESTION
def test_the_charge_covers_what_a_person_moves(entry: Entry) -> None:
    """All mechanisms together cost no more than is charged, at the worst that somebody was seen to do to each marginal."""
    marginals = [one for strategy in entry.compiled.plan.strategies for one in strategy]
    worst = [max(moved) for moved in zip(*explored(entry).costs(), strict=True)]
    assert sum(worst, Fraction(0)) <= entry.compiled.charge.rho * RHO_UNIT
    assert len(worst) == len(marginals)


@pytest.mark.parametrize("name", private())
def test_rows_of_nobody_change_nothing(name: str) -> None:
    nobody: list[str | None] = [None, "", " ", "n/a", " N/A ", "000"] if name in {"members", "visits"} else [None, "", " ", "000"]
    person = private()[name].person.column
    added = [{**row, person: identifier} for row in files()[name][:3] for identifier in nobody]
    assert Table(name, files()[name] + added).rows == world()[name].rows


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
    """Run the engine on true neighbours: it agrees with the reference, and nothing but noisy values differs for anybody who looks.

    Where noisy values choose the rows that are shown, these differ too.
    """
    compiled, cost = entry.compiled, price(contract(entry.variant), entry.compiled)
    made = compiled.plan.finish
    noise_chooses = made.having is not None or (
        (made.limit is not None or made.offset > 0) and any(reads_noise(one.value) for one in made.order)
    )
    shown = keys_of(finish(compiled.plan, compiled.headings, without_noise(compiled.plan, as_it_is(entry))))
    for tables in neighbours(entry, person, alterations):
        cells = measured(compiled.plan, tables)
        assert cells == referred(compiled.plan, tables)
        if not noise_chooses:
            assert keys_of(finish(compiled.plan, compiled.headings, without_noise(compiled.plan, cells))) == shown
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
