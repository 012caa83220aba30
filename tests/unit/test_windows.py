"""The order of a window is complete, so that it does not depend on how rows are stored."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.orders import check_orders, untold
from stillroom.model.expression import Column
from stillroom.model.question import Terms
from stillroom.model.relation import Sort, Window, made, steps
from stillroom.model.schema import Kind
from tests.world import ACCEPTED, Entry, contract, private

if TYPE_CHECKING:
    from stillroom.model.plan import Plan

TERMS = Terms(epsilon=1.0)
VISIBLE = {f"visits.{name}" for name, column in private()["visits"].columns.items() if column.uses}


def window_of(sql: str) -> Window:
    """Return the only window of a question."""
    plan = Entry("", sql, Terms(epsilon=1.0)).compile().plan
    (window,) = windows_of(plan)
    return window


def windows_of(plan: Plan) -> list[Window]:
    """Return the windows of a plan, the last first."""
    return [step for step in steps(plan.whole) if isinstance(step, Window)]


def plan_with(function: str, over: str) -> Plan:
    """Return the plan of a question with a window over the rows of each person."""
    sql = f"SELECT COUNT(*) FROM (SELECT patient, {function} OVER (PARTITION BY patient {over}) AS w FROM visits) WHERE w > 1"
    return Entry("", sql, TERMS).compile().plan


ORDERS = ["ORDER BY seen DESC", "ORDER BY severity + 1, urgent"]
ORDERED = [
    *product(["ROW_NUMBER()", "LAG(severity)", "LEAD(severity)", "FIRST_VALUE(severity)"], [*ORDERS, ""]),
    *product(["SUM(severity)"], [f"{order} ROWS UNBOUNDED PRECEDING" for order in ORDERS]),
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


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name)
def test_rows_that_are_equal_to_a_window_are_equal_to_the_question(entry: Entry) -> None:
    """What is read after a window stands in its order, or is a function of what does."""
    plan = entry.compiled.plan
    whole = tuple(steps(plan.whole))
    check_orders(plan)
    assert [found for one in whole if isinstance(one, Window) and one.order and (found := untold(plan, whole, one))] == []


def test_the_corpus_has_windows_with_an_order() -> None:
    """The test above is not about nothing, and sees what is left out."""
    plans = [(entry.compiled.plan, tuple(steps(entry.compiled.plan.whole))) for entry in ACCEPTED]
    ordered = [(plan, whole, one) for plan, whole in plans for one in whole if isinstance(one, Window) and one.order]
    shorter = [(plan, whole, one.model_copy(update={"order": one.order[:1]})) for plan, whole, one in ordered]
    assert len(ordered) >= 20
    assert sum(bool(untold(*one)) for one in shorter) >= 0.9 * len(ordered)


def test_a_window_is_ordered_by_what_earlier_ones_say() -> None:
    """Equal rows have one number, whichever window looks at them."""
    first = "ROW_NUMBER() OVER (PARTITION BY patient ORDER BY severity)"
    second = "ROW_NUMBER() OVER (PARTITION BY patient ORDER BY severity DESC)"
    plan = (
        Entry("", f"SELECT COUNT(*) FROM (SELECT patient FROM visits QUALIFY {first} = 1 AND {second} = 1)", Terms(epsilon=1.0))
        .compile()
        .plan
    )
    after, before = windows_of(plan)
    assert set(made(before)) <= set(names(after.order))


def test_the_count_of_an_average_is_in_the_order_of_its_sum() -> None:
    average = "AVG(severity) OVER (PARTITION BY patient ORDER BY seen ROWS UNBOUNDED PRECEDING)"
    plan = Entry("", f"SELECT COUNT(*) FROM (SELECT patient, {average} AS w FROM visits) WHERE w > 1", Terms(epsilon=1.0)).compile().plan
    (window,) = windows_of(plan)
    assert [column.function for column in window.columns] == ["sum", "count"]
    assert window.order


@pytest.mark.parametrize("function", ["SUM(severity)", "COUNT(*)", "AVG(severity)", "LAST_VALUE(severity)", "COUNT(DISTINCT severity)"])
def test_rows_that_are_equal_in_the_order_count_together_unless_it_is_said_that_rows_do(function: str) -> None:
    """As SQL has it: with an order and no frame, a window's frame is RANGE UNBOUNDED PRECEDING."""
    equal = ("", " RANGE UNBOUNDED PRECEDING", " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")
    together = [plan_with(function, f"ORDER BY seen{frame}") for frame in equal]
    assert together[0] == together[1] == together[2] != plan_with(function, "ORDER BY seen ROWS UNBOUNDED PRECEDING")
    assert plan_with(function, "RANGE UNBOUNDED PRECEDING") == plan_with(function, "") != together[0]


def test_rows_of_one_side_are_told_from_those_of_the_other() -> None:
    joined = "(SELECT patient FROM visits) x FULL JOIN (SELECT patient FROM visits WHERE urgent) y ON x.patient = y.patient"
    window = window_of(
        "SELECT COUNT(who) FROM (SELECT x.patient AS who, COALESCE(x.patient, y.patient) AS p FROM"
        f" {joined} QUALIFY ROW_NUMBER() OVER (PARTITION BY COALESCE(x.patient, y.patient)) = 1)"
    )
    (marks,) = (made(step) for step in steps(window.source) if made(step))
    assert len(marks) == 2
    assert set(names(window.order)) == set(marks)
