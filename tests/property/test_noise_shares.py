"""The bound on shares of noise against what the summed noise really reveals, computed from its exact distribution."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from stillroom.model.noise_share import LEAST_VARIANCE, NoiseShare
from stillroom.privacy.noise_shares import _with_draws, norm_sensitivity, rho_of_sum, round_charge
from stillroom.privacy.sensitivity import Sensitivity

Masses = dict[int, mpf]

DIGITS = 50
FARTHEST = 40
"""Beyond it a draw of s ≤ 1 has a probability below exp(-800)."""

ORDERS = ("1.001", "1.01", "1.1", "1.5", "2", "3", "5", "9")
VARIANCES = (Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), Fraction(1))


@lru_cache
def share(squared: Fraction) -> Masses:
    weights = {x: mp.exp(-mpf(x * x) * squared.denominator / (2 * squared.numerator)) for x in range(-FARTHEST, FARTHEST + 1)}
    total = mp.fsum(weights.values())
    return {x: weight / total for x, weight in weights.items()}


@lru_cache
def total(squared: Fraction, shares: int) -> Masses:
    """Return the distribution of a sum of shares, by convolution."""
    if shares == 1:
        return share(squared)
    sums: Masses = {}
    for x, one in total(squared, shares - 1).items():
        for y, other in share(squared).items():
            sums[x + y] = sums.get(x + y, mpf(0)) + one * other
    return sums


def divergence(noise: Masses, shift: int, order: mpf) -> mpf:
    """Return the Rényi divergence between noise and the same noise elsewhere, which is the same in both directions by symmetry."""
    inside = (z for z in noise if z - shift in noise)
    return mp.log(mp.fsum(noise[z] ** order * noise[z - shift] ** (1 - order) for z in inside)) / (order - 1)


def sensitivity_of(shifts: tuple[int, ...]) -> Sensitivity:
    sizes = [abs(shift) for shift in shifts if shift]
    return Sensitivity(l0=len(sizes), l1=sum(sizes), l2_squared=sum(size**2 for size in sizes), linf=max(sizes))


@pytest.mark.parametrize("squared", VARIANCES, ids=str)
@pytest.mark.parametrize("shares", [1, 2, 3, 4, 5])
def test_the_bound_covers_what_a_sum_reveals(squared: Fraction, shares: int) -> None:
    """The exact divergence at each order is within the bound, for several vectors by which neighbours differ."""
    with mp.workdps(DIGITS):
        noise = total(squared, shares)
        for shifts in ((1,), (2,), (3,), (1, 1, 1, 1), (1, 2), (5, 1, 0)):
            bound = rho_of_sum(squared, shares, sensitivity_of(shifts))
            for order in map(mpf, ORDERS):
                revealed = mp.fsum(divergence(noise, shift, order) for shift in shifts if shift)
                assert revealed <= order * mpf(bound.numerator) / bound.denominator * (1 + mpf(10) ** -30)


def test_a_sum_reveals_more_than_one_gaussian() -> None:
    """The power of the test above: without its further term the bound would be broken, by a tenth at s = 1/2."""
    with mp.workdps(DIGITS):
        revealed = divergence(total(Fraction(1, 4), 2), 1, mpf("1.001")) / mpf("1.001")
    assert revealed > 1.1 * 1 / (2 * 2 * 0.25)


def test_a_sum_is_told_from_one_of_more_variance() -> None:
    """The power of the test above: at order 9 the bound for all five owners is broken by the noise of three."""
    with mp.workdps(DIGITS):
        revealed = divergence(total(Fraction(1), 3), 2, mpf(9)) / 9
    assert revealed > float(rho_of_sum(Fraction(1), 5, sensitivity_of((2,))))


SQUARED = st.fractions(LEAST_VARIANCE, 50, max_denominator=4096)


@given(squared=SQUARED, more=st.fractions(0, 50, max_denominator=4096), shares=st.integers(1, 12), l2_squared=st.integers(0, 10**6))
def test_more_noise_costs_less(squared: Fraction, more: Fraction, shares: int, l2_squared: int) -> None:
    size = norm_sensitivity(l2_squared, 50)
    cost = rho_of_sum(squared, shares, size)
    assert rho_of_sum(squared + more, shares, size) <= cost
    assert rho_of_sum(squared, shares + 1, size) <= cost
    assert cost >= Fraction(l2_squared, 2) / (shares * squared)


@given(
    squared=SQUARED, shares=st.integers(1, 12), l2_squared=st.integers(0, 10**6), more=st.integers(0, 10**6), dimension=st.integers(1, 99)
)
def test_moving_further_costs_more(squared: Fraction, shares: int, l2_squared: int, more: int, dimension: int) -> None:
    cost = rho_of_sum(squared, shares, norm_sensitivity(l2_squared, dimension))
    assert rho_of_sum(squared, shares, norm_sensitivity(l2_squared + more, dimension)) >= cost
    assert rho_of_sum(squared, shares, norm_sensitivity(l2_squared, dimension + 1)) >= cost


@given(values=st.lists(st.integers(-50, 50), min_size=1, max_size=20))
def test_a_vector_is_within_the_sensitivity_of_its_norm(values: list[int]) -> None:
    size = norm_sensitivity(sum(value**2 for value in values), len(values))
    assert sum(value != 0 for value in values) <= size.l0
    assert sum(abs(value) for value in values) <= size.l1
    assert max(abs(value) for value in values) <= size.linf


@given(variance=st.integers(2**14, 2**52), owners=st.integers(2, 20), dimension=st.integers(1, 10**7))
def test_charges_of_changes(variance: int, owners: int, dimension: int) -> None:
    """A change moves a sum twice as far: its own charge is within four times the rho and the same δ, without which it would be more."""
    noise = NoiseShare(variance=variance, fewest=owners, colluders=owners // 3)
    reach = math.isqrt(math.floor(noise.squared))
    one, both = norm_sensitivity(reach**2, dimension), norm_sensitivity((2 * reach) ** 2, dimension)
    charged = round_charge(noise, one, dimension)
    assert rho_of_sum(noise.squared, noise.counted, both) <= 4 * rho_of_sum(noise.squared, noise.counted, one)
    assert rho_of_sum(noise.squared, noise.counted, one) * 10**12 <= charged.rho
    assert charged.delta >= 1


def gaussian(scale: float) -> np.ndarray:
    points = np.arange(-200, 201, dtype=np.float64)
    weights = np.exp(-(points**2) / (2 * scale**2))
    return np.asarray(weights / weights.sum())


def missing_where(noise: np.ndarray, distance: float, *, lowest: bool) -> np.ndarray:
    """Return noise that lacks the least, or the greatest, values of a given probability, which go to the middle."""
    places = range(len(noise)) if lowest else range(len(noise) - 1, -1, -1)
    real, left = noise.copy(), distance
    for place in places:
        taken = min(left, real[place])
        real[place] -= taken
        left -= taken
    real[len(noise) // 2] += distance
    return real


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("shift", [1, 3, 6])
@pytest.mark.parametrize("lowest", [False, True])
def test_what_inexact_draws_cost(distance: float, shift: int, *, lowest: bool) -> None:
    """The worst that draws can miss: values by which neighbours are told apart. The parts that the argument names are there.

    P is noise around 0, Q around the shift; the real Q lacks one of its tails, which is where P has most (or least) of its own.
    """
    scale = 5.0
    p = gaussian(scale)
    q = np.roll(p, shift)
    rho = Fraction(shift**2) / Fraction(2 * scale**2)
    real_p, real_q = missing_where(p, distance, lowest=lowest), missing_where(q, distance, lowest=lowest)
    loss, delta = _with_draws(rho / 4, Fraction(distance))
    inside = (p > 1e-300) & (q > 1e-300)
    kept = np.minimum(1, np.minimum(real_p[inside] / p[inside], real_q[inside] / q[inside]))
    for one, other in ((p, q), (q, p)):
        mass, mass_other = (float(np.sum(kept * noise[inside])) for noise in (one, other))
        assert min(mass, mass_other) >= 1 - float(delta)
        for order in (1.0001, 1.01, 1.3, 2.0, 4.0):
            log_ratio = np.log(one[inside]) - np.log(other[inside])
            moment = np.sum(kept * one[inside] / mass * np.exp((order - 1) * (log_ratio + math.log(mass_other / mass))))
            assert math.log(moment) / (order - 1) <= order * 4 * float(loss) * (1 + 1e-9) + 1e-12
    if lowest and shift > 1:
        assert 1 - float(np.sum(kept * p[inside])) > 2 * distance, "with δ = η alone, parts would be missing"
