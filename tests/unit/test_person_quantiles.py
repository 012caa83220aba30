"""Quantiles of one person's rows: by their definition, and within what is said about them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken
from stillroom.model.relation import Window, steps
from tests.engines.test_against_duckdb import CONTRACT, kinds
from tests.fakes import ListTable
from tests.questions import CONTRACT as SMALL
from tests.questions import compiled
from tests.reference import ReferenceEngine
from tests.unit.test_spread import plan_of

if TYPE_CHECKING:
    from stillroom.model.schema import Scalar

PLACES = ("0", "1", "0.5", "0.25", "0.9", "0.333333", "0.000001")


def meant(values: list[int], part: Fraction) -> int | None:
    """Return a quantile of numbers with two decimal places, in millionths, rounded half away from zero."""
    if not values:
        return None
    place = (len(values) - 1) * part
    below, above = (sorted(values)[end] for end in (math.floor(place), math.ceil(place)))
    exact = (below + (above - below) * (place - math.floor(place))) * 10**4
    return math.floor(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("moved", [0, 10])
def test_it_is_what_its_definition_says(place: str, moved: int) -> None:
    """Also of values below zero, of one that most rows share, and where the rows are told apart by a key."""
    asked = f"SELECT pid, ward, QUANTILE_CONT(cost - {moved}, {place}) AS v FROM visits GROUP BY pid, ward"
    plan = plan_of(f"SELECT ward, SUM(v), COUNT(v) FROM ({asked}) GROUP BY ward")
    check_bounds(plan, CONTRACT)

    @given(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), st.none() | st.integers(0, 2000)), min_size=1, max_size=6))
    @example([("x", 2000), ("x", 0), ("x", 2000), ("x", None), ("y", 1)])
    @example([("x", 7)] * 5 + [("x", 8)])
    def check(rows: list[tuple[str, int | None]]) -> None:
        columns = {name: kind.kind for name, kind in kinds("visits").items()}
        stored: list[dict[str, Scalar]] = [{"person": "p", **dict.fromkeys(columns), "ward": ward, "cost": cost} for ward, cost in rows]
        sums, counts = ReferenceEngine().measure_exactly(plan, {"visits": ListTable(stored, columns, salt=b"v", private=True)})
        costs = [[cost - 100 * moved for ward, cost in rows if ward == one and cost is not None] for one in ("x", "y", "z")]
        wanted = [meant(one, Fraction(place)) for one in costs]
        assert sums[:3] == tuple(one or 0 for one in wanted)
        assert counts[:3] == tuple(int(one is not None) for one in wanted)

    check()


@pytest.mark.parametrize(("value", "low", "high"), [("cost", 0, 100), ("cost - 70", -70, 30)])
def test_its_range_is_that_of_the_values(value: str, low: int, high: int) -> None:
    plan = compiled(f"SELECT SUM(v) FROM (SELECT pid, MEDIAN({value}) AS v FROM visits GROUP BY pid)").plan
    measure = plan.measures[0]
    assert (measure.row_low, measure.row_high, measure.digits) == (low * 10**6, high * 10**6, 6)
    check_bounds(plan, SMALL)
    with pytest.raises(Broken, match="values of measure 0"):
        check_bounds(plan.model_copy(update={"measures": (measure.model_copy(update={"row_high": measure.row_high - 1}),)}), SMALL)


def test_quantiles_of_a_value_share_the_numbers_of_rows() -> None:
    inner = "SELECT pid, MEDIAN(cost) - QUANTILE_CONT(cost, 0.1) AS a, MEDIAN(cost * 2) AS b FROM visits GROUP BY pid"
    plan = compiled(f"SELECT SUM(a), SUM(b) FROM ({inner})").plan
    assert sum(isinstance(step, Window) for step in steps(plan.whole)) == 2
