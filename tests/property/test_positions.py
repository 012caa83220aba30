"""Where keys of listed texts are read as positions, the cells are those of texts that are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillroom.adapters.engine.positions import OUTSIDE, positions_of, read_as_positions
from stillroom.model.expression import Compare, Comparison, Constant
from stillroom.model.relation import Enrich, Filter, JoinKind, On, PerPerson, Sort, Total, TotalFunction, Window, Windowed, WindowFunction
from stillroom.model.schema import Kind
from tests.fakes import ListTable
from tests.plans import Link, column, count, facts_of, key, linked, over_grid, part, plan, scan, total, union
from tests.reference import ReferenceEngine
from tests.world import ENGINE

if TYPE_CHECKING:
    from stillroom.model.plan import Key, Plan
    from stillroom.model.relation import Relation
    from stillroom.model.schema import Scalar

Rows = list[dict[str, "Scalar"]]

KINDS = {"a": {"g": Kind.TEXT}, "z": {"w": Kind.TEXT, "m": Kind.INTEGER}}
FACTS = facts_of(KINDS)
PARTS = [part("a", scan("a", "g")), part("z", scan("z", "w", "m"))]
VALUES = st.sampled_from(["x", "y", "X", "other", "", None])
"""Some of them are in the domains of keys, and some in none."""
G, W = key(column("a.g"), Kind.TEXT, "y", "x"), key(column("z.w"), Kind.TEXT, "", "x", "y", None)
M = total(column("z.m"), row=(-9, 9), bounds=(-20, 20))
INNER, LEFT, FULL = (Link(kind=kind) for kind in (JoinKind.INNER, JoinKind.LEFT, JoinKind.FULL))

PLANS = {
    "inner": plan(FACTS, PARTS, [count(2), M], link=INNER, keys=[G, W]),
    "left": plan(FACTS, PARTS, [count(2), M], link=LEFT, keys=[W, G]),
    "full": plan(FACTS, PARTS, [count(2), M], link=FULL, keys=[G, W]),
    "no person is told apart": plan(FACTS, PARTS, [count()], link=LEFT, keys=[G, W]),
    "cells are kept": plan(FACTS, PARTS, [count(2), M], link=LEFT, keys=[G, W], groups=1),
    "a grid": plan(FACTS, PARTS, [over_grid(count(2), 1)], link=LEFT, keys=[G, W], groups=1),
    "distinct values": plan(FACTS, PARTS, [union(column("z.m"))], link=LEFT, keys=[G, W], groups=1),
}
persons = st.sampled_from("pqr")
A_ROWS = st.lists(st.fixed_dictionaries({"person": persons, "g": VALUES}), min_size=1, max_size=6)
Z_ROWS = st.lists(st.fixed_dictionaries({"person": persons, "w": VALUES, "m": st.none() | st.integers(-9, 9)}), max_size=9)


@pytest.mark.parametrize("compact", [False, True], ids=["texts", "dictionaries"])
@pytest.mark.parametrize("which", PLANS)
@settings(max_examples=20)
@example(a=[{"person": "p", "g": "other"}, {"person": "p", "g": "x"}], z=[{"person": "q", "w": None, "m": 1}])
@example(a=[{"person": "p", "g": "x"}, {"person": "p", "g": None}], z=[{"person": "p", "w": "other", "m": 9}])
@given(a=A_ROWS, z=Z_ROWS)
def test_cells_are_the_same(*, which: str, compact: bool, a: Rows, z: Rows) -> None:
    asked, rows = PLANS[which], {"a": a, "z": z}
    assert read_as_positions(asked).keys() == {"a.g", "z.w"}
    tables = {name: ListTable(rows[name], KINDS[name], salt=name.encode(), batch=2, compact=compact) for name in rows}
    assert ENGINE.measure_exactly(asked, tables) == ReferenceEngine().measure_exactly(asked, tables)


def test_a_text_of_a_dictionary_that_is_missing_is_missing() -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 3], pa.int32()), pa.array(["x", None, "q", "y"]))
    assert positions_of(pa.chunked_array([texts]), ("x", "y", None)).to_pylist() == [0, None, OUTSIDE, None, 1]


def windowed(source: Relation) -> Relation:
    numbered = Windowed(name="n", function=WindowFunction.ROW_NUMBER, value=Constant(value=1))
    return Window(source=source, keys=(), order=(Sort(value=column("z.m")),), columns=(numbered,))


def is_x(name: str) -> Compare:
    return Compare(comparison=Comparison.EQUAL, left=column(name), right=Constant(value="x"))


def asked(*keys: Key, over: Relation | None = None) -> Plan:
    facts = facts_of({**KINDS, "public": {"k": Kind.TEXT, "r": Kind.TEXT}})
    return plan(facts, PARTS, [count()], link=INNER, over=over, keys=keys)


PUBLIC = Enrich(
    source=linked(), dataset="public", name="public", kind=JoinKind.LEFT, on=(On(left=column("z.w"), column="k"),), columns=("k", "r")
)
LONGEST = PerPerson(source=linked(), keys=(), totals=(Total(name="t", function=TotalFunction.MAX, value=column("z.w")),))
AS_TEXTS = {
    "rows are told apart by it": asked(W, over=windowed(linked())),
    "a condition reads it": asked(W, over=Filter(source=linked(), condition=is_x("z.w"))),
    "another key reads it": asked(W, key(is_x("z.w"), Kind.BOOLEAN, *(False, True))),
    "a public table is joined on it": asked(W, over=PUBLIC),
    "it is a total's": asked(key(column("t"), Kind.TEXT, "x"), over=LONGEST),
    "it is a public table's": asked(key(column("public.r"), Kind.TEXT, "x"), over=PUBLIC),
}


@pytest.mark.parametrize("why", AS_TEXTS)
def test_what_is_read_as_texts(why: str) -> None:
    assert not read_as_positions(AS_TEXTS[why])
