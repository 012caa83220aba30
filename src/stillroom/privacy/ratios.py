"""Intervals for averages: a noisy sum divided by a noisy count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING

from stillroom.model.mechanism import NoiseKind
from stillroom.privacy.intervals import Derived, joint_level, moved, quantile
from stillroom.privacy.noise_sums import ERROR

if TYPE_CHECKING:
    from stillroom.model.mechanism import Mechanism

_SMOOTH_SCALE = 2.0
_SPREAD = 0.25
_OUTWARD = 1e-12


@dataclass(frozen=True)
class Average:
    """What is known about a ratio sum/count before it is measured.

    Attributes:
        sum_noise: Noise of each term of the sum.
        count_noise: Noise of each term of the count.
        terms: How many noisy cells are totalled, in the sum and in the count alike.
        low: Least value that sum/count can have without noise, in units of the sum.
        high: Greatest value that it can have.
        level: Probability with which the interval contains sum/count without noise.
    """

    sum_noise: Mechanism
    count_noise: Mechanism
    terms: int
    low: Fraction
    high: Fraction
    level: Fraction

    @cached_property
    def smooth(self) -> bool:
        """Whether both sums of noise are as good as normal."""
        noises = (self.sum_noise, self.count_noise)
        return all(one.noise is NoiseKind.DISCRETE_GAUSSIAN and one.scale >= _SMOOTH_SCALE for one in noises)

    @cached_property
    def normal(self) -> tuple[float, float, float]:
        """The variances v and w of `_fieller` for sum and count, and the square of its z."""
        spread_sum, spread_count = (self.terms * one.scale**2 + _SPREAD for one in (self.sum_noise, self.count_noise))
        return spread_sum, spread_count, NormalDist().inv_cdf((1 + float(self.level)) / 2 + ERROR) ** 2

    @cached_property
    def halves(self) -> tuple[int, int]:
        """The half-widths of sum and count that hold together with probability at least `level` (Bonferroni)."""
        level = joint_level(self.level, 2)
        return quantile(self.sum_noise, self.terms, level), quantile(self.count_noise, self.terms, level)


def ratio_interval(average: Average, total: int, count: int) -> Derived:
    """Return the average that a noisy total and a noisy count suggest, with an interval.

    Whatever the noise, there is an answer. If the count without noise is at least 1, the interval contains the ratio without
    noise with probability at least `level`: it contains a confidence set with that coverage (`_fieller`, `_box`), cut to
    bounds that always hold (`moved`).
    """
    low, high = average.low, average.high
    value = min(max(Fraction(total, max(count, 1)), low), high)
    region = _region(average, total, count, value)
    if region is None:
        return Derived(value, low, high, no_information=True)
    lower, upper = moved(*region, low, high)
    return Derived(value, lower, upper, no_information=(lower, upper) == (low, high))


def expected_ratio_half_width(average: Average, group_size: int) -> Fraction:
    """Return the interval's half-width for a group whose count is `group_size`, before anything is measured.

    Taken where the noise happens to be zero and the average is the bound that is further from zero, where the interval is
    widest. At most half the distance of the bounds, which is what no information means.
    """
    furthest = max(average.low, average.high, key=abs)
    region = _region(average, round(furthest * group_size), group_size, furthest)
    most = (average.high - average.low) / 2
    return most if region is None else min(most, (region[1] - region[0]) / 2)


def _region(average: Average, total: int, count: int, value: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return an interval that contains a confidence set for the ratio, before it is cut to the bounds; None if unbounded."""
    return _fieller(average, total, count, float(value)) if average.smooth else _box(average, total, count)


def _fieller(average: Average, total: int, count: int, value: float) -> tuple[Fraction, Fraction] | None:
    """Return Fieller's interval for Gaussian noise on both sides, with room for its being discrete.

    Let the ratio be R, total = A + X, count = B + Y, A = RB. Then total - R·count = X - RY, whatever A and B are, so the set of
    all R with |total - R·count| ≤ q(R) has coverage P(|X - RY| ≤ q(R)). What follows shows that coverage to be at least `level`
    for q(R) = z√(v + R²w) + (1 + |R|)/2, with v = nσ² + ¼ and w likewise for the count, and z the normal quantile.

    - For σ ≥ 2 the sum of n draws is the discrete Gaussian of n times the variance, but for 1e-9 (`ERROR`, in the level): their
      characteristic functions differ where both have faded.
    - Let U be uniform on [-½, ½]. X + U is symmetric and unimodal, and P(|X + U| ≤ t) ≥ P(|N(0, v)| ≤ t) for all t. At
      t = m + ½, Euler and Maclaurin's midpoint rule gives P(|X| ≤ m) = P(|N(0, σ²)| ≤ t) + t·g(t)/12σ² + …, with g the density;
      between such points the probability is linear, which takes away at most t·g(t)/4σ²; and raising the variance by ¼ takes
      t·g(t)/4σ² from the right side, which is more than the sum of both, t·g(t)/6σ². Tests check it over all t for σ ≥ 1.
    - Of independent symmetric unimodal variables, sums of the more concentrated ones are more concentrated (Birnbaum 1948, "On
      random variables with comparable peakedness"). So P(|(X + U) - R(Y + U')| ≤ t) ≥ P(|N(0, v + R²w)| ≤ t).
    - |X - RY| ≤ |(X + U) - R(Y + U')| + (1 + |R|)/2.

    To have a quadratic, q(R)² is replaced by (1 + η)z²(v + R²w) + (1 + 1/η)(1 + R²)/2, which is not less for any η > 0, so that η
    may depend on the answer; the best η at the estimate is used. Where the count is not clear of zero, the set is unbounded.
    """
    spread_sum, spread_count, square_z = average.normal
    main = square_z * (spread_sum + value**2 * spread_count)
    share = math.sqrt((1 + value**2) / 2 / main)
    around = (1 + 1 / share) / 2
    constant = (1 + share) * square_z * spread_sum + around
    square = (1 + share) * square_z * spread_count + around
    if count <= math.sqrt(square):
        return None
    clear = float(count) ** 2 - square
    centre = float(total) * count / clear
    half = math.sqrt(constant * clear + square * float(total) ** 2) / clear
    room = Fraction(half * (1 + _OUTWARD) + abs(centre) * _OUTWARD)
    return Fraction(centre) - room, Fraction(centre) + room


def _box(average: Average, total: int, count: int) -> tuple[Fraction, Fraction]:
    """Return the range of the ratio while sum and count are each within their own interval, for any noise.

    A count without noise of at least 1 is assumed.
    """
    around_sum, around_count = average.halves
    counts = (max(1, count - around_count), max(1, count + around_count))
    corners = [Fraction(part, whole) for part in (total - around_sum, total + around_sum) for whole in counts]
    return min(corners), max(corners)
