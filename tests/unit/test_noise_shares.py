"""What shares of noise guarantee: the bound by hand, its price, and the least share that a price buys."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant
from mpmath import mp, mpf
from pydantic import ValidationError

from stillroom.errors import Code, Refusal
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT
from stillroom.model.noise_share import LARGEST_VARIANCE, LEAST_VARIANCE, VARIANCE_UNIT, NoiseShare, draw_error, reach
from stillroom.privacy.accountant import CHANGE_FACTOR, epsilon_from
from stillroom.privacy.noise_shares import half_width, least_share, norm_sensitivity, rho_of_sum, round_charge
from stillroom.privacy.sensitivity import Sensitivity

ONE = Sensitivity(l0=1, l1=1, l2_squared=1, linf=1)


def share_of(squared: Fraction, fewest: int = 5, colluders: int = 2) -> NoiseShare:
    return NoiseShare(variance=int(squared / VARIANCE_UNIT), fewest=fewest, colluders=colluders)


def tau(squared: float, shares: int) -> float:
    return 10 * math.fsum(math.exp(-2 * math.pi**2 * squared * j / (j + 1)) for j in range(1, shares))


@pytest.mark.parametrize("squared", [0.25, 0.5, 1.0, 2.0, 9.0])
@pytest.mark.parametrize("shares", [1, 2, 5, 12])
@pytest.mark.parametrize("l2_squared", [1, 9, 400])
@pytest.mark.parametrize("dimension", [1, 30])
def test_the_bound_by_hand(squared: float, shares: int, l2_squared: int, dimension: int) -> None:
    """Three bounds in doubles, for each number of shares up to the one that is counted on; the least holds."""
    size = norm_sensitivity(l2_squared, dimension)
    wanted = math.inf
    for count in range(1, shares + 1):
        t, scale, l2 = tau(squared, count), math.sqrt(squared * count), math.sqrt(l2_squared)
        first = (l2_squared / scale**2 + t * size.l0) / 2
        second = (l2_squared / scale**2 + 2 * size.l1 / scale * t + t**2 * size.l0) / 2
        third = (l2 / scale + t * math.sqrt(size.l0)) ** 2 / 2
        wanted = min(wanted, first, second, third)
    assert float(rho_of_sum(Fraction(squared), shares, size)) == pytest.approx(wanted, rel=1e-9)


def test_never_below_the_exact_formula() -> None:
    """Rounded upwards: never below the same bound with fifty digits, and hardly above."""
    for squared in (Fraction(1, 4), Fraction(1, 3), Fraction(3, 2), Fraction(7), Fraction(40)):
        with mp.workdps(50):
            terms = [mp.exp(-2 * mp.pi**2 * squared.numerator * j / (squared.denominator * (j + 1))) for j in range(1, 6)]
            total = mpf(6 * squared.numerator) / squared.denominator
            t = 10 * mp.fsum(terms)
            exact = (1 / total + min(t, 2 * t / mp.sqrt(total) + t**2)) / 2
            rho = rho_of_sum(squared, 6, ONE)
            if squared > 1:
                assert exact <= mpf(rho.numerator) / rho.denominator <= exact * (1 + mpf(10) ** -12)
            else:
                assert rho <= rho_of_sum(squared, 1, ONE)


def test_nothing_to_hide_costs_nothing() -> None:
    assert rho_of_sum(Fraction(1), 3, norm_sensitivity(0, 10)) == 0


@pytest.mark.parametrize(("squared", "shares"), [(Fraction(1023, 4096), 3), (Fraction(1), 0)])
def test_out_of_range(squared: Fraction, shares: int) -> None:
    with pytest.raises(ValueError, match="variance"):
        rho_of_sum(squared, shares, ONE)


def test_sensitivity_of_a_norm() -> None:
    assert norm_sensitivity(10, 1000) == Sensitivity(l0=10, l1=10, l2_squared=10, linf=3)
    assert norm_sensitivity(10**6, 100) == Sensitivity(l0=100, l1=10**4, l2_squared=10**6, linf=1000)


@pytest.mark.parametrize("squared", [Fraction(9), Fraction(10**4), Fraction(10**9)], ids=str)
def test_the_gaussian_limit(squared: Fraction) -> None:
    """From s = 3 on, the bound is the continuous Gaussian's as dp-accounting has it, at every order and at one of its ε."""
    shares, l2 = 8, math.isqrt(int(squared)) * 2
    size = norm_sensitivity(l2**2, 1000)
    rho = float(rho_of_sum(squared, shares, size))
    event = GaussianDpEvent(math.sqrt(squared * shares) / l2)
    renyi = RdpAccountant().compose(event)
    assert [order * rho for order in renyi._orders] == pytest.approx(list(renyi._rdp), rel=1e-9)
    exact = PLDAccountant().compose(event).get_epsilon(1e-6)
    ours = epsilon_from(rho_of_sum(squared, shares, size), Fraction(1, 10**6))
    assert exact <= ours <= renyi.get_epsilon(1e-6) * (1 + 1e-6)


def test_the_charge_counts_what_draws_miss() -> None:
    """δ is the distance of all honest draws, and what a neighbour's probabilities make of it, for a change."""
    share, size, dimension = share_of(Fraction(10**6)), norm_sensitivity(1000**2, 10**6), 10**6
    rho = rho_of_sum(share.squared, 3, size)
    charge = round_charge(share, size, dimension)
    distance = 3 * dimension * draw_error(share.squared)
    with mp.workdps(40):
        log = mp.log(mpf(distance.denominator) / distance.numerator)
        loss = mpf(CHANGE_FACTOR * rho.numerator) / rho.denominator
        delta = mpf(distance.numerator) / distance.denominator + mp.exp(-((mp.sqrt(log) - mp.sqrt(loss)) ** 2))
        with_draws = (mp.sqrt(loss / CHANGE_FACTOR) + mp.sqrt(delta)) ** 2
    assert charge.delta == math.ceil(delta / mpf(str(float(DELTA_UNIT))))
    assert charge.rho == math.ceil(with_draws * 10**12)
    assert charge.delta >= 1
    assert charge.rho > math.ceil(rho / RHO_UNIT)


def test_exact_draws_cost_no_delta() -> None:
    share, size, dimension = share_of(Fraction(10**6)), norm_sensitivity(1000**2, 10**6), 10**6
    charge = round_charge(share, size, dimension, exact=True)
    assert charge.delta == 0
    assert charge.rho == math.ceil(rho_of_sum(share.squared, 3, size) / RHO_UNIT)
    paid = Fraction(1, 100)
    exact, tabled = (least_share(paid, size, dimension, 3, 1, exact=one) for one in (True, False))
    assert round_charge(exact, size, dimension, exact=True).rho <= paid / RHO_UNIT
    assert exact.variance <= tabled.variance


def test_a_loss_without_bound_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        round_charge(share_of(LEAST_VARIANCE), norm_sensitivity(100, 10), 10)
    assert refused.value.code is Code.PRICE_INVALID


@pytest.mark.parametrize("rho", [Fraction(1), Fraction(1, 20), Fraction(1, 10**4)], ids=str)
@pytest.mark.parametrize(("fewest", "colluders"), [(3, 1), (10, 4), (100, 0)])
def test_the_least_share(rho: Fraction, fewest: int, colluders: int) -> None:
    """It is within the price, one unit less is not; and its honest shares together have the variance that the price asks for."""
    size, dimension = norm_sensitivity(500**2, 5000), 5000
    share = least_share(rho, size, dimension, fewest, colluders)
    assert round_charge(share, size, dimension).rho <= rho / RHO_UNIT
    less = share.model_copy(update={"variance": share.variance - 1})
    assert round_charge(less, size, dimension).rho > rho / RHO_UNIT
    assert float(share.squared * (fewest - colluders)) == pytest.approx(float(size.l2_squared / (2 * rho)), rel=1e-4)


def test_a_high_price_still_buys_noise() -> None:
    """No share is below s = 1/2, and none lets draws that are not exact cost more than 1e-12 of δ."""
    assert least_share(Fraction(1), norm_sensitivity(0, 10), 10, 3, 1).squared == LEAST_VARIANCE
    size = norm_sensitivity(1000**2, 1000)
    assert round_charge(least_share(Fraction(9000), size, 1000, 3, 1), size, 1000).delta <= 10**6


@pytest.mark.parametrize("rho", [Fraction(0), RHO_UNIT / 2, Fraction(1, 10**9)], ids=str)
def test_a_price_out_of_reach(rho: Fraction) -> None:
    with pytest.raises(Refusal) as refused:
        least_share(rho, norm_sensitivity(2**34, 10), 10, 3, 1)
    assert refused.value.code is Code.PRICE_NOT_REACHABLE


@pytest.mark.parametrize(
    "fields",
    [
        {"variance": 1023, "fewest": 3, "colluders": 1},
        {"variance": 2**52 + 1, "fewest": 3, "colluders": 1},
        {"variance": 4096, "fewest": 3, "colluders": 3},
        {"variance": 4096, "fewest": 0, "colluders": 0},
        {"variance": 4096, "fewest": 101, "colluders": 0},
        {"variance": 4096, "fewest": 3, "colluders": -1},
        {"variance": 4096.0, "fewest": 3, "colluders": 1},
    ],
)
def test_shares_that_are_none(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        NoiseShare(**fields)


def test_a_share_says_what_it_is() -> None:
    share = share_of(Fraction(10**6), fewest=7, colluders=3)
    assert NoiseShare.model_validate(share.to_json()) == share
    assert share.squared == 10**6
    assert (share.counted, share.reach) == (4, reach(Fraction(10**6)))
    assert share_of(LARGEST_VARIANCE).squared == LARGEST_VARIANCE


def test_the_half_width_of_a_sum() -> None:
    """It is about 1.96 standard deviations of all shares together, rounded to whole units."""
    share = share_of(Fraction(10**6))
    assert half_width(share, 9) == pytest.approx(1.959964 * 3000, rel=1e-3)
    assert half_width(share, 9, Fraction(99, 100)) == pytest.approx(2.575829 * 3000, rel=1e-3)
    assert half_width(share, 1) < half_width(share, 2)
