"""From zCDP to (ε, δ) and back, in doubles: good to about nine digits, which is enough to hold a statement against it."""

from __future__ import annotations

import math
from fractions import Fraction

_GOLDEN = (math.sqrt(5) - 1) / 2
_SEARCH, _BISECT = 80, 80
"""Rounds that bring both searches to the precision of doubles."""
_LEAST_EXCESS = 2.0**-40
_LARGEST_LOG = 700.0
"""Doubles hold e to this power; the best α is far smaller, however small δ is."""


def epsilon_of(rho: float, delta: float) -> float:
    """Return the least ε for which rho-zCDP is known to imply (ε, δ)-DP.

    It is the minimum over α > 1 of αρ + log(1 - 1/α) + (log(1/δ) - log α)/(α - 1): Canonne, Kamath and Steinke 2020, arXiv:2004.00010,
    proposition 12 with its δ solved for ε. The slope in α changes its sign once, so that golden-section search over log(α - 1) finds it.
    """
    if rho == 0:
        return 0.0
    low, high = math.log(_LEAST_EXCESS), min(-math.log(delta), _LARGEST_LOG)
    for _ in range(_SEARCH):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if _bound(left, rho, delta) < _bound(right, rho, delta) else (left, high)
    return max(0.0, _bound((low + high) / 2, rho, delta))


def rho_of(epsilon: float, delta: float) -> float:
    """Return the largest rho for which `epsilon_of` is at most ε, by bisection."""
    low, high = 0.0, 1.0
    while epsilon_of(high, delta) < epsilon:
        high *= 2
    for _ in range(_BISECT):
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon_of(middle, delta) <= epsilon else (low, middle)
    return low


def guess(epsilon: float, delta: float) -> Fraction:
    """Return how often an attacker who starts at 50:50 is right at most: (e^ε + δ)/(1 + e^ε) (Kairouz, Oh and Viswanath 2015)."""
    odds = Fraction(math.exp(-epsilon))
    return min(Fraction(1), (1 + Fraction(delta) * odds) / (1 + odds))


def _bound(log_excess: float, rho: float, delta: float) -> float:
    """Return the ε that α = 1 + exp(log_excess) gives."""
    excess = math.exp(log_excess)
    alpha = 1 + excess
    return alpha * rho - math.log1p(1 / excess) + (-math.log(delta) - math.log(alpha)) / excess
