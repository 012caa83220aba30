"""Intervals for averages: a noisy sum divided by a noisy count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from stillroom.privacy.combined import normal_quantile
from stillroom.privacy.intervals import Derived, joint_level, moved

if TYPE_CHECKING:
    from stillroom.privacy.combined import Combined

Number: TypeAlias = "int | Fraction"

_OUTWARD = 1e-12


@dataclass(frozen=True)
class Average:
    """What is known about a ratio sum/count before it is measured.

    Attributes:
        sum_noise: Noise of the sum.
        count_noise: Noise of the count.
        low: Least value that sum/count can have without noise.
        high: Greatest value that it can have.
        level: Probability with which the interval contains sum/count without noise.
        one: What a count of one row is.
    """

    sum_noise: Combined
    count_noise: Combined
    low: Fraction
    high: Fraction
    level: Fraction
    one: int = 1

    @cached_property
    def smooth(self) -> bool:
        """Whether normal distributions bound both noises."""
        return self.sum_noise.smooth and self.count_noise.smooth

    @cached_property
    def square_z(self) -> float:
        """The square of the normal quantile."""
        return normal_quantile(self.level) ** 2

    @cached_property
    def halves(self) -> tuple[int | Fraction, int | Fraction]:
        """The half-widths of sum and count that hold together with probability at least `level` (Bonferroni)."""
        level = joint_level(self.level, 2)
        return self.sum_noise.half_width(level), self.count_noise.half_width(level)


def ratio_interval(average: Average, total: Number, count: Number, shown: Fraction | None = None) -> Derived:
    """Return the average that a noisy total and a noisy count suggest, with an interval.

    Whatever the noise, there is an answer. If the count without noise is at least 1, the interval contains the ratio without
    noise with probability at least `level`: it contains a confidence set with that coverage (`_fieller`, `_box`), cut to
    bounds that always hold (`moved`), and widened to what is shown.

    Args:
        average: What is known before.
        total: The noisy total.
        count: The noisy count.
        shown: The value to show, if not their ratio: that of the rounded totals which a table shows.
    """
    low, high = average.low, average.high
    value = clamped(average, total, count) if shown is None else shown
    region = _region(average, total, count, value)
    if region is None:
        return Derived(value, low, high, no_information=True)
    lower, upper = moved(*region, low, high)
    lower, upper = min(lower, value), max(upper, value)
    return Derived(value, lower, upper, no_information=(lower, upper) == (low, high))


def clamped(average: Average, total: Number, count: Number) -> Fraction:
    """Return the ratio within its bounds; a count below one row is taken as one."""
    return min(max(Fraction(total) / max(count, average.one), average.low), average.high)


def expected_ratio_half_width(average: Average, group_size: int) -> Fraction:
    """Return the interval's half-width for a group whose count is `group_size`, before anything is measured.

    Taken where the noise happens to be zero and the average is the bound that is further from zero, where the interval is
    widest. At most half the distance of the bounds, which is what no information means.
    """
    furthest = max(average.low, average.high, key=abs)
    region = _region(average, round(furthest * group_size) * average.one, group_size * average.one, furthest)
    most = (average.high - average.low) / 2
    return most if region is None else min(most, (region[1] - region[0]) / 2)


def _region(average: Average, total: Number, count: Number, value: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return an interval that contains a confidence set for the ratio, before it is cut to the bounds; None if unbounded."""
    return _fieller(average, total, count, float(value)) if average.smooth else _box(average, total, count)


def _fieller(average: Average, total: Number, count: Number, value: float) -> tuple[Fraction, Fraction] | None:
    """Return Fieller's interval for Gaussian noise on both sides, with room for its being discrete.

    Let the ratio be R, total = A + X, count = B + Y, A = RB. Then total - R·count = X - RY, whatever A and B are, so the set of
    all R with |total - R·count| ≤ q(R) has coverage P(|X - RY| ≤ q(R)). What follows shows that coverage to be at least `level`
    for q(R) = z√(v + R²w) + s + |R|t, with v and w the variances that bound sum and count (`Combined.variance`), s and t their slack, and z
    the normal quantile. For n draws of one noise, v = nσ² + ¼ and s = ½, as follows; weighted parts add up likewise.

    - For σ ≥ 2 the sum of n draws is the discrete Gaussian of n times the variance, but for 1e-9 (`ERROR`, in the level): their
      characteristic functions differ where both have faded.
    - Let U be uniform on [-½, ½]. X + U is symmetric and unimodal, and P(|X + U| ≤ t) ≥ P(|N(0, v)| ≤ t) for all t. At
      t = m + ½, Euler and Maclaurin's midpoint rule gives P(|X| ≤ m) = P(|N(0, σ²)| ≤ t) + t·g(t)/12σ² + …, with g the density;
      between such points the probability is linear, which takes away at most t·g(t)/4σ²; and raising the variance by ¼ takes
      t·g(t)/4σ² from the right side, which is more than the sum of both, t·g(t)/6σ². Tests check it over all t for σ ≥ 1.
    - Of independent symmetric unimodal variables, sums of the more concentrated ones are more concentrated (Birnbaum 1948, "On
      random variables with comparable peakedness"). So P(|(X + U) - R(Y + U')| ≤ t) ≥ P(|N(0, v + R²w)| ≤ t).
    - |X - RY| ≤ |(X + U) - R(Y + U')| + (1 + |R|)/2.

    To have a quadratic, q(R)² is replaced by (1 + η)z²(v + R²w) + 2(1 + 1/η)(s² + R²t²), which is not less for any η > 0, so that η
    may depend on the answer; the best η at the estimate is used. Where the count is not clear of zero, the set is unbounded.
    """
    square_z, slacks = average.square_z, (average.sum_noise.slack, average.count_noise.slack)
    spread_sum, spread_count = average.sum_noise.variance, average.count_noise.variance
    main = square_z * (spread_sum + value**2 * spread_count)
    share = math.sqrt(2 * (slacks[0] ** 2 + value**2 * slacks[1] ** 2) / main)
    around_sum, around_count = (2 * (1 + 1 / share) * slack**2 for slack in slacks)
    constant = (1 + share) * square_z * spread_sum + around_sum
    square = (1 + share) * square_z * spread_count + around_count
    if count <= math.sqrt(square):
        return None
    clear = float(count) ** 2 - square
    centre = float(total) * float(count) / clear
    half = math.sqrt(constant * clear + square * float(total) ** 2) / clear
    room = Fraction(half * (1 + _OUTWARD) + abs(centre) * _OUTWARD)
    return Fraction(centre) - room, Fraction(centre) + room


def _box(average: Average, total: Number, count: Number) -> tuple[Fraction, Fraction]:
    """Return the range of the ratio while sum and count are each within their own interval, for any noise.

    A count without noise of at least one row is assumed.
    """
    around_sum, around_count = average.halves
    counts = (max(average.one, count - around_count), max(average.one, count + around_count))
    corners = [Fraction(part) / whole for part in (total - around_sum, total + around_sum) for whole in counts]
    return min(corners), max(corners)
