"""How far a noisy count or sum can be from the bounded value, and how much noise keeps it within a given distance."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from stillroom.errors import Code, Refusal
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, Mechanism, NoiseKind
from stillroom.privacy.noise_sums import ERROR, coverage, reach

HIGHEST_LEVEL = Fraction(1) - Fraction(1, 10**8)
"""No interval covers more."""

_TERM_BITS = 7
"""Of numbers of terms that differ from one row to the next, so many leading bits count."""


class Derived(NamedTuple):
    """A number that is computed from noisy totals, and its interval.

    Attributes:
        value: What the noisy totals give, moved into the bounds.
        low: Lower end.
        high: Upper end.
        no_information: The interval is all that the bounds allow.
    """

    value: Fraction
    low: Fraction
    high: Fraction
    no_information: bool


@lru_cache(maxsize=4096)
def quantile(mechanism: Mechanism, terms: int, level: Fraction) -> int:
    """Return the half-width of an interval for a cell, or for a total of several cells.

    It is the least t with P(|X₁ + … + Xₙ| ≤ t) ≥ level. As the noise is symmetric, [v - t, v + t] around a noisy value v
    contains the value without noise with probability at least `level`, and at most `level` + P(|X₁ + … + Xₙ| = t) + 1e-9: the
    probability is computed with an error below `ERROR`, which is added to the level, in favour of coverage.

    Args:
        mechanism: The noise of each term.
        terms: The number of independent noisy cells that are added up.
        level: The probability, below 1 - 1e-8.

    Raises:
        ValueError: The level or the number of terms is out of range.
    """
    wanted = _wanted(terms, level)
    covered = coverage(mechanism, terms)
    low, high = -1, reach(mechanism, terms)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if covered(middle) >= wanted else (middle, high)
    return high


@lru_cache(maxsize=1024)
def scale_for_half_width(noise: NoiseKind, half_width: int | Fraction, terms: int, level: Fraction) -> float:
    """Return the largest scale, to 12 digits, whose `quantile` is at most a half-width.

    The coverage of a fixed interval falls as the scale grows, so that bisection finds where it crosses the level.

    Raises:
        Refusal: The half-width is negative, so that no noise is small enough.
        ValueError: The level or the number of terms is out of range.
    """
    wanted = _wanted(terms, level)
    width = math.floor(half_width)
    if width < 0:
        raise Refusal(Code.PRICE_NOT_REACHABLE, "An error cannot be negative.", "Ask for an error of 0 or more.")
    low, high = SMALLEST_SCALE, LARGEST_SCALE
    if _covers(Mechanism(noise=noise, scale=high), width, terms) >= wanted:
        return high
    while high / low > 1 + 1e-12:
        middle = math.sqrt(low * high)
        enough = _covers(Mechanism(noise=noise, scale=middle), width, terms) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return low


def joint_level(level: Fraction, parts: int) -> Fraction:
    """Return the level at which each of several intervals must hold so that all hold together at `level` (Bonferroni)."""
    return 1 - (1 - level) / parts


def rounded_terms(terms: int) -> int:
    """Return a number of terms that is no smaller, so that long running totals need few quantiles; less than 1/64 larger.

    The quantile of more terms covers the sum of fewer: both noises are symmetric and log-concave, hence unimodal, as all their sums are,
    and a further independent term only takes such a sum away from zero (Anderson's inequality in one dimension).
    """
    step: int = 1 << max(0, terms.bit_length() - _TERM_BITS)
    return -(-terms // step) * step


def moved(left: Fraction, right: Fraction, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Return an interval cut to bounds that always hold.

    One outside the bounds is moved to the nearer bound and never cut below half its width, so that an unlikely draw does not look like
    certainty; this only adds to what the bounds leave of it.
    """
    if low <= left and right <= high:
        return left, right
    half = (right - left) / 2
    return max(low, min(left, high - half)), min(high, max(right, low + half))


def _covers(mechanism: Mechanism, half_width: int, terms: int) -> float:
    """Return the probability that the sum of noise is within a half-width."""
    return coverage(mechanism, terms)(half_width) if half_width < reach(mechanism, terms) else 1.0


def _wanted(terms: int, level: Fraction) -> float:
    """Return the level with room for numerical error."""
    if terms < 1 or not 0 < level <= HIGHEST_LEVEL:
        raise ValueError("An interval needs at least one term and a level above 0 and below 1 - 1e-8.")
    return float(level) + ERROR
