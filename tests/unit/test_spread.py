"""Variances, deviations, correlations and the like of one person's rows: by their definitions, and within what is said about them."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken
from stillroom.errors import Code, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from tests.engines.test_against_duckdb import CONTRACT, kinds
from tests.fakes import ListTable
from tests.questions import CONTRACT as SMALL
from tests.questions import compiled
from tests.reference import ReferenceEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar

    Pair = tuple[Fraction, Fraction]


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def scatter(pairs: Sequence[Pair], one: int, other: int) -> Fraction:
    """Return the sum of the products of what lies between values and their means."""
    ends = [mean([pair[number] for pair in pairs]) for number in (one, other)]
    return sum(((pair[one] - ends[0]) * (pair[other] - ends[1]) for pair in pairs), Fraction(0))


def slope(pairs: Sequence[Pair]) -> Fraction | None:
    return scatter(pairs, 0, 1) / scatter(pairs, 1, 1) if pairs and scatter(pairs, 1, 1) else None


def intercept(pairs: Sequence[Pair]) -> Fraction | None:
    found = slope(pairs)
    return None if found is None else mean([y for y, _ in pairs]) - found * mean([x for _, x in pairs])


MEANT: dict[str, Callable[[Sequence[Pair]], Fraction | None]] = {
    "COVAR_POP(y, x)": lambda pairs: scatter(pairs, 0, 1) / len(pairs) if pairs else None,
    "COVAR_SAMP(y, x)": lambda pairs: scatter(pairs, 0, 1) / (len(pairs) - 1) if len(pairs) > 1 else None,
    "VAR_POP(IF(x IS NULL, NULL, y))": lambda pairs: scatter(pairs, 0, 0) / len(pairs) if pairs else None,
    "VARIANCE(IF(y IS NULL, NULL, x))": lambda pairs: scatter(pairs, 1, 1) / (len(pairs) - 1) if len(pairs) > 1 else None,
    "REGR_SLOPE(y, x)": slope,
    "REGR_INTERCEPT(y, x)": intercept,
}
"""What each aggregate is, over the rows that have both values."""

COSTS, AGES = st.none() | st.integers(0, 2000), st.none() | st.integers(-3, 9)
"""Costs are hundredths."""

EXTREME = [(0, -3), (2000, 9)]


def plan_of(sql: str) -> Plan:
    question = Question(contract=digest_of(CONTRACT), sql=sql, terms=Terms(epsilon=1.0), asked_by="a")
    return compile_question(CONTRACT, question).plan


def rounded(value: Fraction | None) -> int:
    """Return millionths, rounded half away from zero; NULL adds nothing."""
    exact = value or Fraction(0)
    units = math.floor(abs(exact) * 10**6 + Fraction(1, 2))
    return units if exact >= 0 else -units


def measured(plan: Plan, rows: list[tuple[int | None, int | None]]) -> tuple[tuple[int, ...], ...]:
    """Return what a plan measures of one person's costs and ages."""
    columns = {name: kind.kind for name, kind in kinds("visits").items()}
    stored: list[dict[str, Scalar]] = [{"person": "p", **dict.fromkeys(columns), "cost": y, "age": x} for y, x in rows]
    return ReferenceEngine().measure_exactly(plan, {"visits": ListTable(stored, columns, salt=b"v", private=True)})


@pytest.mark.parametrize("aggregate", MEANT)
def test_it_is_what_its_definition_says(aggregate: str) -> None:
    made = re.sub(r"\b[xy]\b", lambda name: {"y": "cost", "x": "age"}[name[0]], aggregate)
    plan = plan_of(f"SELECT SUM(v), COUNT(v) FROM (SELECT pid, {made} AS v FROM visits GROUP BY pid)")
    check_bounds(plan, CONTRACT)

    @given(st.lists(st.tuples(COSTS, AGES), min_size=1, max_size=6))
    @example(EXTREME)
    @example(EXTREME * 3)
    @example([(2000, -3), (0, 9)])
    @example([(2000, 0), (0, 1)])
    def check(rows: list[tuple[int | None, int | None]]) -> None:
        found = measured(plan, rows)
        value = MEANT[aggregate]([(Fraction(y, 100), Fraction(x)) for y, x in rows if y is not None and x is not None])
        assert found == ((rounded(value),), (int(value is not None),))

    check()


def root(square: Fraction | None, places: int) -> int:
    """Return the root in so many places, rounded half away from zero; NULL adds nothing."""
    with localcontext(prec=60):
        exact = (Decimal((square or Fraction(0)).numerator) / Decimal((square or Fraction(0)).denominator)).sqrt()
        return int(exact.scaleb(places).quantize(Decimal(1), ROUND_HALF_UP))


ROOTS: dict[str, tuple[int, Callable[[Sequence[Pair]], tuple[int, Fraction] | None]]] = {
    "STDDEV_POP(IF(x IS NULL, NULL, y))": (6, lambda pairs: (1, scatter(pairs, 0, 0) / len(pairs)) if pairs else None),
    "STDDEV(IF(y IS NULL, NULL, x))": (6, lambda pairs: (1, scatter(pairs, 1, 1) / (len(pairs) - 1)) if len(pairs) > 1 else None),
    "CORR(y, x)": (
        6,
        lambda pairs: (
            (1 if scatter(pairs, 0, 1) > 0 else -1, scatter(pairs, 0, 1) ** 2 / scatter(pairs, 0, 0) / scatter(pairs, 1, 1))
            if pairs and scatter(pairs, 0, 0) and scatter(pairs, 1, 1)
            else None
        ),
    ),
}
"""What each aggregate is: its decimal places, and its sign and its square."""


@pytest.mark.parametrize("aggregate", ROOTS)
def test_a_root_is_what_its_definition_says(aggregate: str) -> None:
    places, meant = ROOTS[aggregate]
    made = re.sub(r"\b[xy]\b", lambda name: {"y": "cost", "x": "age"}[name[0]], aggregate)
    plan = plan_of(f"SELECT SUM(v), COUNT(v) FROM (SELECT pid, {made} AS v FROM visits GROUP BY pid)")
    check_bounds(plan, CONTRACT)
    assert plan.measures[0].digits == places

    @given(st.lists(st.tuples(COSTS, AGES), min_size=1, max_size=6))
    @example(EXTREME)
    @example(EXTREME * 3)
    @example([(2000, -3), (0, 9)])
    @example([(7, 1), (7, 2)])
    def check(rows: list[tuple[int | None, int | None]]) -> None:
        pairs = [(Fraction(y, 100), Fraction(x)) for y, x in rows if y is not None and x is not None]
        found, value = measured(plan, rows), meant(pairs)
        assert found == ((0 if value is None else value[0] * root(value[1], places),), (int(value is not None),))

    check()


@pytest.mark.parametrize(
    ("aggregate", "low", "high", "places"),
    [
        ("VAR_POP(cost)", 0, 2500, 6),
        ("VARIANCE(cost)", 0, 5000, 6),
        ("COVAR_POP(cost, cost / 100)", -25, 25, 8),
        ("COVAR_SAMP(cost, 1 - cost)", -5000, 5000, 6),
        ("CORR(CAST(cost AS INTEGER), CAST(cost AS INTEGER))", -1, 1, 6),
        ("STDDEV_POP(cost)", 0, 50, 5),
        ("STDDEV_POP(CAST(cost AS INTEGER) * 1000000)", 0, 50000000, 0),
        ("REGR_SLOPE(CAST(cost AS INTEGER), CAST(cost AS INTEGER))", -250, 250, 6),
        ("REGR_INTERCEPT(CAST(cost AS INTEGER), CAST(cost AS INTEGER))", -25100, 25100, 6),
    ],
)
def test_its_range_is_known_and_the_verifier_finds_it(aggregate: str, low: int, high: int, places: int) -> None:
    plan = compiled(f"SELECT SUM(v) FROM (SELECT pid, {aggregate} AS v FROM visits GROUP BY pid)").plan
    measure = plan.measures[0]
    assert (measure.row_low, measure.row_high, measure.digits) == (low * 10**places, high * 10**places, places)
    check_bounds(plan, SMALL)
    with pytest.raises(Broken, match="values of measure 0"):
        check_bounds(plan.model_copy(update={"measures": (measure.model_copy(update={"row_high": measure.row_high - 1}),)}), SMALL)


def test_what_could_be_too_large_to_compute_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        compiled("SELECT COUNT(v) FROM (SELECT pid, VARIANCE(cost * 1000000000 * 1000) AS v FROM visits GROUP BY pid)")
    assert refused.value.code is Code.BOUND_TOO_LARGE
