"""Aggregates of the outer SELECT: what is measured, once each."""

from __future__ import annotations

from math import prod

import pytest

from stillroom.model.expression import Case, columns_of
from stillroom.model.plan import sizes_for
from stillroom.query.table.finish import finish
from tests.questions import compiled


@pytest.mark.parametrize(
    ("outputs", "measures"),
    [
        ("COUNT(*) FILTER (WHERE ward = 'x'), COUNT_IF(ward = 'x')", 1),
        ("COUNT(*) FILTER (WHERE ward = 'x'), COUNT(*)", 2),
        ("AVG(cost) FILTER (WHERE ward = 'x'), SUM(cost) FILTER (WHERE ward = 'x'), COUNT(cost) FILTER (WHERE ward = 'x')", 2),
        ("SUM(cost) FILTER (WHERE ward = 'x'), SUM(cost) FILTER (WHERE ward = 'y'), SUM(cost)", 3),
    ],
)
def test_equal_measures_are_taken_once(outputs: str, measures: int) -> None:
    assert len(compiled(f"SELECT {outputs} FROM visits").plan.measures) == measures


@pytest.mark.parametrize(
    ("outputs", "columns", "measures"),
    [
        ("SUM(x), SUM(y)", "cost AS x, cost AS y", 1),
        ("SUM(x), AVG(y)", "cost + 1 AS x, 1 + cost AS y", 2),
        ("COVAR_POP(x, y)", "cost AS x, cost AS y", 3),
        ("SUM(x), SUM(y), COUNT(DISTINCT x), COUNT(DISTINCT y)", "cost AS x, cost AS y", 2),
        ("SUM(x), SUM(y)", "cost AS x, cost * 2 AS y", 2),
    ],
)
def test_columns_that_turn_out_to_be_one_are_measured_once(outputs: str, columns: str, measures: int) -> None:
    """A subquery with DISTINCT names its columns apart; that two of them compute the same is known once the plan is in order."""
    question = compiled(f"SELECT {outputs} FROM (SELECT DISTINCT pid, {columns} FROM visits)")
    plan = question.plan
    assert len(plan.measures) == len(set(plan.measures)) == measures
    assert len({columns_of(output.value) for output in plan.finish.outputs}) <= measures
    cells = tuple(
        tuple((0,) * prod(sizes_for(plan.keys, plan.measures, one)) for _ in plan.strategies[n]) for n, one in enumerate(plan.measures)
    )
    assert len(finish(plan, question.headings, cells).rows) == 1


def test_a_filter_leaves_the_bounds_of_a_measure() -> None:
    """Rows that do not count are 0, which lies within all bounds."""
    plain, some = (compiled(f"SELECT SUM(cost){given} FROM visits").plan.measures[0] for given in ("", " FILTER (WHERE ward = 'x')"))
    assert isinstance(some.value, Case)
    assert some.model_copy(update={"value": plain.value}) == plain


def test_a_column_is_named_by_its_aggregate() -> None:
    assert compiled("SELECT COUNT(*) FILTER (WHERE ward = 'x'), COUNT_IF(cost > 1) FROM visits").headings == ("count", "count_if")
