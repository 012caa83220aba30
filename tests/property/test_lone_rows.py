"""Where nobody has more than one row on one side of a join, nothing of that side is counted, and the cells are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillroom.adapters.duckdb.dialect import DUCKDB
from stillroom.adapters.engine.eager_aggregation import aggregated_eagerly
from stillroom.adapters.engine.lone_rows import has_lone_rows
from stillroom.adapters.statements.statement import needs_person_step, statements
from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken
from stillroom.errors import Failed
from stillroom.model.expression import IsNull
from stillroom.model.relation import Arm, Enrich, Filter, Join, JoinKind, On, PerPerson, Union
from stillroom.model.schema import Kind
from tests.fakes import ListTable
from tests.plans import Link, column, count, facts_of, key, part, plan, scan, total
from tests.questions import CONTRACT, compiled
from tests.reference import ReferenceEngine
from tests.world import ENGINE

if TYPE_CHECKING:
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation
    from stillroom.model.schema import Scalar

KINDS = {"a": {"g": Kind.INTEGER}, "z": {"m": Kind.INTEGER}}
FACTS = facts_of(KINDS)
A, Z = scan("a", "g"), scan("z", "m")
G = key(column("a.g"), Kind.INTEGER, 0, 1, None)
BOUNDED = total(column("z.m"), row=(-6, 6), bounds=(-7, 9))
NAMES = st.sampled_from("pqr")
MEMBERS = st.dictionaries(NAMES, st.none() | st.integers(0, 2), min_size=1)
VISITS = st.lists(st.tuples(NAMES, st.none() | st.integers(-6, 6)), max_size=9)


def asked(left: str, kind: JoinKind, *, cells: int | None = None) -> Plan:
    """Return a plan whose first part has keys (`a`) or values (`z`)."""
    parts = [part("a", A), part("z", Z)]
    return plan(
        FACTS,
        parts if left == "a" else parts[::-1],
        [count(3), BOUNDED, count()],
        link=Link(kind=kind),
        keys=[G],
        groups=cells,
        lone=("a",),
    )


PLANS = {
    "keys and values": asked("a", JoinKind.INNER),
    "values and keys": asked("z", JoinKind.INNER),
    "values, perhaps keys": asked("z", JoinKind.LEFT),
    "one cell of a person": asked("z", JoinKind.LEFT, cells=1),
}


@pytest.mark.parametrize("which", PLANS)
@settings(max_examples=30)
@example(members={"p": 0, "q": 1}, visits=[("p", 6), ("p", 6), ("q", 3), ("r", -6), ("r", -6)])
@example(members={"p": 0}, visits=[("p", None), ("q", None)])
@given(members=MEMBERS, visits=VISITS)
def test_cells_are_the_same(which: str, members: dict[str, Scalar], visits: list[tuple[str, Scalar]]) -> None:
    tables = {
        "a": ListTable([{"person": person, "g": g} for person, g in members.items()], KINDS["a"], salt=b"a"),
        "z": ListTable([{"person": person, "m": m} for person, m in visits], KINDS["z"], salt=b"z"),
    }
    assert not needs_person_step(aggregated_eagerly(PLANS[which]))
    assert ENGINE.measure_exactly(PLANS[which], tables) == ReferenceEngine().measure_exactly(PLANS[which], tables)


def test_the_contract_says_whose_rows_are_lone() -> None:
    """Visits are many of a person; the verifier holds it against the contract."""
    asked = compiled("SELECT gender, SUM(cost) FROM members JOIN visits ON id = pid GROUP BY gender").plan
    assert asked.lone == ("members",)
    check_bounds(asked, CONTRACT)
    for lone in (("members", "visits"), ("members", "nobody")):
        with pytest.raises(Broken, match="more than one row"):
            check_bounds(asked.model_copy(update={"lone": lone}), CONTRACT)


def test_too_large_a_total_is_refused_whosever_rows_are_lone() -> None:
    huge = total(column("z.m"), row=(0, 2**100), bounds=(0, 2**95))
    for lone in ((), ("a",)):
        wanted = plan(FACTS, [part("a", A), part("z", Z)], [huge], link=Link(kind=JoinKind.INNER), keys=[G], lone=lone)
        with pytest.raises(Failed):
            statements(wanted, b"", DUCKDB)


RELATIONS: dict[str, tuple[Relation, bool]] = {
    "rows": (A, True),
    "rows of another": (Z, False),
    "some rows": (Filter(source=A, condition=IsNull(operand=column("a.g"))), True),
    "rows of two": (Join(kind=JoinKind.INNER, left=A, right=scan("b")), True),
    "rows of one, perhaps of two": (Join(kind=JoinKind.LEFT, left=A, right=scan("b")), True),
    "rows of one and many": (Join(kind=JoinKind.INNER, left=A, right=Z), False),
    "rows of either": (Join(kind=JoinKind.FULL, left=A, right=scan("b")), False),
    "rows of a public table": (
        Enrich(source=A, dataset="p", name="p", kind=JoinKind.INNER, on=(On(left=column("a.g"), column="k"),), columns=()),
        False,
    ),
    "rows twice": (Union(columns=("#u",), arms=(Arm(relation=A, values=(column("a.g"),)),) * 2), False),
    "groups of a person": (PerPerson(source=A, keys=(), totals=()), False),
}


@pytest.mark.parametrize("which", RELATIONS)
def test_whose_rows_are_lone(which: str) -> None:
    relation, lone = RELATIONS[which]
    assert has_lone_rows(relation, {"a", "b"}) is lone
