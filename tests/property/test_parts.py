"""However the persons are divided, the cells of the parts add up to those of the whole, integer by integer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.parts import NotSorted, divided
from stillroom.model.schema import Kind
from stillroom.query.advised import votes_plan
from tests.fakes import ListTable
from tests.world import ACCEPTED, ENGINE, by_keys, corpus, occupation, private, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.schema import Scalar
    from tests.world import Entry, World

SELECTED = corpus("selected.sql")
ADVISED = corpus("advised.sql")
PART_ROWS = 8
"""In the corpus, this makes some parts of several persons each; 1 makes one of each person."""


@cache
def in_order() -> World:
    """Return the world as admission stores it."""
    return {name: table.sorted() for name, table in world().items()}


@pytest.fixture(scope="module", params=[PART_ROWS, pytest.param(1, marks=pytest.mark.slow)])
def in_parts(request: pytest.FixtureRequest) -> DuckdbEngine:
    return DuckdbEngine(threads=1, part_rows=request.param)


def test_the_corpus_is_divided() -> None:
    """Otherwise the tests below would show nothing."""
    tables = {name: table.stored for name, table in in_order().items()}
    parts = list(divided(tables, [*private()], PART_ROWS))
    assert len(parts) > 3
    assert sum(part["visits"].extent()[0] > 0 for part in parts) > 2
    assert len(list(divided(tables, [*private()], 1))) > 10


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name)
def test_parts_add_up_to_the_whole(entry: Entry, in_parts: DuckdbEngine) -> None:
    plan = entry.compiled.plan
    tables = {name: table.stored for name, table in in_order().items()}
    assert in_parts.measure_exactly(plan, tables) == ENGINE.measure_exactly(plan, tables)


@pytest.mark.parametrize("entry", SELECTED, ids=lambda entry: entry.name)
def test_selected_keys_add_up_to_the_whole(entry: Entry, in_parts: DuckdbEngine) -> None:
    plan = entry.compiled.plan
    found = in_parts.measure_occupied(plan, {name: table.stored for name, table in in_order().items()})
    whole = occupation(plan, in_order())
    assert (by_keys(found), found.totals) == (by_keys(whole), whole.totals)


@pytest.mark.parametrize("entry", ADVISED, ids=lambda entry: entry.name)
def test_votes_add_up_to_the_whole(entry: Entry, in_parts: DuckdbEngine) -> None:
    plan = votes_plan(entry.compiled.plan)
    tables = {name: table.stored for name, table in in_order().items()}
    assert in_parts.measure_exactly(plan, tables) == ENGINE.measure_exactly(plan, tables)


# ------------------------------------------------------------------------------------------------------------ the parts

NAMES = st.lists(st.text(min_size=1, max_size=3), max_size=12)


def table(names: Sequence[str]) -> ListTable:
    """Return a table with a row, or several, of each person."""
    rows: list[dict[str, Scalar]] = [{"person": name, "n": number} for number, name in enumerate(sorted(names, key=str.encode))]
    return ListTable(rows, {"n": Kind.INTEGER})


@given(one=NAMES, other=NAMES, most=st.integers(1, 5))
def test_everybody_is_in_one_part_with_all_rows(one: list[str], other: list[str], most: int) -> None:
    """In each table, the rows of the parts are the table's, under the same names; and nobody is in two parts."""
    tables = {"one": table(one), "other": table(other)}
    seen: dict[str, int] = {}
    found: dict[str, list[tuple[str, int]]] = {"one": [], "other": []}
    for number, part in enumerate(divided(tables, ["one", "other"], most)):
        for name, rows in found.items():
            persons, read = part[name].persons().to_pylist(), part[name].rows(["n"])
            assert part[name].extent() == (read.num_rows, len(persons))
            assert all(seen.setdefault(person, number) == number for person in persons)
            mine = [persons[code] for code in read.column("person").to_pylist()]
            assert read.num_rows <= most - 1 + max(map(mine.count, mine), default=0)
            rows.extend(zip(mine, read.column("n").to_pylist(), strict=True))
    for name, names in (("one", one), ("other", other)):
        assert found[name] == [(person, number) for number, person in enumerate(sorted(names, key=str.encode))]


@pytest.mark.parametrize("rows", [["b", "a"], ["a", "b", "a"]])
def test_a_table_that_is_not_sorted_is_not_divided(rows: list[str]) -> None:
    shuffled = ListTable([{"person": name, "n": 1} for name in rows], {"n": Kind.INTEGER})
    with pytest.raises(NotSorted):
        list(divided({"a": shuffled, "z": table(["a", "b"])}, ["a", "z"], 1))
