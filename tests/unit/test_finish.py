"""The released table is computed from noisy cells only, exactly and in a fixed order."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.table import check_table
from stillroom.query.table.finish import decimal_text, finish
from tests.marginals import without_noise
from tests.questions import compiled

if TYPE_CHECKING:
    from stillroom.model.plan import LeafCells
    from stillroom.model.release import Table


def table(sql: str, cells: LeafCells, **terms: float) -> Table:
    """Finish a question with given noisy cells."""
    question = compiled(sql, **terms)
    return finish(question.plan, question.headings, without_noise(question.plan, cells))


def values(result: Table) -> list[list[str | None]]:
    """Return the values of a table."""
    return [[cell.value for cell in row] for row in result.rows]


def test_keys_appear_in_the_contracts_order_with_null_last() -> None:
    result = table("SELECT region, COUNT(*) FROM members GROUP BY region", ((3, -1, 0),))
    assert values(result) == [["n", "3"], ["s", "-1"], [None, "0"]]


def test_totals_are_the_sums_of_their_parts() -> None:
    sql = "SELECT gender, region, COUNT(*) FROM members GROUP BY CUBE (gender, region)"
    leaves = (10, -2, 3, 40, 5, 6)
    rows = {(row[0].value, row[0].totalled, row[1].value, row[1].totalled): int(row[2].value or 0) for row in table(sql, (leaves,)).rows}
    known = dict(zip(product("FM", ("n", "s", None)), leaves, strict=True))
    for gender in "FM":
        assert rows[gender, False, None, True] == sum(known[gender, region] for region in ("n", "s", None))
    for region in ("n", "s", None):
        assert rows[None, True, region, False] == sum(known[gender, region] for gender in "FM")
    assert rows[None, True, None, True] == sum(leaves)


def test_a_null_group_and_a_total_are_told_apart() -> None:
    result = table("SELECT region, GROUPING(region), COUNT(*) FROM members GROUP BY ROLLUP (region)", ((1, 2, 3),))
    assert [(row[0].value, row[0].totalled, row[1].value) for row in result.rows][-2:] == [(None, False, "0"), (None, True, "1")]


def test_having_order_limit_and_offset_use_noisy_values() -> None:
    sql = "SELECT region, COUNT(*) AS n FROM members GROUP BY region HAVING n > 0 ORDER BY n DESC LIMIT 1 OFFSET 1"
    assert values(table(sql, ((3, 9, 0),))) == [["n", "3"]]


def test_nulls_are_ordered_where_asked() -> None:
    first = table("SELECT region, COUNT(*) FROM members GROUP BY region ORDER BY region DESC NULLS FIRST", ((1, 2, 3),))
    assert [row[0] for row in values(first)] == [None, "s", "n"]
    last = table("SELECT region, COUNT(*) FROM members GROUP BY region ORDER BY region DESC", ((1, 2, 3),))
    assert [row[0] for row in values(last)] == ["s", "n", None]


def test_an_average_of_nobody_is_defined_and_says_so() -> None:
    cell = table("SELECT AVG(cost) FROM visits", ((5,), (-3,))).rows[0][0]
    assert (cell.low, cell.high, cell.no_information) == ("0.00000000", "100.00000000", True)
    assert cell.value is not None


@pytest.mark.parametrize("expression", ["AVG(cost) + 1", "AVG(cost) / 2", "CASE WHEN SUM(cost) > 0 THEN AVG(cost) ELSE 0 END"])
def test_what_is_computed_from_no_information_is_none(expression: str) -> None:
    assert table(f"SELECT {expression} AS x FROM visits", ((5,), (-3,))).rows[0][0].no_information


def test_a_correlation_that_could_be_null_has_no_interval() -> None:
    """Nobody differs: without noise it is NULL, and the greater of it and -3 is -3."""
    cells = ((1,), (0,), (0,), (0,), (0,), (0,))
    row = table("SELECT CORR(cost, age) AS r, GREATEST(CORR(cost, age), -3) AS g FROM members JOIN visits ON id = pid", cells).rows[0]
    assert [(cell.low, cell.high, cell.no_information) for cell in row] == [(None, None, True)] * 2


@pytest.mark.parametrize(("factors", "shown"), [(8, True), (512, False)])
def test_a_number_that_is_too_long_is_null(factors: int, shown: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Its release can be read again, and verifies."""
    written = "SUM(cost)"
    while factors > 1:
        written, factors = f"({written} * {written})", factors // 2
    question = compiled(f"SELECT {written} AS x, SUM(cost) AS s FROM visits")
    found = finish(question.plan, question.headings, (((10**18,),),))
    assert (found.rows[0][0].value is not None) == (found.rows[0][0].low is not None) == shown
    check_table(question.plan, found)


def test_an_average_lies_in_its_interval() -> None:
    cell = table("SELECT AVG(cost) FROM visits", ((50_000_000,), (10_000,)), epsilon=5.0).rows[0][0]
    assert cell.value == "50.00000000"
    assert float(cell.low or 0) < 50 < float(cell.high or 0)


@pytest.mark.parametrize(
    ("aggregate", "digits"),
    [
        ("AVG(CASE WHEN cost = 7 THEN 1 ELSE 0 END)", 6),
        ("AVG(CASE WHEN cost = 7 THEN 1.0 ELSE 0 END)", 6),
        ("AVG(cost)", 8),
        ("VAR_POP(CASE WHEN cost = 7 THEN 1 ELSE 0 END)", 6),
        ("STDDEV(CASE WHEN cost = 7 THEN 1 ELSE 0 END)", 6),
        ("COVAR_POP(CASE WHEN cost = 7 THEN 1 ELSE 0 END, CASE WHEN cost = 8 THEN 1 ELSE 0 END)", 6),
        ("COVAR_SAMP(cost, cost)", 10),
    ],
)
def test_noise_and_not_rounding_limits_an_average(aggregate: str, digits: int) -> None:
    """It shows six places more than its column, as a quotient has six: a rate of a few in a million is not 0."""
    assert compiled(f"SELECT {aggregate} AS x FROM visits").plan.finish.outputs[0].digits == digits


def test_a_small_rate_is_not_rounded_to_nothing() -> None:
    cell = table("SELECT AVG(CASE WHEN cost = 7 THEN 1 ELSE 0 END) AS rate FROM visits", ((343,), (100_000,)), epsilon=5.0).rows[0][0]
    assert cell.value == "0.003430"
    assert 0 < float(cell.low or 0) < 0.00343 < float(cell.high or 0)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("COUNT(*) * 2 + 1", "21"),
        ("-COUNT(*)", "-10"),
        ("COUNT(*) / 4", "2.500000"),
        ("COUNT(*) / 0", None),
        ("COUNT(*) / (COUNT(*) - 10)", None),
        ("CASE WHEN COUNT(*) > 5 THEN 'many' ELSE 'few' END", "many"),
        ("COUNT(*) BETWEEN 1 AND 10", "true"),
        ("COUNT(*) IN (1, 2.5)", "false"),
        ("NOT (COUNT(*) = 10 OR COUNT(*) IS NULL)", "false"),
        ("CASE COUNT(*) WHEN 10 THEN 1.5 END", "1.5"),
    ],
)
def test_arithmetic_after_the_noise(expression: str, shown: str | None) -> None:
    assert values(table(f"SELECT {expression} AS x FROM members", ((10,),))) == [[shown]]


def test_intervals_of_computed_columns_contain_what_they_should() -> None:
    question = compiled("SELECT SUM(cost) / COUNT(*) AS x, SUM(cost) - COUNT(*) AS y FROM visits", epsilon=5.0)
    row = finish(question.plan, question.headings, (((100_000_000,),), ((50_000,),))).rows[0]
    assert Fraction(row[0].low or 0) < 20 < Fraction(row[0].high or 0)
    assert Fraction(row[1].low or 0) < 950_000 < Fraction(row[1].high or 0)


def test_a_quotient_whose_divisor_may_be_zero_has_no_bounds() -> None:
    cell = table("SELECT 5 / COUNT(*) AS x FROM members", ((1,),)).rows[0][0]
    assert (cell.low, cell.high, cell.no_information) == (None, None, True)


@pytest.mark.parametrize(
    ("value", "digits", "rounding", "text"),
    [
        (Fraction(1, 3), 2, ROUND_FLOOR, "0.33"),
        (Fraction(1, 3), 2, ROUND_CEILING, "0.34"),
        (Fraction(-1, 3), 2, ROUND_FLOOR, "-0.34"),
        (Fraction(-1, 3), 2, ROUND_CEILING, "-0.33"),
        (Fraction(5, 2), 0, ROUND_HALF_EVEN, "2"),
        (Fraction(10**40 + 1, 1), 0, ROUND_HALF_EVEN, str(10**40 + 1)),
    ],
)
def test_rounding_is_exact(value: Fraction, digits: int, rounding: str, text: str) -> None:
    assert decimal_text(value, digits, rounding) == text
