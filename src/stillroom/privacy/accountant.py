"""Charges, and what they mean in (ε, δ).

Charges are approximate zCDP and add up; a filter on their sum is valid when each question is chosen after seeing earlier answers
(Whitehouse, Ramdas, Rogers and Wu 2023, "Fully-Adaptive Composition in Differential Privacy", arXiv:2203.05481). The guarantee is
that of the cap, never of "what is spent so far".
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT, Charge
from stillroom.privacy.rounding import float_up, units_down, units_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LARGEST_UNITS = 2**53 - 1
_DIGITS = 60
_ROUNDING = Fraction(1, 10**40)
"""More than the error of a bound that is computed with 60 digits from numbers below 10¹⁵."""

CHANGE_FACTOR = 4
"""A change is a removal and an addition, so it costs at most 2² times the rho (Bun and Steinke 2016, proposition 1.9)."""


def charge_up(rho: Fraction, delta: Fraction = Fraction(0)) -> Charge:
    """Return a charge, rounded up to whole units.

    Raises:
        Refusal: It is larger than can be counted (rho of about 9,007, δ of about 0.009).
    """
    return _charge(units_up(rho, RHO_UNIT), units_up(delta, DELTA_UNIT))


def cap_down(rho: Fraction, delta: Fraction = Fraction(0)) -> Charge:
    """Return a cap, rounded down to whole units.

    Raises:
        Refusal: It is larger than can be counted (rho of about 9,007, δ of about 0.009).
    """
    return _charge(units_down(rho, RHO_UNIT), units_down(delta, DELTA_UNIT))


def _charge(rho: int, delta: int) -> Charge:
    if max(rho, delta) > _LARGEST_UNITS:
        raise Refusal(Code.PRICE_INVALID, "The privacy loss is larger than can be counted.", "Ask for less, with more noise.")
    return Charge(rho=rho, delta=delta)


def compose(charges: Iterable[Charge]) -> Charge:
    """Return the sum of charges (Bun and Steinke 2016, lemma 1.7, and section 8 with δ).

    Raises:
        Refusal: It is larger than can be counted.
    """
    parts = tuple(charges)
    return _charge(sum(part.rho for part in parts), sum(part.delta for part in parts))


@lru_cache(maxsize=1024)
def epsilon_from(rho: Fraction, delta: Fraction) -> float:
    """Return an ε, rounded up, such that rho-zCDP implies (ε, δ)-DP.

    For every α > 1, rho-zCDP implies (ε, δ)-DP with δ = exp((α - 1)(αρ - ε))/(α - 1) · (1 - 1/α)^α (Canonne, Kamath and Steinke
    2020, arXiv:2004.00010, section 2.3). Solved for ε this is αρ + g(α); see `_excess`. Every α gives a valid bound, so the
    search for the best α needs no care. The best one is the root of (α - 1)²ρ = log(1/δ) - log α.

    Raises:
        InvalidInput: δ is not between 0 and 1, both excluded.
    """
    log = _log_inverse(delta)
    if rho == 0:
        return 0.0
    loss = float(rho)
    alpha = _root(lambda excess: float(log) - math.log1p(excess) - loss * excess**2, log)
    with localcontext(prec=_DIGITS):
        bound = Fraction(alpha) * rho + Fraction(_excess(alpha, log))
    return float_up(max(Fraction(0), bound + _ROUNDING))


@lru_cache(maxsize=1024)
def rho_from(epsilon: Fraction, delta: Fraction) -> Fraction:
    """Return a rho, rounded down to whole units of 1e-12, such that rho-zCDP implies (ε, δ)-DP.

    By the bound of `epsilon_from`, ρ = (ε - g(α))/α will do for every α > 1. The best α is the root of
    α(log(1/δ) - log α)/(α - 1)² + g(α) = ε. A last step makes `epsilon_from` of the answer at most ε, whichever α it finds.

    Raises:
        InvalidInput: δ is not between 0 and 1, both excluded.
    """
    log = _log_inverse(delta)
    alpha = _root(lambda excess: _slope(excess, float(log)) - float(epsilon), log)
    with localcontext(prec=_DIGITS):
        bound = (epsilon - Fraction(_excess(alpha, log))) / Fraction(alpha)
    units = max(0, units_down(bound - _ROUNDING, RHO_UNIT))
    while units and Fraction(epsilon_from(units * RHO_UNIT, delta)) > epsilon:
        units -= 1
    return units * RHO_UNIT


def _log_inverse(delta: Fraction) -> Decimal:
    """Return log(1/δ)."""
    if not 0 < delta < 1:
        raise InvalidInput(Code.PRICE_INVALID, "δ must lie between 0 and 1.", "Give a small positive δ, such as 1e-9.")
    with localcontext(prec=_DIGITS):
        return Decimal(delta.denominator).ln() - Decimal(delta.numerator).ln()


def _excess(alpha: float, log: Decimal) -> Decimal:
    """Return g(α) = [log(1/δ) + (α - 1) log(1 - 1/α) - log α]/(α - 1)."""
    order = Decimal(alpha)
    return (log - order.ln()) / (order - 1) + (1 - 1 / order).ln()


def _slope(excess: float, log: float) -> float:
    """Return -α g'(α) + g(α) at α = 1 + excess, where g'(α) = (log α - log(1/δ))/(α - 1)²."""
    gap = log - math.log1p(excess)
    return (1 + excess) * gap / excess**2 + gap / excess + math.log(excess) - math.log1p(excess)


def _root(falling: Callable[[float], float], log: Decimal) -> float:
    """Return α = 1 + x for a sign change x of a function that falls from above 0 to below 0 on (0, 1/δ)."""
    low, high = 2.0**-40, math.exp(min(float(log), 300.0))
    while high / low > 1 + 2.0**-50:
        middle = math.sqrt(low) * math.sqrt(high)
        if not low < middle < high:
            break
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return 1 + high
