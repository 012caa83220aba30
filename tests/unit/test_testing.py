"""Exact measurements for verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.testing import measure_exactly
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from stillroom.testing import RawTable

MEMBERS = [{"id": f"p{n}", "age": 20 + n, "gender": "FM"[n % 2], "region": None} for n in range(6)]
VISITS = [{"pid": f"p{n % 3}", "cost": "10.50", "ward": "x", "day": "2024-05-01"} for n in range(9)]
TRIP = {"mode": "bus", "driver": None, "fare": None, "tapped": None}
TRIPS = [{**TRIP, "pid": f"p{n % 3}", "place": f"place {n % 2}"} for n in range(9)]
SQL = "SELECT gender, COUNT(*), SUM(cost) FROM members JOIN visits ON id = pid GROUP BY gender"


@pytest.mark.parametrize("members", [MEMBERS, pa.Table.from_pylist(MEMBERS), pd.DataFrame(MEMBERS)])
def test_exact_cells_and_sensitivities(members: RawTable) -> None:
    count, cost = measure_exactly(CONTRACT, {"members": members, "visits": VISITS}, SQL).measures
    assert count.cells == {("F",): 6, ("M",): 3}
    assert cost.cells == {("F",): 6300, ("M",): 3150}
    (marginal,) = count.marginals
    assert marginal.totals == count.cells
    assert (marginal.add_remove.l0, marginal.add_remove.linf, marginal.change.l1) == (1, 5, 10)
    assert cost.digits == 2


def test_a_neighbour_is_within_the_declared_sensitivity() -> None:
    everybody = measure_exactly(CONTRACT, {"members": MEMBERS, "visits": VISITS}, SQL).measures[0]
    fewer = measure_exactly(CONTRACT, {"members": MEMBERS[1:], "visits": [v for v in VISITS if v["pid"] != "p0"]}, SQL).measures[0]
    assert sum(abs(everybody.cells[key] - fewer.cells[key]) for key in everybody.cells) == 3 <= everybody.marginals[0].add_remove.l1


def test_selected_keys_have_the_values_that_occur() -> None:
    sql = "SELECT place, mode, COUNT(*) FROM trips GROUP BY place, ROLLUP (mode)"
    (count,) = measure_exactly(CONTRACT, {"trips": TRIPS}, sql).measures
    assert count.cells == {("place 0", "bus"): 5, ("place 0", "rail"): 0, ("place 1", "bus"): 4, ("place 1", "rail"): 0}
    assert count.marginals[0].totals == count.cells


def test_totals_of_selected_keys_are_of_everybody() -> None:
    sql = "SELECT place, mode, COUNT(*) FROM trips GROUP BY CUBE (place, mode)"
    each, everybody = measure_exactly(CONTRACT, {"trips": TRIPS}, sql).measures
    assert len(each.cells) == 4
    assert everybody.cells == {("bus",): 9, ("rail",): 0}
    assert [one.totals for one in everybody.marginals] == [{(None, "bus"): 9, (None, "rail"): 0}, {(None, None): 9}]
    assert [one.add_remove.l1 for one in everybody.marginals] == [3, 3]


def test_tables_are_named_as_in_the_contract() -> None:
    with pytest.raises(InvalidInput) as refused:
        measure_exactly(CONTRACT, {"nobody": MEMBERS}, SQL)
    assert refused.value.code is Code.DATA_UNKNOWN
