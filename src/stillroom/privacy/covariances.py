"""Intervals for variances and covariances, and for square roots: from intervals of the totals that they are made of."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from stillroom.model.after import ROOT_DIGITS
from stillroom.privacy.intervals import Derived, moved

_UNIT = 10**ROOT_DIGITS


class Total(NamedTuple):
    """A noisy total, and the interval that it lies in without noise."""

    value: Fraction
    low: Fraction
    high: Fraction


class Sums(NamedTuple):
    """Noisy totals over the same rows: their number n, Σx, Σy and Σxy."""

    rows: Total
    left: Total
    right: Total
    product: Total


def covariance(sums: Sums, bounds: tuple[Fraction, Fraction], *, square: bool) -> Derived:
    """Return Σxy/n - (Σx/n)(Σy/n), with the range that it has while every total lies in its interval.

    Whatever the totals, there is an answer. If the count without noise is at least 1, and the totals without noise are of the same rows,
    then whenever they all lie in their intervals, the covariance without noise lies in the result. The range is exact: with p = Σxy,
    q = Σx·Σy and t = 1/n it is that of pt - qt², which grows with p and falls with q, and has its extremes in t at the ends or where
    the derivative p - 2qt is 0.

    Args:
        sums: What is known; a count below 1 is taken as 1.
        bounds: Where the covariance lies without noise.
        square: Whether x and y are one column, so that Σx·Σy is a square.
    """
    count, left, right, product = sums
    rows = max(count.value, Fraction(1))
    value = product.value / rows - left.value * right.value / rows**2
    inverses = (1 / max(count.high, Fraction(1)), 1 / max(count.low, Fraction(1)))
    least, greatest = _square(left) if square else _product(left, right)
    lower = min(_along(product.low, greatest, inverses))
    upper = max(_along(product.high, least, inverses))
    low, high = moved(lower, upper, *bounds)
    return Derived(min(max(value, bounds[0]), bounds[1]), low, high, no_information=(low, high) == bounds)


def of_sample(known: Derived, count: Total) -> Derived:
    """Return a covariance times n/(n - 1), for counts without noise of at least 2; counts below are taken as 2."""
    value, most, least = (_unbiased(rows) for rows in count)
    corners = [end * factor for end in (known.low, known.high) for factor in (most, least)]
    return Derived(known.value * value, min(corners), max(corners), known.no_information)


def root(number: Fraction) -> Fraction:
    """Return the square root to `ROOT_DIGITS` decimal places, correctly rounded."""
    return Fraction((math.isqrt(4 * number.numerator * _UNIT**2 // number.denominator) + 1) // 2, _UNIT)


def root_below(number: Fraction) -> Fraction:
    """Return the greatest number of `ROOT_DIGITS` decimal places that is not above the square root."""
    return Fraction(math.isqrt(number.numerator * _UNIT**2 // number.denominator), _UNIT)


def root_above(number: Fraction) -> Fraction:
    """Return the least number of `ROOT_DIGITS` decimal places that is not below the square root."""
    below = root_below(number)
    return below if below**2 == number else below + Fraction(1, _UNIT)


def _along(product: Fraction, square: Fraction, inverses: tuple[Fraction, Fraction]) -> list[Fraction]:
    """Return pt - qt² at both ends of the range of t, and where its derivative is 0."""
    turn = product / (2 * square) if square else inverses[0]
    turns = [turn] if inverses[0] < turn < inverses[1] else []
    return [(product - square * t) * t for t in (*inverses, *turns)]


def _product(left: Total, right: Total) -> tuple[Fraction, Fraction]:
    corners = [one * other for one in (left.low, left.high) for other in (right.low, right.high)]
    return min(corners), max(corners)


def _square(total: Total) -> tuple[Fraction, Fraction]:
    ends = (total.low**2, total.high**2)
    return (Fraction(0) if total.low <= 0 <= total.high else min(ends)), max(ends)


def _unbiased(rows: Fraction) -> Fraction:
    """Return n/(n - 1)."""
    rows = max(rows, Fraction(2))
    return rows / (rows - 1)
