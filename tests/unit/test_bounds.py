"""Contribution bounds come from the contract alone, and are as small as it proves."""

from __future__ import annotations

import pytest

from stillroom.errors import Code, StillroomError
from stillroom.model.plan import Aggregate
from stillroom.query.protected import protected
from tests.questions import compiled

BOUNDS = [
    ("SELECT gender, COUNT(*) FROM members GROUP BY gender", 1, 1),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward", 5, 3),
    ("SELECT gender, COUNT(*) FROM members JOIN visits ON id = pid GROUP BY gender", 5, 1),
    ("SELECT gender, ward, COUNT(*) FROM members JOIN visits ON id = pid GROUP BY gender, ward", 5, 5),
    ("SELECT n, COUNT(*) FROM (SELECT pid, COUNT(*) AS n FROM visits GROUP BY pid) t GROUP BY n", 1, 1),
    ("SELECT ward, COUNT(*) FROM (SELECT pid, ward, SUM(cost) AS s FROM visits GROUP BY pid, ward) t GROUP BY ward", 5, 3),
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


@pytest.mark.parametrize(
    ("value", "most"),
    [
        ("cost", 5),
        ("ward", 3),
        ("ward = 'x'", 2),
        ("cost + 1", 5),
        ("CASE WHEN cost > 5 THEN ward ELSE 'none' END", 4),
        ("CASE WHEN cost > 5 THEN 1 WHEN cost > 3 THEN 2 END", 2),
        ("CASE WHEN cost > 5 THEN cost ELSE 1 END", 5),
        ("7", 1),
        ("NULL", 0),
    ],
)
def test_a_person_has_no_more_values_than_rows_nor_than_there_are(value: str, most: int) -> None:
    measure = compiled(f"SELECT COUNT(DISTINCT {value}) FROM visits").plan.measures[0]
    assert (measure.aggregate, measure.low, measure.high) == (Aggregate.UNION, 0, most)


def test_rows_that_are_numbered_bound_distinct_values() -> None:
    first = "SELECT pid, cost FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY pid ORDER BY day) <= 2"
    plan = compiled(f"SELECT COUNT(DISTINCT cost) FROM ({first})").plan
    assert (plan.measures[0].high, plan.bounds.rows) == (2, 2)


def test_unbounded_numbers_cannot_be_summed() -> None:
    with pytest.raises(StillroomError) as refused:
        compiled("SELECT SUM(cost * cost * cost * cost * cost * cost * cost * cost) FROM visits")
    assert refused.value.code in {Code.NUMBER_TOO_LARGE, Code.BOUND_TOO_LARGE}
