"""Variances, covariances and roots: exact ranges, and an answer whatever the noise."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.errors import InvalidInput, Refusal
from stillroom.model.after import ROOT_DIGITS
from stillroom.model.expression import Covariance, walk
from stillroom.privacy.covariances import Sums, Total, covariance, of_sample, root, root_above, root_below
from stillroom.query.price import price
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.questions import CONTRACT, compiled

EVERYTHING = (
    "VAR_POP(age), VARIANCE(age), STDDEV_POP(age), STDDEV(age), COVAR_POP(cost, age), COVAR_SAMP(cost, age), CORR(cost, age), "
    "REGR_SLOPE(cost, age), REGR_INTERCEPT(cost, age)"
)
WIDE = (Fraction(-(10**12)), Fraction(10**12))
numbers = st.fractions(-1000, 1000, max_denominator=100)
halves = st.fractions(0, 50, max_denominator=10)
totals = st.builds(lambda value, half: Total(value, value - half, value + half), numbers, halves)


def within(total: Total, steps: int = 4) -> list[Fraction]:
    """Return places in an interval, its ends among them."""
    return [total.low + (total.high - total.low) * step / steps for step in range(steps + 1)]


@settings(max_examples=40)
@given(totals, totals, totals, totals, st.booleans())
def test_whatever_the_totals_are_in_their_intervals_the_covariance_is_in_its_own(
    rows: Total,
    left: Total,
    right: Total,
    product_: Total,
    square: bool,  # noqa: FBT001 - drawn
) -> None:
    found = covariance(Sums(rows, left, left if square else right, product_), WIDE, square=square)
    assert found.low <= found.value <= found.high
    for count, x, y, xy in product(within(rows), within(left), within(right), within(product_)):
        times = max(count, Fraction(1))
        assert found.low <= xy / times - x * (x if square else y) / times**2 <= found.high


@settings(max_examples=20)
@given(totals, totals, totals)
def test_the_range_is_no_wider_than_needed(rows: Total, total: Total, squares: Total) -> None:
    """Both ends are reached by totals that lie in their intervals: with many places tried, one comes near."""
    found = covariance(Sums(rows, total, total, squares), WIDE, square=True)
    inverses = [1 / max(rows.high, Fraction(1)), 1 / max(rows.low, Fraction(1))]
    times = [inverses[0] + (inverses[1] - inverses[0]) * step / 100 for step in range(101)]
    values = [
        xy * t - (x * t) ** 2
        for t in times
        for x in (*within(total), Fraction(0))
        for xy in within(squares)
        if total.low <= x <= total.high
    ]
    room = (found.high - found.low) / 20
    assert min(values) <= found.low + room
    assert max(values) >= found.high - room


def test_a_range_outside_the_bounds_does_not_look_certain() -> None:
    certain = Total(Fraction(10), Fraction(9), Fraction(11))
    found = covariance(
        Sums(certain, certain, certain, Total(Fraction(-90), Fraction(-99), Fraction(-81))), (Fraction(0), Fraction(5)), square=True
    )
    assert found.value == found.low == 0
    assert found.high > 1


def test_what_the_bounds_say_anyway_is_no_information() -> None:
    vague = Total(Fraction(0), Fraction(-10), Fraction(10))
    found = covariance(Sums(vague, vague, vague, vague), (Fraction(0), Fraction(5)), square=True)
    assert tuple(found) == (0, 0, 5, True)
    assert tuple(of_sample(found, vague)) == (0, 0, 10, True)


@given(st.fractions(0, 10**12, max_denominator=10**12))
def test_roots_are_rounded_outward(number: Fraction) -> None:
    below, near, above = root_below(number), root(number), root_above(number)
    assert below**2 <= number <= above**2
    assert below <= near <= above <= below + Fraction(1, 10**ROOT_DIGITS)
    assert abs(near**2 - number) <= min(number - below**2, above**2 - number) + Fraction(1, 10 ** (2 * ROOT_DIGITS))


@given(st.fractions(0, 10**6, max_denominator=10**6))
def test_roots_of_squares_are_exact_where_they_have_so_many_places(number: Fraction) -> None:
    short = Fraction(round(number * 10**9), 10**9)
    assert root_below(short**2) == root(short**2) == root_above(short**2) == short


@pytest.mark.parametrize("size", [0, 1, -1, 2, -1000, 10**6, -(10**12), 2**62])
def test_there_is_an_answer_whatever_the_noise(size: int) -> None:
    """Nobody, one row, counts below 0: no division fails, and each number lies in its interval."""
    asked = compiled(f"SELECT gender, {EVERYTHING} FROM members JOIN visits ON id = pid GROUP BY ROLLUP (gender)")
    for signs in product((-1, 0, 1), repeat=3):
        cells = [tuple(size * signs[number % 3] + place for place in range(asked.plan.cells)) for number in range(len(asked.plan.measures))]
        for row in finish(asked.plan, asked.headings, without_noise(asked.plan, tuple(cells))).rows:
            for cell in row[1:]:
                assert cell.value is not None or (cell.low, cell.high, cell.no_information) == (None, None, True)
                if cell.value is not None and cell.low is not None and cell.high is not None:
                    assert Fraction(cell.low) <= Fraction(cell.value) <= Fraction(cell.high)


@pytest.mark.parametrize(
    ("outputs", "measures"),
    [
        ("VARIANCE(age)", 3),
        ("VARIANCE(age), VAR_POP(age), STDDEV(age), STDDEV_POP(age)", 3),
        ("VARIANCE(age), COUNT(age)", 3),
        ("COVAR_POP(cost, age), COVAR_SAMP(age, cost)", 4),
        ("CORR(cost, age)", 6),
        ("CORR(cost, age), REGR_SLOPE(cost, age), REGR_INTERCEPT(age, cost)", 6),
    ],
)
def test_each_part_is_measured_once_and_charged(outputs: str, measures: int) -> None:
    asked = compiled(f"SELECT {outputs} FROM members JOIN visits ON id = pid")
    assert (len(asked.plan.measures), len(asked.plan.strategies)) == (measures, measures)


def test_bounds_are_those_of_centred_values() -> None:
    """Ages from 12 to 90 are at most 39 from 51; costs to 100.00 at most 50.00 from the middle."""
    ages = compiled("SELECT VARIANCE(age) FROM members").plan.measures
    assert [(one.row_low, one.row_high, one.low, one.high) for one in ages] == [(0, 1, 0, 1), (-39, 39, -39, 39), (0, 39**2, 0, 39**2)]
    both = compiled("SELECT COVAR_POP(cost, age) FROM members JOIN visits ON id = pid").plan.measures
    assert [(one.row_low, one.row_high, one.high) for one in both][-1] == (-39 * 5000, 39 * 5000, 5 * 39 * 5000)


def test_the_known_range_is_that_of_the_bounds() -> None:
    outputs = compiled("SELECT VARIANCE(age), COVAR_POP(cost, age) FROM members JOIN visits ON id = pid").plan.finish.outputs
    found = [node for output in outputs for node in walk(output.value) if isinstance(node, Covariance)]
    ranges = [(Fraction(one.low, 10**one.digits), Fraction(one.high, 10**one.digits)) for one in found]
    assert ranges == [(0, Fraction(78**2, 4)), (-Fraction(78 * 100, 4), Fraction(78 * 100, 4))]


def test_no_error_is_promised_and_the_price_says_so() -> None:
    with pytest.raises(InvalidInput, match="depends on the values") as refused:
        compiled("SELECT COUNT(age), STDDEV(age) FROM members", error=5.0)
    assert refused.value.code == "PRICE_INVALID"
    known = price(CONTRACT, compiled("SELECT STDDEV(age) FROM members")).errors[0]
    assert (known.half_width, known.by_group_size) == (None, {})


def test_a_column_without_bounds_has_no_variance() -> None:
    with pytest.raises(Refusal, match="needs numbers"):
        compiled("SELECT VARIANCE(cost > 3) FROM visits")
