"""Where only persons whose totals clamping may change are added up one by one, the cells are those of everybody one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillroom.adapters.engine.screening import FOUND, Screening, screened
from stillroom.adapters.statements.statement import can_clamp, needs_person_step
from stillroom.model.relation import Filter, Join, JoinKind, PerPerson, made, produced, steps
from stillroom.model.schema import Kind
from tests.fakes import ListTable
from tests.plans import Link, column, count, facts_of, key, part, plan, scan, total
from tests.reference import ReferenceEngine, contributions, read_tables
from tests.world import ENGINE

if TYPE_CHECKING:
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar

Rows = list[dict[str, "Scalar"]]

KINDS = {"a": {"g": Kind.INTEGER}, "z": {"m": Kind.INTEGER, "w": Kind.INTEGER}}
FACTS = facts_of(KINDS)
MOST = 6
"""The largest value of a row."""
KEYS = [key(column("a.g"), Kind.INTEGER, 0, 1, None), key(column("z.w"), Kind.INTEGER, 0, 1, None)]
PARTS = [part("a", scan("a", "g")), part("z", scan("z", "m", "w"))]
INNER = Link(kind=JoinKind.INNER)


def asked(low: int, high: int, rows: int) -> Plan:
    """Return the number of rows, at most so many of a person's in a cell, and a total between bounds."""
    bounded = total(column("z.m"), row=(-MOST if low < 0 else 0, MOST), bounds=(low, high))
    return plan(FACTS, PARTS, [count(rows), bounded, count()], link=INNER, keys=KEYS)


def screening(plan: Plan) -> Screening | None:
    """Return a plan in two, as engines run it, if they do."""
    return screened(plan, [one for one in plan.measures if can_clamp(one, plan.bounds.rows)])


def in_two(plan: Plan) -> Screening:
    """Return a plan in two."""
    found = screening(plan)
    assert found is not None
    return found


SIGNED, POSITIVE = asked(-24, 30, 1000), asked(0, 24, 4)
names, groups = st.sampled_from("pq"), st.none() | st.integers(0, 1)
A_ROW = st.fixed_dictionaries({"g": groups})
A_ROWS = st.lists(st.fixed_dictionaries({"person": names, "g": groups}), min_size=1, max_size=5)
SIGNED_ROWS = st.lists(st.fixed_dictionaries({"person": names, "m": st.none() | st.integers(-MOST, MOST), "w": groups}), max_size=12)
POSITIVE_ROWS = st.lists(st.fixed_dictionaries({"person": names, "m": st.none() | st.integers(0, MOST), "w": groups}), max_size=12)


def agree(plan: Plan, a: Rows, z: Rows) -> None:
    """Assert that the engine, which screens, and the reference, which does not, give a plan the same cells; with and without a person."""
    assert screening(plan)
    for gone in ("", "p"):
        kept = {name: [row for row in rows if row["person"] != gone] for name, rows in (("a", a), ("z", z))}
        tables = {name: ListTable(rows, KINDS[name], salt=name.encode()) for name, rows in kept.items()}
        assert ENGINE.measure_exactly(plan, tables) == ReferenceEngine().measure_exactly(plan, tables)


def rows_of(person: str, number: int, **columns: int) -> Rows:
    return [{"person": person, **columns} for _ in range(number)]


@settings(max_examples=30)
@example(a=rows_of("p", 2, g=0), z=rows_of("p", 3, m=6, w=0))  # 18 on one side, 36 of all pairs
@example(a=rows_of("p", 1, g=0), z=[*rows_of("p", 5, m=-6, w=0), *rows_of("p", 5, m=6, w=1)])  # 0 in all, -30 in a cell
@given(a=A_ROWS, z=SIGNED_ROWS)
def test_signed_totals_are_the_same(a: Rows, z: Rows) -> None:
    agree(SIGNED, a, z)


@settings(max_examples=30)
@example(a=[*rows_of("p", 1, g=0), *rows_of("q", 1, g=0)], z=[*rows_of("p", 5, m=6, w=0), *rows_of("q", 4, m=6, w=0)])  # one is beyond
@example(a=[*rows_of("p", 1, g=0), *rows_of("q", 1, g=0)], z=[*rows_of("p", 3, m=6, w=0), *rows_of("q", 3, m=6, w=0)])  # both together are
@given(a=A_ROWS, z=POSITIVE_ROWS)
def test_totals_that_are_never_negative_are_the_same(a: Rows, z: Rows) -> None:
    agree(POSITIVE, a, z)


@settings(max_examples=30)
@example(a={"p": {"g": 0}, "q": {"g": 1}}, z=[*rows_of("p", 5, m=6, w=0), *rows_of("q", 4, m=6, w=0)])
@given(a=st.dictionaries(names, A_ROW, min_size=1), z=POSITIVE_ROWS)
def test_totals_of_those_who_have_one_row_are_the_same(a: dict[str, dict[str, Scalar]], z: Rows) -> None:
    agree(POSITIVE.model_copy(update={"lone": ("a",)}), [{"person": person, **row} for person, row in a.items()], z)


def test_nobody_adds_more_than_the_bounds() -> None:
    """One person more changes a cell by no more than a total's bounds, however far beyond them the person's rows are."""
    a, z = rows_of("p", 3, g=0), rows_of("p", 12, m=MOST, w=1)
    tables = {name: ListTable(rows, KINDS[name], salt=name.encode()) for name, rows in (("a", a), ("z", z))}
    found = ENGINE.measure_exactly(SIGNED, tables)
    assert [max(cells) for cells in found] == [36, 30, 36]
    assert contributions(SIGNED, read_tables(SIGNED, tables)).keys() == {"p"}


BOUNDED = total(column("z.m"), row=(-MOST, MOST), bounds=(-24, 30))
UNSCREENED = {
    "rows without the other side would have no mark": plan(FACTS, PARTS, [BOUNDED], link=Link(kind=JoinKind.LEFT), keys=KEYS),
    "neither side is on all rows": plan(FACTS, PARTS, [BOUNDED], link=Link(kind=JoinKind.FULL), keys=KEYS),
    "cells are chosen one by one": plan(FACTS, PARTS, [BOUNDED], link=INNER, keys=KEYS, groups=1),
    "four of the largest rows do not pass": plan(
        FACTS, PARTS, [total(column("z.m"), row=(-MOST, MOST), bounds=(-23, 30))], link=INNER, keys=KEYS
    ),
    "four rows do not pass": plan(FACTS, PARTS, [count(3)], link=INNER, keys=KEYS),
    "totals of all rows are beyond what plans can hold": plan(
        FACTS, PARTS, [total(column("z.m"), row=(0, 2**52), bounds=(0, 2**55))], link=INNER, keys=KEYS
    ),
    "values of both sides": plan(FACTS, PARTS, [BOUNDED, total(column("a.g"), row=(0, 1), bounds=(0, 9))], link=INNER, keys=KEYS),
}


@pytest.mark.parametrize("why", UNSCREENED)
def test_what_is_not_screened(why: str) -> None:
    assert screening(UNSCREENED[why]) is None
    assert screening(plan(FACTS, PARTS, [BOUNDED], link=INNER, keys=KEYS))


def test_rows_of_others_are_added_up_as_they_are() -> None:
    """Of those who are found, all but their number is as it was; nobody else is told apart, whatever the bounds were."""
    found, apart, together = in_two(SIGNED)
    assert isinstance(found, Filter)
    assert isinstance(found.source, Join)
    assert all(isinstance(side, PerPerson) and not side.keys for side in (found.source.left, found.source.right))
    assert apart.model_copy(update={"rows": SIGNED.rows}) == SIGNED
    assert needs_person_step(apart)
    assert not needs_person_step(together)
    assert together.model_copy(update={"rows": SIGNED.rows, "measures": SIGNED.measures}) == SIGNED


def test_rows_are_counted_where_somebody_may_have_two() -> None:
    of_one, of_more = (in_two(SIGNED.model_copy(update={"lone": (name,)})).found for name in ("a", "z"))
    assert isinstance(of_one, Filter)
    assert isinstance(of_one.source, PerPerson)
    assert isinstance(of_more, Filter)
    assert isinstance(of_more.source, Join)


def test_its_columns_have_names_that_no_dataset_can_have() -> None:
    """A dataset of any name may have columns of any name; and the compiler's own begin with the name of a dataset."""
    found, _, together = in_two(SIGNED)
    marks = [name for step in steps(together.rows) for name in made(step)]
    names = [*produced(found), *marks, FOUND]
    assert len(names) == 4
    assert not any(name.partition(".")[0].isidentifier() for name in names)
