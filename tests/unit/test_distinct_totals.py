"""Distinct values of totals: each grouping set is measured by itself."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.table import check_table
from stillroom.model.codec import digest_of
from stillroom.model.question import Terms
from stillroom.query.price import price
from stillroom.query.protected import protected
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


def test_without_totals_the_plan_is_as_ever() -> None:
    plain = compiled("SELECT gender, COUNT(DISTINCT age) FROM members GROUP BY gender").plan
    assert "kept" not in plain.measures[0].to_json()
    assert digest_of(plain) == digest_of(compiled("SELECT gender, COUNT(DISTINCT age) FROM members GROUP BY GROUPING SETS ((gender))").plan)
