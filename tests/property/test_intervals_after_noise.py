"""Random expressions after the noise: while every noisy total is in its interval, so is what is computed from them, and it is not NULL."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Refusal
from stillroom.model.expression import Column, columns_of
from stillroom.query.table.estimate import Estimate, exact
from stillroom.query.table.estimates import estimates
from tests import reference
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.model.expression import Expression, Over
    from stillroom.model.plan import Plan

EXPRESSIONS = 40
"""Of each seed."""

TERMS = [
    *("COUNT(*)", "SUM(age)", "SUM(cost)", "AVG(age)", "AVG(cost)", "3", "0", "-2", "1.5", "NULL", "GROUPING(region)"),
    *("VARIANCE(age)", "STDDEV_POP(cost)", "COVAR_POP(age, cost)", "CORR(age, cost)", "REGR_SLOPE(age, cost)", "REGR_INTERCEPT(cost, age)"),
]
FORMS = [
    *("(# + #)", "(# - #)", "(# * #)", "(# / #)", "(- #)", "ROUND(#, -1)", "ROUND(#, 1)", "FLOOR(#)", "CEIL(#)", "SIGN(#)", "ABS(#)"),
    *("SQRT(#)", "GREATEST(#, #, #)", "LEAST(#, #)", "COALESCE(#, #)", "NULLIF(#, #)", "CASE # WHEN # THEN # ELSE # END"),
    *("(# % #)", "(# % 50)", "(FLOOR(#) // 3)", "TRUNC(#, 1)", "WIDTH_BUCKET(#, -5, 50, 7)", "CAST(CAST(# AS TEXT) AS DECIMAL(9, 1))"),
    *("LN(#)", "LOG10(#)", "LOG2(#)", "EXP(#)", "POWER(#, #)", "POWER(#, 2)", "POWER(#, 3)", "POWER(#, -1)", "POWER(#, 0.5)"),
    *("CBRT(#)", "DEGREES(#)", "RADIANS(#) * PI()"),
    *("YEAR(DATE '2020-01-31' + FLOOR(#))", "MONTH(DATE '2020-01-31' + FLOOR(#))", "DAY(DATE '2020-01-31' + FLOOR(#))"),
    *("(LAST_DAY(DATE '2020-01-31' + FLOOR(#)) - DATE '1999-01-01')", "DATE_DIFF('week', DATE '2020-01-31', DATE '2020-01-30' - FLOOR(#))"),
    *("CASE WHEN # < # THEN # ELSE # END", "CASE WHEN # IS NULL THEN # WHEN # IN (0, 1) OR NOT # = # THEN # END"),
]


def expression(draw: random.Random, depth: int) -> str:
    """Return a random expression."""
    if depth == 0 or draw.random() < 0.25:
        return draw.choice(TERMS)
    first, *rest = draw.choice(FORMS).split("#")
    return first + "".join(expression(draw, depth - 1) + part for part in rest)


def rows_of(draw: random.Random) -> list[dict[str, reference.Scalar]]:
    """Return a small group; its rows may be alike in one column or the other."""
    ages, costs = [draw.randint(12, 90) for _ in range(3)], [draw.choice([0, 10_000, draw.randint(0, 10_000)]) for _ in range(3)]
    some, others = draw.randint(1, 3), draw.randint(1, 3)
    size = draw.choice([2, 2, 3, 30])
    return [{"members.age": draw.choice(ages[:some]), "visits.cost": draw.choice(costs[:others])} for _ in range(size)]


def true_totals(plan: Plan, rows: list[dict[str, reference.Scalar]]) -> dict[str, Fraction]:
    """Return the noisy terms of a plan without their noise, by name."""
    sums = [sum(int(reference.evaluate(measure.value, row) or 0) for row in rows) for measure in plan.measures]
    found = {f"m{number}": Fraction(sums[number], 10**measure.digits) for number, measure in enumerate(plan.measures)}
    return found | {f"{total}/{count}": found[total] / found[count] for total in found for count in found if found[count]}


def shown(value: Expression, totals: Mapping[str, Fraction], around: Callable[[Fraction], Estimate]) -> Estimate:
    """Return an expression of terms that are known like this, in a row that is no total."""
    assert columns_of(value) <= totals.keys() | {"k0", "g0"}
    terms: dict[str | Over, list[Estimate]] = {name: [around(total)] for name, total in totals.items()}
    return estimates(value, {**terms, "k0": [exact("n")], "g0": [exact(Fraction(0))]}, 1)[0]


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 8))])
def test_what_is_computed_lies_in_its_interval(seed: int) -> None:
    draw, done = random.Random(seed), 0

    def noisy(total: Fraction) -> Estimate:
        half = Fraction(draw.choice([0, 1, 3, 20, 1000]), draw.choice([1, 7]))
        value = total + half * Fraction(draw.randint(-10, 10), 10)
        return Estimate(value, value - half, value + half, noisy=True)

    while done < EXPRESSIONS:
        written = expression(draw, 3)
        try:
            plan = compiled(f"SELECT region, {written} AS x FROM members JOIN visits ON id = pid GROUP BY ROLLUP (region)").plan
        except Refusal:
            continue
        output = plan.finish.outputs[1]
        if not output.noisy or isinstance(output.value, Column):
            continue
        done += 1
        for _ in range(20):
            totals = true_totals(plan, rows_of(draw))
            truth = shown(output.value, totals, lambda total: Estimate(total, total, total, noisy=True)).value
            found = shown(output.value, totals, noisy)
            if found.low is not None and found.high is not None:
                assert isinstance(truth, Fraction), written
                assert found.low <= truth <= found.high, written
