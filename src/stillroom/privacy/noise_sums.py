"""The exact distribution of the sum of several independent draws of discrete noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.mechanism import Mechanism, NoiseKind

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

ERROR = 5e-10
"""More than the absolute error of `coverage`, for at most a million terms."""

_FADED = math.log(1e-11)


def coverage(mechanism: Mechanism, terms: int) -> Callable[[int], float]:
    """Return the function t ↦ P(|X₁ + … + Xₙ| ≤ t), for 0 ≤ t ≤ `reach(mechanism, terms)`.

    One Laplace draw: P(|X| ≤ t) = 1 - 2a^(t+1)/(1 + a) with a = exp(-1/b), by summing the geometric tail.

    Otherwise by Fourier inversion on the integers modulo an odd period p = 2·reach + 1. With the characteristic function φ and
    θⱼ = 2πj/p, P(|S mod p| ≤ t) is exactly (2t + 1)/p + (2/p) Σⱼ φ(θⱼ)ⁿ sin((t + ½)θⱼ)/sin(θⱼ/2), for j = 1 … reach. It differs
    in two ways from what is wanted. Reducing modulo p changes at most P(|S| > reach), below 4e-12. And φ falls from 0 to π (both
    are products or reciprocals of monotone functions), so the sum may stop where φⁿ has faded to 1e-11: the rest is at most
    Σⱼ φ(θⱼ)ⁿ/j, since sin(θ/2) ≥ θ/π, hence at most 1e-11·log(reach/j) ≤ 4e-10. Doubles add less than 1e-11.
    """
    if mechanism.noise is NoiseKind.DISCRETE_LAPLACE and terms == 1:
        scale = mechanism.scale
        return lambda t: 1 - 2 * math.exp(-(t + 1) / scale) / (1 + math.exp(-1 / scale))
    import numpy as np

    period = 2 * reach(mechanism, terms) + 1
    angles = np.arange(1, _frequencies(mechanism, terms) + 1, dtype=np.float64) * (2 * math.pi / period)
    weights = np.exp(terms * _log_characteristic(mechanism, angles)) / (np.sin(angles / 2) * (period / 2))
    return lambda t: float((2 * t + 1) / period + weights @ np.sin((t + 0.5) * angles))


def reach(mechanism: Mechanism, terms: int) -> int:
    """Return a whole number that the sum's absolute value exceeds with probability below 4e-12 (one Laplace draw: 3e-14).

    Gaussian: the discrete Gaussian is sub-Gaussian with parameter σ² (Canonne, Kamath and Steinke 2020), so for y = 9σ√n the
    tail is at most 2exp(-y²/2nσ²) = 6e-18. Laplace: E exp(sX/b) ≤ 1/(1 - s²) for 0 < s < 1, as for the continuous Laplace, so
    the tail at y = b(8√(2n) + 20) is at most 2exp(-sy/b)(1 - s²)^-n; take s = 0.8 for n ≤ 3, 0.6 for n ≤ 50, 8/√(2n) above.
    """
    if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN:
        return math.ceil(9 * mechanism.scale * math.sqrt(terms)) + 1
    return math.ceil(mechanism.scale * (8 * math.sqrt(2 * terms) + 20)) + 1


def _frequencies(mechanism: Mechanism, terms: int) -> int:
    """Return how many frequencies to sum: up to where φⁿ has faded, or all.

    Laplace: φⁿ = f where sin²(θ/2) = sinh²(1/2b)(f^(-1/n) - 1). Gaussian: for σ ≥ 1 and θ ≤ π/2 Poisson's formula gives
    φ ≤ exp(-σ²θ²/2)(1 + 1e-4). Other Gaussians have few frequencies.
    """
    most = reach(mechanism, terms)
    if mechanism.noise is NoiseKind.DISCRETE_LAPLACE:
        angle = 2 * math.asin(min(1.0, _sinh(mechanism.scale) * math.sqrt(math.expm1(min(-_FADED / terms, 300)))))
    else:
        angle = math.sqrt(2 * (-_FADED / terms + 1e-4)) / mechanism.scale
        angle = angle if mechanism.scale >= 1 and angle <= math.pi / 2 else math.pi
    return min(most, math.ceil(angle * (2 * most + 1) / (2 * math.pi)))


def _sinh(scale: float) -> float:
    """Return sinh(1/2b)."""
    return math.sinh(min(0.5 / scale, 300))


def _log_characteristic(mechanism: Mechanism, angles: Array) -> Array:
    """Return log φ(θ) for 0 ≤ θ ≤ π, where φ(θ) = E exp(iθX).

    Laplace: φ = (1 - a)²/(1 - 2a cos θ + a²) = 1/(1 + sin²(θ/2)/sinh²(1/2b)).
    Gaussian: φ = Σₓ exp(-x²/2σ²) cos(θx)/Σₓ exp(-x²/2σ²), summed directly for σ < 1 (|x| ≤ 9 leaves out less than e⁻⁴⁰). For
    larger σ by Poisson's formula, φ = Σₘ exp(-σ²(θ - 2πm)²/2)/Σₘ exp(-σ²(2πm)²/2), where |m| ≤ 1 leaves out less than e⁻⁴⁰.
    """
    import numpy as np

    scale = mechanism.scale
    if mechanism.noise is NoiseKind.DISCRETE_LAPLACE:
        return np.asarray(-np.log1p((np.sin(angles / 2) / _sinh(scale)) ** 2))
    if scale < 1:
        points = np.arange(-9, 10)
        masses = np.exp(-(points**2) / (2 * scale**2))
        return np.asarray(np.log(np.cos(np.outer(angles, points)) @ masses / masses.sum()))
    shifts = 2 * math.pi * np.array([-1, 1])
    ratios = np.exp(-(scale**2) * shifts * (shifts - 2 * angles[:, None]) / 2).sum(axis=1)
    return np.asarray(-((scale * angles) ** 2) / 2 + np.log1p(ratios) - math.log1p(2 * math.exp(-((2 * math.pi * scale) ** 2) / 2)))
