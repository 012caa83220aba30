"""Distinct values and persons of totals: each grouping set is measured by itself."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.table import check_table
from stillroom.model.codec import digest_of
from stillroom.model.measure import Aggregate
from stillroom.model.question import Terms
from stillroom.query.price import price
from stillroom.query.protected import plan_charge, protected
from stillroom.query.table.finish import finish
from stillroom.testing import measure_exactly
from tests.marginals import without_noise
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from stillroom.model.release import Table

CUBE = "SELECT gender, region, COUNT(DISTINCT age) AS ages, COUNT(*) AS n FROM members GROUP BY CUBE (gender, region)"
MEMBERS = [
    {"id": f"p{number}", "age": age, "gender": gender, "region": region}
    for number, (age, gender, region) in enumerate([(20, "F", "n"), (20, "F", "s"), (20, "M", "n"), (30, "M", "n"), (30, "F", None)])
]


def test_a_value_counts_once_in_each_total() -> None:
    measured = measure_exactly(CONTRACT, {"members": MEMBERS}, CUBE, terms=Terms(epsilon=1.0))
    cells, _, *totals = (one.cells for one in measured.measures)
    assert {key: number for key, number in cells.items() if number} == {
        ("F", "n"): 1,
        ("F", "s"): 1,
        ("F", None): 1,
        ("M", "n"): 2,
    }
    assert totals == [{("F",): 2, ("M",): 2}, {("n",): 2, ("s",): 1, (None,): 1}, {(): 2}]


def table(**terms: float) -> Table:
    asked = compiled(CUBE, **(terms or {"epsilon": 1.0}))
    cells = ((1, 1, 1, 2, 0, 0), (1, 1, 1, 2, 0, 0), (2, 2), (2, 1, 1), (2,))
    found = finish(asked.plan, asked.headings, without_noise(asked.plan, cells))
    assert check_table(asked.plan, found).intervals == 2 * len(found.rows)
    return found


@pytest.mark.parametrize("terms", [{"epsilon": 1.0}, {"epsilon": 1.0, "pure": True}, {"epsilon": 1.0, "nonnegative": True}, {"error": 9.0}])
def test_each_row_shows_what_its_set_has(terms: dict[str, float]) -> None:
    shown = [(row[0].value, row[1].value, float(row[2].value or 0)) for row in table(**terms).rows if row[0].totalled or row[1].totalled]
    assert shown == [("F", None, 2), ("M", None, 2), (None, "n", 2), (None, "s", 1), (None, None, 1), (None, None, 2)]


def test_each_set_has_its_share_and_is_as_precise_as_others() -> None:
    asked = compiled("SELECT ward, COUNT(DISTINCT cost) AS costs, COUNT(DISTINCT pid) AS people FROM visits GROUP BY ROLLUP (ward)")
    found = {one.measure: one for one in protected(asked.plan)}
    assert [found[number].marginal.kept for number in (0, 2)] == [(0,), ()]
    assert [found[number].add_remove.l1 for number in (0, 2)] == [5, 5]
    assert found[0].marginal.mechanism.scale == pytest.approx(found[2].marginal.mechanism.scale, rel=1e-6)
    costs = price(CONTRACT, asked).errors[0]
    assert costs.half_width == costs.total_half_width


@pytest.mark.parametrize("pure", [False, True])
def test_every_set_keeps_an_error_that_is_asked_for(pure: bool) -> None:  # noqa: FBT001 - a parameter of the test
    widths = [Fraction(row[2].high or 0) - Fraction(row[2].low or 0) for row in table(error=9.0, pure=pure).rows]
    assert {16, 17, 18} >= {*map(int, widths)}


VISITS = [
    {"pid": pid, "cost": "1", "ward": ward, "day": day}
    for pid, ward, day in [("a", "x", "2024-01-01"), ("a", "y", "2024-01-01"), ("a", "y", "2024-01-02"), ("b", "x", "2024-01-01")]
]


def test_a_person_counts_once_in_each_total() -> None:
    """In a total of all wards `a` is one person, and two where the parts are added up."""
    sql = "SELECT ward, COUNT(DISTINCT pid) AS people, COUNT(*) AS n FROM visits GROUP BY ROLLUP (ward)"
    measured = measure_exactly(CONTRACT, {"visits": VISITS}, sql, terms=Terms(epsilon=1.0))
    assert [sum(one.cells.values()) for one in measured.measures] == [3, 4, 2]
    assert [one.aggregate for one in measured.plan.measures] == [Aggregate.PERSONS, Aggregate.SUM, Aggregate.PERSONS]
    shown = finish(
        measured.plan, ("ward", "people", "n"), without_noise(measured.plan, tuple(tuple(one.cells.values()) for one in measured.measures))
    )
    assert [row[1].value for row in shown.rows][-1] == "2"
    assert check_table(measured.plan, shown).intervals == 2 * len(shown.rows)


def test_the_price_of_persons_is_one_share_for_each_set() -> None:
    """A person is in so many cells as rows of the parts, and in one of the total, which is as precise."""
    asked = compiled("SELECT ward, COUNT(DISTINCT pid) AS people FROM visits GROUP BY ROLLUP (ward)")
    found = {one.measure: one for one in protected(asked.plan)}
    assert [(one.marginal.kept, one.add_remove.l1, one.add_remove.linf) for one in found.values()] == [((0,), 3, 1), ((), 1, 1)]
    people = price(CONTRACT, asked).errors[0]
    assert (people.half_width, people.total_half_width) != (None, None)
    assert asked.charge == plan_charge(asked.plan)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT gender, COUNT(DISTINCT id) FROM members GROUP BY ROLLUP (gender)",
        "SELECT gender, region, COUNT(DISTINCT id) FROM members JOIN visits ON id = pid GROUP BY CUBE (gender, region)",
        "SELECT ward, gender, COUNT(DISTINCT id) FROM members JOIN visits ON id = pid GROUP BY ward, ROLLUP (gender)",
        "SELECT ward, COUNT(DISTINCT pid) FROM visits GROUP BY ward",
    ],
)
def test_where_each_person_is_in_one_part_of_a_total_parts_are_added_up(sql: str) -> None:
    assert [(one.aggregate, one.kept) for one in compiled(sql).plan.measures] == [(Aggregate.SUM, None)]


def test_without_totals_the_plan_is_as_ever() -> None:
    plain = compiled("SELECT gender, COUNT(DISTINCT age) FROM members GROUP BY gender").plan
    assert "kept" not in plain.measures[0].to_json()
    assert digest_of(plain) == digest_of(compiled("SELECT gender, COUNT(DISTINCT age) FROM members GROUP BY GROUPING SETS ((gender))").plan)
