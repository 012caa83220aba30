"""Half-widths against exact convolution and closed forms, and the argument behind intervals of averages."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from scipy.special import erfc

from stillroom.errors import Code, Refusal
from stillroom.model.mechanism import LARGEST_SCALE, Mechanism, NoiseKind
from stillroom.privacy.combined import Combined, Part
from stillroom.privacy.intervals import Derived, joint_level, quantile, scale_for_half_width
from stillroom.privacy.noise_sums import coverage, reach
from stillroom.privacy.ratios import Average, expected_ratio_half_width, ratio_interval
from tests.noises import ADDED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

GAUSSIAN, LAPLACE = NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE
LEVEL = Fraction(95, 100)
LEVELS = [Fraction(1, 2), LEVEL, Fraction(999, 1000), 1 - Fraction(1, 10**6)]


def masses(mechanism: Mechanism, terms: int) -> Array:
    """Return P(|S| = t) for t = 0, 1, …, by direct convolution."""
    scale = mechanism.scale
    points = np.arange(-math.ceil(40 * scale) - 10, math.ceil(40 * scale) + 11)
    one = np.exp(-(points**2) / (2 * scale**2)) if mechanism.noise is GAUSSIAN else np.exp(-np.abs(points) / scale)
    one /= one.sum()
    total = one
    for _ in range(terms - 1):
        total = np.convolve(total, one)
    centre = len(total) // 2
    return np.concatenate([total[centre : centre + 1], 2 * total[centre + 1 :]])


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [0.02, 0.3, 0.9, 1.0, 1.7, 7.7])
@pytest.mark.parametrize("terms", [1, 2, 3, 12])
def test_coverage_is_exact_at_small_scales(noise: NoiseKind, scale: float, terms: int) -> None:
    mechanism = Mechanism(noise=noise, scale=scale)
    exact = np.cumsum(masses(mechanism, terms))
    covered = coverage(mechanism, terms)
    most = min(reach(mechanism, terms), len(exact) - 1)
    assert max(abs(covered(t) - exact[t]) for t in range(most + 1)) < 1e-11
    assert 1 - exact[most] < 4e-12


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [0.3, 1.0, 7.7])
@pytest.mark.parametrize("terms", [1, 2, 12])
@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_quantile_is_the_least_that_covers(noise: NoiseKind, scale: float, terms: int, level: Fraction) -> None:
    mechanism = Mechanism(noise=noise, scale=scale)
    mass = masses(mechanism, terms)
    covered = float(mass[: quantile(mechanism, terms, level) + 1].sum())
    assert float(level) <= covered <= float(level) + mass[quantile(mechanism, terms, level)] + 1e-9


@pytest.mark.parametrize("scale", [1e4, 1e9, 1e15])
@pytest.mark.parametrize("terms", [1, 7, 100_000])
@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_gaussian_quantile_at_large_scales_is_the_normal_one(scale: float, terms: int, level: Fraction) -> None:
    deviation = scale * math.sqrt(terms)
    covered = 1 - math.erfc((quantile(Mechanism(noise=GAUSSIAN, scale=scale), terms, level) + 0.5) / deviation / math.sqrt(2))
    assert float(level) <= covered + 1e-10
    assert covered <= float(level) + 0.8 / deviation + 1e-9


@pytest.mark.parametrize("scale", [1e6, 1e12, LARGEST_SCALE])
def test_laplace_quantiles_at_large_scales_are_the_continuous_ones(scale: float) -> None:
    mechanism = Mechanism(noise=LAPLACE, scale=scale)
    assert quantile(mechanism, 1, LEVEL) == pytest.approx(scale * math.log(20), rel=1e-5)
    ends = quantile(mechanism, 2, LEVEL) / scale
    assert (1 + ends / 2) * math.exp(-ends) == pytest.approx(0.05, abs=1e-6)
    many = quantile(mechanism, 100_000, LEVEL) / scale
    assert many == pytest.approx(NormalDist().inv_cdf(0.975) * math.sqrt(200_000), rel=1e-4)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("terms", [1, 2, 9, 1000])
@pytest.mark.parametrize("half_width", [0, 1, 5, 300, 10**9])
def test_scale_for_half_width_is_the_largest(noise: NoiseKind, terms: int, half_width: int) -> None:
    scale = scale_for_half_width(noise, half_width, terms, LEVEL)
    assert quantile(Mechanism(noise=noise, scale=scale), terms, LEVEL) <= half_width
    assert quantile(Mechanism(noise=noise, scale=scale * (1 + 1e-8)), terms, LEVEL) > half_width


def test_scale_for_half_width_rounds_the_half_width_down() -> None:
    assert scale_for_half_width(GAUSSIAN, Fraction(59, 10), 1, LEVEL) == scale_for_half_width(GAUSSIAN, 5, 1, LEVEL)
    assert scale_for_half_width(GAUSSIAN, 2**80, 1, LEVEL) == LARGEST_SCALE
    with pytest.raises(Refusal) as refused:
        scale_for_half_width(GAUSSIAN, Fraction(-1, 2), 1, LEVEL)
    assert refused.value.code is Code.PRICE_NOT_REACHABLE


@pytest.mark.parametrize(("terms", "level"), [(0, LEVEL), (1, Fraction(0)), (1, Fraction(1)), (1, Fraction(2))])
def test_levels_out_of_range_are_an_error(terms: int, level: Fraction) -> None:
    with pytest.raises(ValueError, match="level above 0"):
        quantile(Mechanism(noise=GAUSSIAN, scale=1.0), terms, level)


def test_joint_level_splits_what_may_fail() -> None:
    assert joint_level(LEVEL, 1) == LEVEL
    assert joint_level(LEVEL, 5) == Fraction(99, 100)


@pytest.mark.parametrize("scale", [1.0, 1.3, 2.0, 3.1, 10.0, 100.0])
def test_smoothed_gaussian_noise_is_more_concentrated_than_a_wider_normal(scale: float) -> None:
    """The step of `_fieller` that its docstring leaves to this test: P(|X + U| > t) ≤ P(|N(0, σ² + ¼)| > t) for all t.

    Between half-integers the left side is linear and the right side is checked at 33 points each. A quarter is not idle: with
    1/8 in its place the test fails.
    """

    def holds(spread: float) -> bool:
        points = np.arange(0, math.ceil(36 * scale) + 2)
        mass = np.exp(-(points**2) / (2 * scale**2))
        mass /= mass[0] + 2 * mass[1:].sum()
        beyond = np.append(np.cumsum(mass[::-1])[::-1][1:], 0)
        share = np.linspace(0, 1, 33)[:, None]
        first = np.linspace(0, 0.5, 33)
        tails = [2 * (share * mass[1:] + beyond[1:]), 1 - 2 * first * mass[0]]
        edges = [points[1:] + 0.5 - share, first]
        width = math.sqrt(2 * (scale**2 + spread))
        return all(np.all(tail <= erfc(edge / width) + 1e-15) for tail, edge in zip(tails, edges, strict=True))

    assert holds(1 / 4)
    assert not holds(1 / 8)


@pytest.mark.parametrize("scale", [2.0, 3.3])
@pytest.mark.parametrize("terms", [2, 3, 50, 1000])
def test_sums_of_gaussian_noise_are_gaussian_noise(scale: float, terms: int) -> None:
    together, single = Mechanism(noise=GAUSSIAN, scale=scale), Mechanism(noise=GAUSSIAN, scale=scale * math.sqrt(terms))
    most = min(reach(together, terms), reach(single, 1))
    assert max(abs(coverage(together, terms)(t) - coverage(single, 1)(t)) for t in range(most)) < 5e-10


def average(noise: NoiseKind = GAUSSIAN, *, low: int = 0, high: int = 100, scale: float = 10.0, terms: int = 1) -> Average:
    return Average(
        sum_noise=Combined((Part(1, Mechanism(noise=noise, scale=scale * max(1, abs(low), abs(high))), terms),)),
        count_noise=Combined((Part(1, Mechanism(noise=noise, scale=scale), terms),)),
        low=Fraction(low),
        high=Fraction(high),
        level=LEVEL,
    )


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-100, 100), (20, 30), (0, 0)])
def test_an_average_always_has_an_answer(noise: NoiseKind, low: int, high: int) -> None:
    model = average(noise, low=low, high=high, scale=0.5 + high)
    totals, counts = (-(10**30), -500, -1, 0, 1, 77, 10**6, 10**30), (-(10**20), -3, 0, 1, 2, 50, 10**6, 10**20)
    for total, count in itertools.product(totals, counts):
        ratio = ratio_interval(model, total, count)
        assert low <= ratio.low <= ratio.value <= ratio.high <= high
        assert ratio.no_information is (ratio.low == low and ratio.high == high)


@pytest.mark.parametrize("noise", ADDED)
def test_a_group_too_small_for_its_noise_says_no_information(noise: NoiseKind) -> None:
    assert ratio_interval(average(noise), 70, 1) == Derived(Fraction(70), Fraction(0), Fraction(100), no_information=True)
    assert ratio_interval(average(noise), 70, -8) == Derived(Fraction(70), Fraction(0), Fraction(100), no_information=True)
    assert not ratio_interval(average(noise), 50_000, 1000).no_information


@pytest.mark.parametrize("noise", ADDED)
def test_an_interval_outside_the_bounds_keeps_half_its_width(noise: NoiseKind) -> None:
    below = ratio_interval(average(noise), -(10**5), 1000)
    inside = ratio_interval(average(noise), 0, 1000)
    assert below.low == below.value == 0
    assert below.high >= inside.high - inside.value
    above = ratio_interval(average(noise), 3 * 10**5, 1000)
    assert above.high == above.value == 100
    assert above.low < 100


@pytest.mark.parametrize(("bound", "scale", "total", "count"), [(1000, 10.0, 52_000, 700), (1, 2.0, 30, 90), (1, 2.0, -200, 200)])
def test_fieller_is_the_set_it_claims_to_be(bound: int, scale: float, total: int, count: int) -> None:
    """Against a fine grid of ratios: every R with |total - R·count| ≤ q(R) is inside, and the interval is hardly longer."""
    model = average(low=-3 * bound, high=3 * bound, scale=scale)
    ratio = ratio_interval(model, total, count)
    grid = np.linspace(-3 * bound, 3 * bound, 2_000_001)
    spreads = [one.parts[0].noise.scale ** 2 + 0.25 for one in (model.sum_noise, model.count_noise)]
    allowed = NormalDist().inv_cdf(0.975) * np.sqrt(spreads[0] + grid**2 * spreads[1]) + (1 + np.abs(grid)) / 2
    inside = grid[np.abs(total - grid * count) <= allowed]
    assert ratio.low <= inside.min()
    assert inside.max() <= ratio.high
    assert float(ratio.high - ratio.low) <= 1.01 * (inside.max() - inside.min())


@pytest.mark.parametrize("noise", ADDED)
def test_expected_error_of_an_average_shrinks_with_the_group(noise: NoiseKind) -> None:
    widths = [float(expected_ratio_half_width(average(noise), size)) for size in (1, 10, 100, 1000, 10**6)]
    assert widths[0] == 50
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.02
    assert (
        expected_ratio_half_width(average(noise), 5000)
        >= (ratio_interval(average(noise), 5000 * 40, 5000).high - ratio_interval(average(noise), 5000 * 40, 5000).low) / 2
    )
