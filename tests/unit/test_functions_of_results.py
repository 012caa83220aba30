"""Functions after the noise: their values, the intervals that noise leaves them, and what they are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stillroom.client.verification import reals as verified
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.table import check_table
from stillroom.errors import StillroomError
from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Column
from stillroom.query import reals
from stillroom.query.table.estimate import Estimate
from stillroom.query.table.finish import finish
from stillroom.query.table.scalars import applied
from tests.questions import compiled

if TYPE_CHECKING:
    from stillroom.model.release import Cell, Table

COUNT = 120
"""What every count is. With one ε, its interval is (109, 131)."""


def table(expression: str, *, count: int = COUNT) -> Table:
    """Return a table of one row, whose count is shown beside an expression; it verifies."""
    question = compiled(f"SELECT {expression} AS x, COUNT(*) AS n FROM members")
    found = finish(question.plan, question.headings, (((count,),),))
    check_table(question.plan, found)
    return found


def cell(expression: str, *, count: int = COUNT) -> Cell:
    return table(expression, count=count).rows[0][0]


@pytest.mark.parametrize(
    ("expression", "value", "low", "high"),
    [
        ("COUNT(*) % 50", "20", "9", "31"),
        ("COUNT(*) % 40", "0", None, None),
        ("COUNT(*) % 0", None, None, None),
        ("-COUNT(*) % 50", "-20", "-31", "-9"),
        ("(COUNT(*) - 120) % 50", "0", "-11", "11"),
        ("COUNT(*) // 50", "2", "2", "2"),
        ("COUNT(*) // 0", None, None, None),
        ("TRUNC(COUNT(*) / 7, 1)", "17.1", "15.5", "18.7"),
        ("TRUNC(COUNT(*) - 120.5)", "0", "-11", "10"),
        ("WIDTH_BUCKET(COUNT(*), 0, 100, 10)", "11", "11", "11"),
        ("WIDTH_BUCKET(COUNT(*), 100, 200, 10)", "3", "1", "4"),
        ("LN(COUNT(*))", "4.787492", "4.691347", "4.875198"),
        ("LN(COUNT(*) - 109)", "2.397895", None, None),
        ("LN(COUNT(*) - 108)", "2.484907", "0.000000", "3.135495"),
        ("LN(COUNT(*) - 120)", None, None, None),
        ("LOG10(COUNT(*) - 20)", "2.000000", "1.949390", "2.045323"),
        ("LOG(COUNT(*) - 20)", "2.000000", "1.949390", "2.045323"),
        ("LOG2(COUNT(*) + 8)", "7.000000", "6.870364", "7.118942"),
        ("EXP(COUNT(*) - 120)", "1.000000", "0.000016", "59874.141716"),
        ("EXP(-COUNT(*))", "0.000000", "0.000000", "0.000001"),
        ("EXP(COUNT(*) * 6)", None, None, None),
        ("POWER(COUNT(*), 2)", "14400.000000", "11881.000000", "17161.000000"),
        ("POWER(COUNT(*) - 121, 2)", "1.000000", "0.000000", "144.000000"),
        ("POWER(COUNT(*) - 121, 3)", "-1.000000", "-1728.000000", "1000.000000"),
        ("POWER(COUNT(*) - 130, -1)", "-0.100000", None, None),
        ("POWER(COUNT(*) - 140, -1)", "-0.050000", "-0.111112", "-0.032258"),
        ("POWER(COUNT(*) - 20, 0.5)", "10.000000", "9.433981", "10.535654"),
        ("POWER(COUNT(*) - 121, 0.5)", None, None, None),
        ("POWER(2, COUNT(*) - 120)", "1.000000", "0.000488", "2048.000000"),
        ("POWER(0.5, COUNT(*) - 120)", "1.000000", "0.000488", "2048.000000"),
        ("POWER(COUNT(*) - 120, 0)", "1.000000", "1.000000", "1.000000"),
        ("POWER(2, COUNT(*) * 10)", None, None, None),
        ("CBRT(COUNT(*) + 5)", "5.000000", "4.848807", "5.142564"),
        ("CBRT(COUNT(*) - 128)", "-2.000000", "-2.668402", "2.668402"),
        ("CBRT(-1000 - 0 * COUNT(*))", "-10.000000", "-10.000000", "-10.000000"),
        ("CBRT(COUNT(*) - 147)", "-3.000000", "-3.361976", "-2.519842"),
        ("CBRT(NULLIF(COUNT(*), 120))", None, None, None),
        ("PI()", "3.141592653589793", None, None),
        ("PI() * COUNT(*)", "376.991118430775", "342.433599241287", "411.548637620263"),
        ("DEGREES(COUNT(*) - 120)", "0.000000", "-630.253575", "630.253575"),
        ("DEGREES(PI())", "180.000000", None, None),
        ("RADIANS(COUNT(*))", "2.094395", "1.902408", "2.286382"),
        ("CAST(COUNT(*) AS TEXT) || ' persons'", "120 persons", None, None),
        ("CAST(COUNT(*) AS BIGINT)", "120", "109", "131"),
        ("CAST(COUNT(*) / 7 AS DOUBLE)", "17.142857", "15.571428", "18.714286"),
        ("CAST(COUNT(*) / 7 AS TEXT)", "17.142857", None, None),
        ("CAST(COUNT(*) * 1000000 * 1000000 * 1000000 AS TEXT)", None, None, None),
        ("YEAR(DATE '2019-09-09' + COUNT(*))", "2020", "2019", "2020"),
        ("MONTH(DATE '2019-12-09' + COUNT(*))", "4", "3", "4"),
        ("MONTH(DATE '2019-09-09' + COUNT(*))", "1", None, None),
        ("DATE_DIFF('month', DATE '2020-01-31', DATE '2020-01-01' + COUNT(*))", "3", "3", "4"),
        ("COUNT(*) > 100 IS TRUE", "true", None, None),
        ("LOWER(CASE WHEN COUNT(*) > 100 THEN 'MANY' ELSE 'Few' END)", "many", None, None),
    ],
)
def test_a_function_of_a_count_has_its_interval_or_none(expression: str, value: str | None, low: str | None, high: str | None) -> None:
    found = cell(expression)
    assert (found.value, found.low, found.high) == (value, low, high)


def test_a_text_of_a_result_is_checked_where_the_result_is_shown() -> None:
    question, found = compiled("SELECT COUNT(*)::TEXT AS x, COUNT(*) AS n FROM members"), table("COUNT(*)::TEXT")
    other = found.model_copy(update={"rows": ((replace(found.rows[0][0], value="121"), found.rows[0][1]),)})
    with pytest.raises(Broken, match="a computed value: got 121, expected 120"):
        check_table(question.plan, other)


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("SELECT SUM(LN(cost)) FROM visits", "FUNCTION_NOT_ALLOWED", "LN in a row needs an operand of at most 249 values"),
        ("SELECT COUNT(*) FROM visits WHERE POWER(cost, cost) > 3", "EXPRESSION_NOT_ALLOWED", "Write POWER(x, 2)"),
        ("SELECT LOG(cost), COUNT(*) FROM visits GROUP BY LOG(cost)", "FUNCTION_NOT_ALLOWED", "LOG10(AVG(x))"),
        ("SELECT SUM(CBRT(cost)) FROM visits", "FUNCTION_NOT_ALLOWED", "CBRT in a row needs an operand of at most 249 values"),
        ("SELECT SUM(cost * PI()) FROM visits", "FUNCTION_NOT_ALLOWED", "Write 3.14159."),
        ("SELECT SUM(RADIANS(cost)) FROM visits", "FUNCTION_NOT_ALLOWED", "Write x * 0.01745329."),
        ("SELECT MAX(DEGREES(cost)) FROM visits", "FUNCTION_NOT_ALLOWED", "Write x * 57.29578."),
        ("SELECT CBRT(gender), COUNT(*) FROM members GROUP BY gender", "TYPE_MISMATCH", "needs numbers"),
        ("SELECT PI(3) * COUNT(*) FROM members", "SQL_INVALID", ""),
        ("SELECT AVG(age::DOUBLE) FROM members", "EXPRESSION_NOT_ALLOWED", "numbers are exact"),
        ("SELECT COUNT(*) FROM members WHERE CAST(age AS HUGEINT) > 3", "EXPRESSION_NOT_ALLOWED", "Use INTEGER"),
        ("SELECT LOG(3, COUNT(*)) FROM members", "EXPRESSION_NOT_ALLOWED", "LN(x) / LN(base)"),
        ("SELECT LOWER(COUNT(*)) FROM members", "TYPE_MISMATCH", "needs text"),
        ("SELECT COUNT(*) / 2 // 3 FROM members", "TYPE_MISMATCH", "TRUNC(x / y)"),
        ("SELECT TRUNC(COUNT(*), 99) FROM members", "EXPRESSION_NOT_ALLOWED", "TRUNC(x, 2)"),
        ("SELECT WIDTH_BUCKET(COUNT(*), 9, 1, 5) FROM members", "EXPRESSION_NOT_ALLOWED", "lower end first"),
        ("SELECT WIDTH_BUCKET(COUNT(*), 0, SUM(age), 5) FROM members", "TYPE_MISMATCH", "two constant numbers"),
        (
            "SELECT CAST(gender AS DOUBLE), COUNT(*) FROM members GROUP BY gender",
            "EXPRESSION_NOT_ALLOWED",
            "of results only, and of numbers",
        ),
        ("SELECT SUBSTRING(gender, COUNT(*)), COUNT(*) FROM members GROUP BY gender", "EXPRESSION_NOT_ALLOWED", "constant"),
        ("SELECT DATE '2020-01-01' + DATE '2020-01-01', COUNT(*) FROM members", "TYPE_MISMATCH", "whole number of days"),
        ("SELECT MEDIAN(tapped) + 1 FROM trips", "TYPE_MISMATCH", "INTERVAL"),
    ],
)
def test_what_is_refused_says_where_it_is_supported(sql: str, code: str, words: str) -> None:
    with pytest.raises(StillroomError) as refused:
        compiled(sql)
    assert refused.value.code == code
    assert words in str(refused.value)


def test_expressions_stay_small_however_short_the_question() -> None:
    """What a timestamp is spelled by mentions it five times."""
    grown = "TIMESTAMP '2020-01-01 00:00:00'"
    for _ in range(12):
        grown = f"CAST(CAST({grown} AS TEXT) AS TIMESTAMP)"
    with pytest.raises(StillroomError) as refused:
        compiled(f"SELECT {grown} AS x, COUNT(*) FROM members")
    assert refused.value.code == "SQL_TOO_LARGE"


NUMBERS = st.fractions(-1000, 1000, max_denominator=10**6) | st.integers(-30, 30).map(Fraction)
ABOVE = NUMBERS.filter(lambda number: number > 0)
PLACES = st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)])
OF_ONE = [
    *((name, ()) for name in ("trunc", "floor", "sign", "abs", "ln", "exp")),
    *(("remainder", (Fraction(divisor),)) for divisor in (7, -50, Fraction(1, 3))),
    *(("power", (Fraction(exponent),)) for exponent in (2, 3, -1, -2, 0, Fraction(1, 2), Fraction(-3, 2))),
    ("log", (Fraction(10),)),
    ("bucket", (Fraction(-20), Fraction(50), Fraction(9))),
]


@given(st.sampled_from(OF_ONE), NUMBERS, st.fractions(0, 60, max_denominator=100), PLACES, PLACES)
def test_every_point_of_an_interval_has_its_value_in_that_of_the_function(
    function: tuple[str, tuple[Fraction, ...]], low: Fraction, width: Fraction, one: Fraction, other: Fraction
) -> None:
    says = applied(After(function=ScalarFunction(function[0]), operands=(Column(name="m0"),)))
    rest = [Estimate(number, number, number) for number in function[1]]
    found = says(Estimate(low + width * one, low, low + width, noisy=True), *rest)
    point = low + width * other
    truth = says(Estimate(point, point, point), *rest).value
    if found.low is not None and found.high is not None:
        assert isinstance(truth, Fraction)
        assert found.low <= truth <= found.high


@given(
    ABOVE,
    st.fractions(0, 60, max_denominator=100),
    NUMBERS.map(lambda one: one / 50),
    st.fractions(0, 3, max_denominator=9),
    PLACES,
    PLACES,
)
def test_every_power_of_two_intervals_is_in_that_of_the_powers(
    low: Fraction, width: Fraction, least: Fraction, more: Fraction, one: Fraction, other: Fraction
) -> None:
    says = applied(After(function=ScalarFunction.POWER, operands=(Column(name="m0"),)))
    found = says(Estimate(low, low, low + width, noisy=True), Estimate(least, least, least + more, noisy=True))
    truth = says(*(Estimate(point, point, point) for point in (low + width * one, least + more * other))).value
    assume(found.low is not None and found.high is not None)
    assert isinstance(truth, Fraction)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= truth <= found.high


@given(NUMBERS, NUMBERS.map(lambda one: one / 20))
def test_reals_are_those_that_the_verifier_computes_by_series(number: Fraction, exponent: Fraction) -> None:
    pairs = [
        (reals.logarithm(number, None), verified.logarithm(number, None)),
        (reals.logarithm(number, 10), verified.logarithm(number, Fraction(10))),
        (reals.exponential(number), verified.exponential(number)),
        (reals.power(number, exponent), verified.power(number, exponent)),
        (reals.power(abs(number), exponent), verified.power(abs(number), exponent)),
        (reals.power(number, Fraction(round(exponent))), verified.power(number, Fraction(round(exponent)))),
    ]
    for one, other in pairs:
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert max(one.low, other[0]) <= min(one.high, other[1])
            assert one.high - one.low <= Fraction(1, 10**39)
            assert (one.low == one.high) == (other[0] == other[1])


@pytest.mark.parametrize("exponent", [-90, -93, -95, -99, -100, -101, -700])
def test_an_exponential_that_is_nearly_nothing_is_not_below_it(exponent: int) -> None:
    found, again = reals.exponential(Fraction(exponent)), verified.exponential(Fraction(exponent))
    assert found is not None
    assert again is not None
    assert 0 <= found.below <= found.above
    assert 0 <= again[0] <= again[1]
