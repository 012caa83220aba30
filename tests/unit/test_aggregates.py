"""Aggregates of the outer SELECT: what is measured, once each."""

from __future__ import annotations

import pytest

from stillroom.model.expression import Case
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


def test_a_filter_leaves_the_bounds_of_a_measure() -> None:
    """Rows that do not count are 0, which lies within all bounds."""
    plain, some = (compiled(f"SELECT SUM(cost){given} FROM visits").plan.measures[0] for given in ("", " FILTER (WHERE ward = 'x')"))
    assert isinstance(some.value, Case)
    assert some.model_copy(update={"value": plain.value}) == plain


def test_a_column_is_named_by_its_aggregate() -> None:
    assert compiled("SELECT COUNT(*) FILTER (WHERE ward = 'x'), COUNT_IF(cost > 1) FROM visits").headings == ("count", "count_if")
