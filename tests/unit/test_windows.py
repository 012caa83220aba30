"""The order of a window is complete, so that it does not depend on how rows are stored."""

from __future__ import annotations

from itertools import product

import pytest

from stillroom.model.expression import Column
from stillroom.model.question import Terms
from stillroom.model.relation import Sort, Window, steps
from stillroom.model.schema import Kind
from tests.world import Entry, contract, private

VISIBLE = {f"visits.{name}" for name, column in private()["visits"].columns.items() if column.uses}


def window_of(sql: str) -> Window:
    """Return the only window of a question."""
    plan = Entry("", sql, Terms(epsilon=1.0)).compile().plan
    (window,) = (step for step in steps(plan.whole) if isinstance(step, Window))
    return window


ORDERS = ["ORDER BY seen DESC", "ORDER BY severity + 1, urgent"]
ORDERED = [
    *product(["ROW_NUMBER()", "LAG(severity)", "LEAD(severity)", "FIRST_VALUE(severity)"], [*ORDERS, ""]),
    *product(["SUM(severity)"], ORDERS),
]
"""Windows over rows in an order: a total over all rows has none, so that without ORDER BY there is nothing to complete."""


def names(order: tuple[Sort, ...]) -> list[str]:
    return [term.value.name for term in order if isinstance(term.value, Column)]


@pytest.mark.parametrize(("function", "order"), ORDERED)
def test_an_order_is_completed_by_all_columns_that_a_question_can_see(function: str, order: str) -> None:
    window = window_of(
        f"SELECT COUNT(*) FROM (SELECT patient, {function} OVER (PARTITION BY patient {order}) AS w FROM visits) WHERE w > 1"
    )
    assert set(names(window.order)) == VISIBLE
    assert len(set(window.order)) == len(window.order)


def test_what_is_written_comes_first() -> None:
    over = "OVER (PARTITION BY patient ORDER BY urgent DESC NULLS FIRST, cost)"
    window = window_of(f"SELECT COUNT(*) FROM (SELECT patient, ROW_NUMBER() {over} AS w FROM visits) WHERE w > 1")
    assert window.order[:2] == (
        Sort(value=Column(name="visits.urgent"), descending=True, nulls_first=True),
        Sort(value=Column(name="visits.cost")),
    )


def test_a_column_without_use_decides_nothing() -> None:
    assert "visits.staff" not in VISIBLE
    assert contract().datasets["visits"].columns["staff"].type is Kind.INTEGER


def test_totals_over_all_rows_need_no_order() -> None:
    window = window_of("SELECT COUNT(*) FROM (SELECT patient, SUM(cost) OVER (PARTITION BY patient) AS w FROM visits) WHERE w > 1")
    assert window.order == ()
