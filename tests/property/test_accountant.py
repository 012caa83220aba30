"""The accountant against independent computations, and rounding that never favours the spender."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import opendp.prelude as dp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT, Charge
from stillroom.privacy.accountant import cap_down, charge_up, compose, epsilon_from, rho_from

RHOS = [Fraction(1, 10**9), Fraction(1, 1000), Fraction(1, 20), Fraction(1, 2), Fraction(3), Fraction(50), Fraction(2000)]
DELTAS = [Fraction(1, 100), Fraction(1, 10**6), Fraction(1, 10**9), Fraction(1, 10**18)]
GRID = 1 + np.logspace(-9, 12, 2_000_001)

rhos = st.fractions(min_value=Fraction(1, 10**10), max_value=50)
deltas = st.fractions(min_value=Fraction(1, 10**18), max_value=Fraction(1, 2))
epsilons = st.fractions(min_value=Fraction(1, 1000), max_value=50)


def log_delta_on_grid(rho: float, epsilon: float) -> float:
    """Return log δ by section 2.3 of Canonne, Kamath and Steinke, at the best of two million orders."""
    exponents = (GRID - 1) * (GRID * rho - epsilon) - np.log(GRID - 1) + GRID * np.log1p(-1 / GRID)
    return float(exponents.min())


def log_delta_of_gaussian(rho: float, epsilon: float) -> float:
    """Return the exact log δ of one Gaussian mechanism with this rho (Balle and Wang 2018, theorem 8)."""
    gap = math.sqrt(2 * rho)
    first, second = log_ndtr(gap / 2 - epsilon / gap), epsilon + log_ndtr(-gap / 2 - epsilon / gap)
    return float(first + np.log1p(-np.exp(second - first)))


@pytest.mark.parametrize("rho", RHOS, ids=str)
@pytest.mark.parametrize("delta", DELTAS, ids=str)
def test_epsilon_is_the_best_of_all_orders(rho: Fraction, delta: Fraction) -> None:
    epsilon = epsilon_from(rho, delta)
    room = 1e-7 * (1 + abs(math.log(delta))) + 1e-9 * float(rho) * epsilon
    best = log_delta_on_grid(float(rho), epsilon)
    assert best <= math.log(delta) + room
    assert epsilon == 0 or best >= math.log(delta) - room


@pytest.mark.parametrize("rho", RHOS[1:6], ids=str)
@pytest.mark.parametrize("delta", DELTAS[1:], ids=str)
def test_epsilon_holds_for_the_gaussian_mechanism_and_is_close_to_it(rho: Fraction, delta: Fraction) -> None:
    epsilon = epsilon_from(rho, delta)
    assert log_delta_of_gaussian(float(rho), epsilon) <= math.log(delta)
    assert log_delta_of_gaussian(float(rho), epsilon * 0.85) > math.log(delta)


@pytest.mark.parametrize("rho", [0.01, 0.5, 4.0])
@pytest.mark.parametrize("delta", [1e-6, 1e-9])
def test_epsilon_agrees_with_opendp(rho: float, delta: float) -> None:
    dp.enable_features("contrib")
    scale = math.sqrt(1 / (2 * rho))
    measurement = dp.m.make_gaussian(dp.atom_domain(T=int), dp.absolute_distance(T=float), scale)
    profile = dp.c.make_zCDP_to_approxDP(measurement).map(1.0)  # type: ignore[no-untyped-call]
    assert epsilon_from(Fraction(rho), Fraction(delta)) == pytest.approx(profile.epsilon(delta), rel=1e-6)


@given(epsilon=epsilons, delta=deltas)
@settings(max_examples=50)
def test_rho_is_the_largest_that_keeps_epsilon(epsilon: Fraction, delta: Fraction) -> None:
    rho = rho_from(epsilon, delta)
    assert (rho / RHO_UNIT).denominator == 1
    assert Fraction(epsilon_from(rho, delta)) <= epsilon
    assert Fraction(epsilon_from(rho + 2 * RHO_UNIT, delta)) > epsilon * (1 - Fraction(1, 10**15))


@given(first=rhos, second=rhos, delta=deltas)
@settings(max_examples=50)
def test_epsilon_rises_with_rho(first: Fraction, second: Fraction, delta: Fraction) -> None:
    low, high = sorted((first, second))
    assert epsilon_from(low, delta) <= epsilon_from(high, delta) * (1 + 1e-12)


@given(rho=rhos, first=deltas, second=deltas)
@settings(max_examples=50)
def test_epsilon_falls_with_delta(rho: Fraction, first: Fraction, second: Fraction) -> None:
    low, high = sorted((first, second))
    assert epsilon_from(rho, high) <= epsilon_from(rho, low) * (1 + 1e-12)


def test_nothing_spent_reveals_nothing() -> None:
    assert epsilon_from(Fraction(0), Fraction(1, 10**9)) == 0.0


@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1), Fraction(-1), Fraction(2)], ids=str)
def test_a_delta_that_is_no_probability_is_refused(delta: Fraction) -> None:
    with pytest.raises(InvalidInput) as refused:
        epsilon_from(Fraction(1), delta)
    assert refused.value.code is Code.PRICE_INVALID
    with pytest.raises(InvalidInput):
        rho_from(Fraction(1), delta)


def test_a_tiny_delta_still_has_an_answer() -> None:
    assert rho_from(Fraction(1), Fraction(1, 10**400)) > 0


parts = st.lists(st.tuples(st.fractions(min_value=0, max_value=10), st.fractions(min_value=0, max_value=Fraction(1, 10**6))), max_size=10)


@given(parts=parts)
def test_charges_add_up_to_no_less_than_the_exact_cost(parts: list[tuple[Fraction, Fraction]]) -> None:
    total = compose(charge_up(rho, delta) for rho, delta in parts)
    exact_rho, exact_delta = sum(rho for rho, _ in parts), sum(delta for _, delta in parts)
    assert exact_rho <= total.rho * RHO_UNIT <= exact_rho + len(parts) * RHO_UNIT
    assert exact_delta <= total.delta * DELTA_UNIT <= exact_delta + len(parts) * DELTA_UNIT


@given(rho=st.fractions(min_value=0, max_value=1000), delta=st.fractions(min_value=0, max_value=Fraction(1, 1000)))
def test_caps_are_rounded_down(rho: Fraction, delta: Fraction) -> None:
    cap = cap_down(rho, delta)
    assert rho - RHO_UNIT < cap.rho * RHO_UNIT <= rho
    assert delta - DELTA_UNIT < cap.delta * DELTA_UNIT <= delta
    assert not charge_up(rho + RHO_UNIT, delta).fits(cap)


def test_the_rounding_tests_can_fail() -> None:
    """Planted: a third of a unit, rounded to the nearest unit, is free of charge."""
    third = RHO_UNIT / 3
    assert sum(round(third / RHO_UNIT) for _ in range(3)) * RHO_UNIT < 3 * third
    assert compose([charge_up(third)] * 3) == Charge(rho=3)


def test_a_charge_that_cannot_be_counted_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        charge_up(Fraction(10_000))
    assert refused.value.code is Code.PRICE_INVALID
    with pytest.raises(Refusal):
        compose([charge_up(Fraction(9000))] * 2)
