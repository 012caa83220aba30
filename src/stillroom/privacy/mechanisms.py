"""What a mechanism costs, and the least noise that a price buys.

All costs are exact rationals: a scale is a double, which is a dyadic rational, and sensitivities are whole numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.charge import RHO_UNIT, Charge
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, SQUARED, Guarantee, Mechanism, NoiseKind
from stillroom.privacy.accountant import charge_up, compose
from stillroom.privacy.rounding import units_down

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stillroom.privacy.sensitivity import Sensitivity

_SLACK = Fraction(1, 2**40)
"""Relative room above the exact cost, so that a sampler that accounts in doubles and rounds up stays within the guarantee."""

_NEAR = 2.0**-40
"""About how near, relative to it, a scale that is computed in doubles is to the exact one."""

_DIVISORS = {NoiseKind.DISCRETE_GAUSSIAN: 2, NoiseKind.GUMBEL: 8}
"""The rho of these is the squared L2 sensitivity by so many times the square of the scale."""


def rho_of(mechanism: Mechanism, sensitivity: Sensitivity) -> Fraction:
    """Return the exact zCDP rho of adding a mechanism's noise to each cell of a measure, or of choosing by it in each group.

    Gaussian: rho = Δ₂²/2σ² (Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy",
    arXiv:2004.00010: the discrete Gaussian in several dimensions has the zCDP of the continuous one).
    Laplace and exponential: `epsilon_of`, and pure epsilon-DP is epsilon²/2-zCDP (Bun and Steinke 2016, arXiv:1605.02065,
    proposition 1.4).
    Gumbel: rho = Δ₂²/8s² (`stillroom.privacy.exponential`).
    """
    epsilon = epsilon_of(mechanism, sensitivity)
    if epsilon is not None:
        return epsilon**2 / 2
    return sensitivity.l2_squared / (_DIVISORS[mechanism.noise] * Fraction(mechanism.scale) ** 2)


def epsilon_of(mechanism: Mechanism, sensitivity: Sensitivity) -> Fraction | None:
    """Return the exact epsilon of pure DP, Δ₁/b for Laplace and exponential noise; None for the others, which are paid for as zCDP.

    The likelihood ratio of independent discrete Laplace noise at two vectors is at most exp(‖x - y‖₁/b); that of choosing by exponential
    noise likewise (`stillroom.privacy.exponential`).
    """
    if mechanism.noise in SQUARED:
        return None
    return sensitivity.l1 / Fraction(mechanism.scale)


def guarantee_of(mechanism: Mechanism, sensitivity: Sensitivity) -> Guarantee:
    """Return what one measure is charged, and what its sampler must confirm: the exact rho and a little slack, rounded up.

    Raises:
        Refusal: The cost is larger than can be counted.
    """
    charge = charge_up(rho_of(mechanism, sensitivity) * (1 + _SLACK))
    return Guarantee(sensitivity=sensitivity.l2_squared if mechanism.noise in SQUARED else sensitivity.l1, rho=charge.rho)


def charge_of(noise: Iterable[tuple[Mechanism, Sensitivity]]) -> Charge:
    """Return the charge of several measures: the sum of their guarantees.

    Raises:
        Refusal: The cost is larger than can be counted.
    """
    return compose(Charge(rho=guarantee_of(mechanism, sensitivity).rho) for mechanism, sensitivity in noise)


def scale_for_rho(l2_squared: int, rho: Fraction, noise: NoiseKind = NoiseKind.DISCRETE_GAUSSIAN) -> float:
    """Return the least σ or s for which a measure's guarantee is within `rho`, rounded down to whole units of 1e-12.

    Raises:
        Refusal: No scale that can be sampled is large enough.
    """
    budget = units_down(rho, RHO_UNIT) * RHO_UNIT
    cost = l2_squared * (1 + _SLACK)
    paid = _DIVISORS[noise] * budget
    return _least_scale(lambda scale: cost <= paid * scale**2, math.sqrt(cost / paid) if paid else LARGEST_SCALE)


def scale_for_epsilon(l1: int, epsilon: Fraction) -> float:
    """Return the least b for which a measure's pure epsilon, with slack, is at most `epsilon`.

    Raises:
        Refusal: No scale that can be sampled is large enough.
    """
    cost = l1 * (1 + _SLACK)
    return _least_scale(lambda scale: cost <= epsilon * scale, float(cost / epsilon) if epsilon else LARGEST_SCALE)


def _least_scale(enough: Callable[[Fraction], bool], guess: float) -> float:
    """Return the least double, between the smallest and the largest scale, that is enough; `enough` is monotone.

    Where it is depends on `enough` alone; a guess that is near it saves most of the search.
    """
    low, high = SMALLEST_SCALE, LARGEST_SCALE
    if enough(Fraction(low)):
        return low
    if not enough(Fraction(high)):
        raise Refusal(
            Code.PRICE_NOT_REACHABLE,
            "At this price the noise would be larger than can be sampled.",
            "Offer more, or let the contract declare narrower bounds or a coarser step.",
        )
    for end in (guess * (1 - _NEAR), guess * (1 + _NEAR)):
        if low < end < high:
            low, high = (low, end) if enough(Fraction(end)) else (end, high)
    while math.nextafter(low, high) < high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(Fraction(middle)) else (middle, high)
    return high
