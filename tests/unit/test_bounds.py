"""Contribution bounds come from the contract alone, and are as small as it proves."""

from __future__ import annotations

import json

import pytest

from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken
from stillroom.errors import Code, Refusal, StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.measure import Aggregate
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from stillroom.query.protected import protected
from tests.questions import CONTRACT, compiled

BOUNDS = [
    ("SELECT gender, COUNT(*) FROM members GROUP BY gender", 1, 1),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward", 5, 3),
    ("SELECT gender, COUNT(*) FROM members JOIN visits ON id = pid GROUP BY gender", 5, 1),
    ("SELECT gender, ward, COUNT(*) FROM members JOIN visits ON id = pid GROUP BY gender, ward", 5, 5),
    ("SELECT n, COUNT(*) FROM (SELECT pid, COUNT(*) AS n FROM visits GROUP BY pid) t GROUP BY n", 1, 1),
    ("SELECT ward, COUNT(*) FROM (SELECT pid, ward, SUM(cost) AS s FROM visits GROUP BY pid, ward) t GROUP BY ward", 3, 3),
    ("SELECT ward, COUNT(*) FROM (SELECT pid, MAX(ward = 'x') AS s FROM visits GROUP BY pid) t GROUP BY ward", None, None),
    ("SELECT m.gender, COUNT(*) FROM members m LEFT JOIN visits v ON m.id = v.pid GROUP BY m.gender", 5, 1),
    ("SELECT v.ward, COUNT(*) FROM members m LEFT JOIN visits v ON m.id = v.pid GROUP BY v.ward", 5, 4),
]


@pytest.mark.parametrize(("sql", "rows", "groups"), BOUNDS)
def test_bounds_of_one_person(sql: str, rows: int | None, groups: int | None) -> None:
    if rows is None:
        with pytest.raises(StillroomError):
            compiled(sql)
        return
    bounds = compiled(sql).plan.bounds
    assert (bounds.rows, bounds.groups, bounds.keep_groups) == (rows, groups, False)


NUMBERED = "(SELECT pid, ward, cost, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY day) AS place FROM visits)"
RANKS = [
    ("members JOIN {v} v ON id = v.pid AND v.place = 1", 1),
    ("members JOIN {v} v ON id = v.pid AND 1 = v.place", 1),
    ("members JOIN {v} v ON id = v.pid AND v.place <= 2", 2),
    ("members JOIN {v} v ON id = v.pid AND v.place < 3 AND v.cost > 5", 2),
    ("members JOIN {v} v ON id = v.pid AND v.place IN (1, 4)", 2),
    ("members JOIN {v} v ON id = v.pid AND (v.place = 1 OR v.ward = 'x')", 5),
    ("members JOIN {v} v ON id = v.pid AND v.place > 4", 5),
    ("members LEFT JOIN {v} v ON id = v.pid AND v.place = 1", 1),
    ("members LEFT JOIN {v} v ON id = v.pid AND v.place = 1 AND v.ward > gender", 1),
    ("{v} v RIGHT JOIN members ON id = v.pid AND v.place <= 3", 3),
    ("{v} v LEFT JOIN members ON id = v.pid AND v.place = 1", 5),
    ("members FULL JOIN {v} v ON id = v.pid AND v.place = 1", 6),
    ("trips t LEFT JOIN {v} v ON t.pid = v.pid AND v.place IN (1, 3)", 6),
    ("{v} v JOIN {v} w ON v.pid = w.pid AND v.place = 1 AND w.place <= 2", 2),
    ("{v} v JOIN {v} w ON v.pid = w.pid AND v.place = w.place", 25),
    ("{v} v LEFT JOIN {v} w ON v.pid = w.pid AND v.place = 1 AND w.place <= 2", 10),
    ("{v} v JOIN trips t ON v.pid = t.pid WHERE v.place = 1", 3),
    ("trips t LEFT JOIN {v} v ON v.pid = t.pid WHERE v.place = 1", 3),
    ("trips t FULL JOIN {v} v ON v.pid = t.pid AND v.cost > 5 WHERE v.place <= 2", 6),
    ("{v} v JOIN {v} w ON v.pid = w.pid JOIN trips t ON v.pid = t.pid WHERE v.place = 1", 15),
    ("members JOIN {v} v ON id = v.pid AND v.place = 1 JOIN trips t ON t.pid = id", 3),
]


@pytest.mark.parametrize(("rows", "most"), RANKS)
def test_numbers_of_rows_limit_what_a_join_makes_of_them(rows: str, most: int) -> None:
    """What the verifier derives from the plan is no more, so that it accepts the plan."""
    plan = compiled(f"SELECT v.ward, COUNT(*) FROM {rows.format(v=NUMBERED)} GROUP BY v.ward").plan
    assert plan.bounds.rows == most
    check_bounds(plan, CONTRACT)
    with pytest.raises(Broken, match=r"rows of one person|cells of one person"):
        check_bounds(plan.model_copy(update={"bounds": plan.bounds.model_copy(update={"rows": most - 1, "groups": 1})}), CONTRACT)


def test_fewer_groups_per_person_are_enforced() -> None:
    bounds = compiled("SELECT ward, COUNT(*) FROM visits GROUP BY ward", epsilon=1.0, groups_per_person=2).plan.bounds
    assert (bounds.groups, bounds.keep_groups) == (2, True)


def test_rows_bound_the_sensitivity_over_many_groups() -> None:
    plan = compiled("SELECT ward, COUNT(*), COUNT(DISTINCT pid) FROM visits GROUP BY ward").plan
    rows, persons = (one[2:] for one in protected(plan))
    assert (rows[0].l1, rows[0].l2_squared, rows[0].linf) == (5, 25, 5)
    assert (persons[0].l1, persons[0].l2_squared, persons[0].linf) == (3, 3, 1)
    assert rows[1].l1 == 10
    assert rows[1].l2_squared == 50


VALUES = [
    ("cost", 5),
    ("ward", 3),
    ("ward = 'x'", 2),
    ("cost + 1", 5),
    ("CASE WHEN cost > 5 THEN ward ELSE 'none' END", 4),
    ("CASE WHEN cost > 5 THEN 1 WHEN cost > 3 THEN 2 END", 2),
    ("CASE WHEN cost > 5 THEN cost ELSE 1 END", 5),
    ("7", 1),
    ("NULL", 0),
]


@pytest.mark.parametrize(("value", "most"), VALUES)
def test_a_person_has_no_more_values_than_rows_nor_than_there_are(value: str, most: int) -> None:
    measure = compiled(f"SELECT COUNT(DISTINCT {value}) FROM visits").plan.measures[0]
    assert (measure.aggregate, measure.low, measure.high) == (Aggregate.UNION, 0, most)


@pytest.mark.parametrize(("value", "most"), [*(one for one in VALUES if "ward" not in one[0]), ("cost = 7", 2), ("pid", 1)])
def test_values_that_are_counted_in_a_subquery_are_as_many(value: str, most: int) -> None:
    """The verifier derives the same, and accepts no plan with less."""
    plan = compiled(f"SELECT SUM(k) FROM (SELECT pid, COUNT(DISTINCT {value}) AS k FROM visits GROUP BY pid)").plan
    measure = plan.measures[0]
    assert (plan.bounds.rows, measure.row_low, measure.row_high) == (1, 0, most)
    check_bounds(plan, CONTRACT)
    with pytest.raises(Broken, match="values of measure 0"):
        check_bounds(plan.model_copy(update={"measures": (measure.model_copy(update={"row_high": most - 1}),)}), CONTRACT)


@pytest.mark.parametrize(("value", "most"), [one for one in VALUES if one[0].startswith("ward")])
def test_a_key_of_values_that_are_counted_has_no_others(value: str, most: int) -> None:
    plan = compiled(f"SELECT k, COUNT(*) FROM (SELECT pid, COUNT(DISTINCT {value}) AS k FROM visits GROUP BY pid) GROUP BY k").plan
    assert plan.keys[0].domain == tuple(range(most + 1))


def test_rows_that_are_numbered_bound_distinct_values() -> None:
    first = "SELECT pid, cost FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY pid ORDER BY day) <= 2"
    plan = compiled(f"SELECT COUNT(DISTINCT cost) FROM ({first})").plan
    assert (plan.measures[0].high, plan.bounds.rows) == (2, 2)


def test_unbounded_numbers_cannot_be_summed() -> None:
    with pytest.raises(StillroomError) as refused:
        compiled("SELECT SUM(cost * cost * cost * cost * cost * cost * cost * cost) FROM visits")
    assert refused.value.code in {Code.NUMBER_TOO_LARGE, Code.BOUND_TOO_LARGE}


@pytest.mark.parametrize(
    ("shown", "accepted"), [("COUNT(*)", True), ("COUNT(*), SUM(a.age)", True), ("COUNT(*), SUM(a.age), AVG(a.age)", False)]
)
def test_a_million_groups_can_be_counted(shown: str, accepted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What the contract limits is groups; a table of as many as it may allow has two keys and two aggregates."""
    document = CONTRACT.to_json()
    document["datasets"]["members"]["columns"]["age"]["bounds"] = [0, 998]
    contract = Contract.model_validate_json(json.dumps({**document, "limits": {"cells": 10**6}}))
    sql = f"SELECT a.age, b.age, {shown} FROM members a JOIN members b USING (id) GROUP BY a.age, b.age"
    asked = Question(contract=digest_of(contract), sql=sql, terms=Terms(epsilon=1.0), asked_by="a")
    if accepted:
        assert compile_question(contract, asked).plan.cells == 999**2
    else:
        with pytest.raises(Refusal) as caught:
            compile_question(contract, asked)
        assert caught.value.code is Code.TOO_MANY_CELLS
