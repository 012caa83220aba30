"""Logarithms, exponentials and powers of rows are tables of correctly rounded values; after the noise they stay what they are."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from stillroom.errors import StillroomError
from stillroom.model.expression import After, Arithmetic, Case, walk
from stillroom.query.evaluate import evaluate
from stillroom.query.functions.curves import tabled
from stillroom.query.reals import Real, logarithm
from tests.questions import compiled
from tests.unit.test_functions import FRAME

ROUNDING = Decimal("0.000001")


def exact(number: Fraction) -> Real:
    """Return a number as one that is known exactly."""
    return Real(number, number)


@pytest.mark.parametrize(
    ("curve", "value"),
    [
        ("LN(age)", lambda age: age.ln()),
        ("LOG10(age)", lambda age: age.log10()),
        ("EXP(age // 10)", lambda age: (age // 10).exp()),
        ("POWER(age, 0.5)", lambda age: age.sqrt()),
        ("POWER(age, -1)", lambda age: 1 / age),
        ("CBRT(age - 50)", lambda age: Decimal(math.copysign(abs(float(age) - 50) ** (1 / 3), float(age) - 50))),
    ],
)
def test_each_value_is_the_nearest_of_six_decimal_places(curve: str, value: object) -> None:
    (measure,) = (one for one in compiled(f"SELECT SUM({curve}) FROM members").plan.measures if one.digits)
    assert measure.digits == 6
    for age in range(12, 91):
        found = evaluate(measure.value, {"members.age": age})
        assert isinstance(found, int)
        assert abs(Decimal(found) * ROUNDING - value(Decimal(age))) <= ROUNDING / 2 + Decimal("1e-12")  # type: ignore[operator]


def test_halves_go_away_from_zero_and_large_numbers_have_fewer_places() -> None:
    number = FRAME.sources[0].columns["a"]
    halves = tabled(lambda unit: exact(unit / 2_000_000), number, "HALF")  # type: ignore[arg-type]
    assert (halves.type.digits, halves.type.low, halves.type.high) == (6, -2, 5)
    assert evaluate(halves.expression, {"x.a": -3}) == -2
    assert evaluate(halves.expression, {"x.a": 1}) == 1
    assert evaluate(halves.expression, {"x.a": None}) is None
    large = tabled(lambda unit: exact(unit * 10**12), number, "LARGE")  # type: ignore[arg-type]
    assert (large.type.digits, large.type.high) == (3, 9 * 10**15)
    with pytest.raises(StillroomError, match="too large"):
        tabled(lambda unit: exact(unit * 10**16), number, "LARGE")  # type: ignore[arg-type]


def test_a_table_has_a_branch_for_each_value_and_none_twice() -> None:
    number = FRAME.sources[0].columns["a"]
    steps = tabled(lambda unit: exact(Fraction(unit // 4)), number, "STEPS")  # type: ignore[arg-type]
    assert isinstance(steps.expression, Case)
    assert len(steps.expression.branches) == len({unit // 4 for unit in range(-3, 10)})
    logs = tabled(lambda unit: logarithm(unit, None), number, "LN")  # type: ignore[arg-type]
    assert (logs.type.nullable, logs.type.low) == (True, 0)


def test_a_low_whole_power_is_the_product() -> None:
    assert compiled("SELECT SUM(POWER(cost, 2)) FROM visits").plan == compiled("SELECT SUM(cost * cost) FROM visits").plan
    (value,) = (one.value for one in compiled("SELECT SUM(POWER(cost, 2)) FROM visits").plan.measures if one.digits)
    assert any(isinstance(node, Arithmetic) for node in walk(value))


@pytest.mark.parametrize("call", ["LN(age)", "EXP(age)", "POWER(age, 9)", "LOG2(age)", "CBRT(age)"])
def test_of_a_key_it_is_what_it_is_after_the_noise(call: str) -> None:
    """Also where no row could have it: e to the power of 90 has too many digits there."""
    finish = compiled(f"SELECT age, {call} AS x, COUNT(*) FROM members GROUP BY age").plan.finish
    assert any(isinstance(node, After) for expression in finish.expressions for node in walk(expression))


def test_a_key_that_is_made_so_is_shown_as_it_is() -> None:
    plan = compiled("SELECT LN(age) AS x, COUNT(*) FROM members GROUP BY LN(age)").plan
    assert not any(isinstance(node, After) for expression in plan.finish.expressions for node in walk(expression))
    assert plan.keys[0].listed[0] == round(math.log(12) * 1_000_000)
