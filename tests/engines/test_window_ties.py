"""Windows number equal rows in one way, whatever the engine's threads do: a person's part is a function of that person's rows alone.

A few persons would not do: an engine takes equal rows in another order only where it sorts many at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from stillroom.model.schema import Kind
from tests.fakes import ListTable
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.ports import Engine
    from tests.reference import Row

PERSONS = 12_000
RUNS = 4
KINDS = {"cost": Kind.INTEGER, "ward": Kind.TEXT, "day": Kind.DATE}

OVER = "OVER (PARTITION BY pid ORDER BY"
ONE_SIDE = (
    "SELECT COUNT(who) FROM (SELECT x.pid AS who, COALESCE(x.pid, y.pid) AS p FROM (SELECT pid, cost FROM visits) x"
    " FULL JOIN (SELECT pid, cost FROM visits) y ON x.pid = y.pid AND x.cost = y.cost"
    " QUALIFY ROW_NUMBER() OVER (PARTITION BY COALESCE(x.pid, y.pid) ORDER BY x.cost) = 1)"
)
ASKED = {
    "first in both orders": (
        f"SELECT COUNT(*) FROM (SELECT pid FROM visits QUALIFY ROW_NUMBER() {OVER} cost) = 1 AND ROW_NUMBER() {OVER} cost DESC) = 1)",
        (100, 100, 100),
        1,
    ),
    "product of two numbers": (
        f"SELECT SUM(a * b) FROM (SELECT pid, ROW_NUMBER() {OVER} cost) AS a, ROW_NUMBER() {OVER} ward) AS b FROM visits)",
        (100, 100, 100),
        1 + 4 + 9,
    ),
    "number and row before": (
        f"SELECT SUM(a) FROM (SELECT pid, ROW_NUMBER() {OVER} cost) AS a, LAG(cost) {OVER} ward DESC) AS b FROM visits) WHERE b IS NULL",
        (100, 100, 100),
        1,
    ),
    "running average": (
        f"SELECT SUM(a) FROM (SELECT pid, AVG(cost) {OVER} day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS a FROM visits)",
        (100, 100, 100),
        3,
    ),
    "row of one side": (
        ONE_SIDE,
        (None,),
        0,
    ),
}
"""Questions, the costs of each person's rows in cents, which are equal otherwise, and what one person adds."""


def rows(costs: tuple[int | None, ...], persons: int) -> list[Row]:
    """Return the rows of many persons who are all alike."""
    return [{"person": f"p{number:05}", "cost": cost, "ward": "x", "day": 18_300} for number in range(persons) for cost in costs]


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("name", ASKED)
def test_equal_rows_are_numbered_alike(name: str, threads: int, make_engine: Callable[[int], Engine]) -> None:
    sql, costs, each = ASKED[name]
    plan = compiled(sql).plan
    unit = 10 ** plan.measures[0].digits
    stored = rows(costs, PERSONS)
    shuffled = [stored[place] for place in np.random.default_rng(threads).permutation(len(stored))]
    fewer = rows(costs, PERSONS - 1)
    for data, persons in ((stored, PERSONS), (shuffled, PERSONS), (fewer, PERSONS - 1)):
        table = ListTable(data, KINDS, salt=b"a salt")
        for _ in range(RUNS):
            assert make_engine(threads).measure_exactly(plan, {"visits": table})[0][0] == each * unit * persons


RUNNING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


@pytest.mark.parametrize(
    ("said", "each"),
    [
        (f"LAG(cost, 1, 5) {OVER} day)", 5 + 1 + 1),
        (f"LEAD(cost, 1, 5) {OVER} day)", 1 + 1 + 5),
        (f"LAG(cost, 2, 5) {OVER} day)", 5 + 5 + 1),
        (f"AVG(0 - cost) {OVER} day {RUNNING})", -3),
        (f"AVG(cost) {OVER} day {RUNNING})", 3),
    ],
)
def test_what_a_window_is_made_of_sees_equal_rows_in_one_order(said: str, each: int, make_engine: Callable[[int], Engine]) -> None:
    """A sum and a count, or a row before and whether there is one: of equal rows, both take the same one for the first."""
    plan = compiled(f"SELECT SUM(a) FROM (SELECT pid, {said} AS a FROM visits)").plan
    table = ListTable(rows((100, 100, 100), 1), KINDS, salt=b"a salt")
    assert make_engine(1).measure_exactly(plan, {"visits": table})[0][0] == each * 10 ** plan.measures[0].digits
