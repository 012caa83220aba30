"""Costs are exact, and scales are the least that a price buys."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.errors import Code, Refusal
from stillroom.model.charge import RHO_UNIT, Charge
from stillroom.model.mechanism import CHOOSING, LARGEST_SCALE, SMALLEST_SCALE, Mechanism, NoiseKind
from stillroom.privacy.mechanisms import charge_of, epsilon_of, guarantee_of, rho_of, scale_for_epsilon, scale_for_rho
from stillroom.privacy.sensitivity import Sensitivity

GAUSSIAN, LAPLACE = NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE

norms = st.integers(1, 10**9)
prices = st.fractions(min_value=Fraction(1, 10**6), max_value=100)


def sensitivity(l1: int = 1, l2_squared: int = 1) -> Sensitivity:
    return Sensitivity(l0=1, l1=l1, l2_squared=l2_squared, linf=1)


def test_cost_of_gaussian_noise() -> None:
    mechanism = Mechanism(noise=GAUSSIAN, scale=3.0)
    assert rho_of(mechanism, sensitivity(l1=2, l2_squared=4)) == Fraction(4, 18)
    assert epsilon_of(mechanism, sensitivity()) is None


def test_cost_of_laplace_noise() -> None:
    mechanism = Mechanism(noise=LAPLACE, scale=0.5)
    assert epsilon_of(mechanism, sensitivity(l1=3, l2_squared=9)) == 6
    assert rho_of(mechanism, sensitivity(l1=3, l2_squared=9)) == 18


def test_charge_of_several_measures_is_the_sum_of_their_guarantees() -> None:
    noise = [(Mechanism(noise=GAUSSIAN, scale=3.3), sensitivity()), (Mechanism(noise=LAPLACE, scale=7.7), sensitivity())]
    assert charge_of(noise) == Charge(rho=sum(guarantee_of(*one).rho for one in noise))


@given(l2_squared=norms, rho=prices)
def test_scale_for_rho_is_the_least_within_the_price(l2_squared: int, rho: Fraction) -> None:
    scale = scale_for_rho(l2_squared, rho)
    one = sensitivity(l2_squared=l2_squared)
    assert guarantee_of(Mechanism(noise=GAUSSIAN, scale=scale), one).rho * RHO_UNIT <= rho
    if scale > SMALLEST_SCALE:
        cheaper = Mechanism(noise=GAUSSIAN, scale=math.nextafter(scale, 0))
        assert guarantee_of(cheaper, one).rho > math.floor(rho / RHO_UNIT)


@given(l1=norms, epsilon=prices)
def test_scale_for_epsilon_is_within_the_price_and_close_to_it(l1: int, epsilon: Fraction) -> None:
    scale = scale_for_epsilon(l1, epsilon)
    spent = epsilon_of(Mechanism(noise=LAPLACE, scale=scale), sensitivity(l1=l1))
    assert spent is not None
    assert spent <= epsilon
    assert scale == SMALLEST_SCALE or spent >= epsilon * (1 - Fraction(1, 10**12))
    assert guarantee_of(Mechanism(noise=LAPLACE, scale=scale), sensitivity(l1=l1)).rho <= math.ceil(epsilon**2 / 2 / RHO_UNIT)


@given(norm=norms, rho=st.integers(10**6, 10**13), noise=st.sampled_from(NoiseKind))
@settings(max_examples=150)
def test_opendp_confirms_every_price(norm: int, rho: int, noise: NoiseKind) -> None:
    """OpenDP accounts in doubles and rounds up; the slack in our guarantee is more than that. One draw is made each time."""
    price = rho * RHO_UNIT
    epsilon = Fraction(math.isqrt(2 * rho * 10**12), 10**12)
    by_rho = noise in {GAUSSIAN, NoiseKind.GUMBEL}
    scale = scale_for_rho(norm, price, noise) if by_rho else scale_for_epsilon(norm, epsilon)
    mechanism = Mechanism(noise=noise, scale=scale)
    guarantee = guarantee_of(mechanism, sensitivity(l1=norm, l2_squared=norm))
    assert guarantee.rho <= rho
    if noise in CHOOSING:
        assert OpendpNoise().choose(mechanism, [[0, 10**9]], guarantee)[0] in {0, 1}
    else:
        assert len(OpendpNoise().draw(mechanism, 1, guarantee)) == 1


def test_a_measure_that_nobody_moves_costs_nothing() -> None:
    assert scale_for_rho(0, Fraction(1)) == SMALLEST_SCALE
    assert guarantee_of(Mechanism(noise=GAUSSIAN, scale=SMALLEST_SCALE), sensitivity(0, 0)).rho == 0


@pytest.mark.parametrize("rho", [Fraction(0), RHO_UNIT / 2, RHO_UNIT])
def test_a_price_that_needs_too_much_noise_is_refused(rho: Fraction) -> None:
    with pytest.raises(Refusal) as refused:
        scale_for_rho(10**24, rho)
    assert refused.value.code is Code.PRICE_NOT_REACHABLE
    with pytest.raises(Refusal):
        scale_for_epsilon(10**24, rho)


def test_the_largest_scale_is_still_sold() -> None:
    assert scale_for_epsilon(2**51, Fraction(1, 2) + Fraction(1, 10**9)) <= LARGEST_SCALE
