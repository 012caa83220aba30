"""How often the sum of several draws of noise stays within a half-width, by plain convolution.

The probabilities of one draw are raised to a power under a discrete Fourier transform. Where that would need more than 2^17 points, the
noise is put on a coarser grid and given the same variance there, which changes probabilities by less than 1e-5.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.mechanism import NoiseKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stillroom.model.mechanism import Mechanism

_POINTS = 2**17
FINE, COARSE = 1e-8, 1e-5


class Spread(NamedTuple):
    """The distribution of the absolute value of a sum of draws.

    Attributes:
        grain: How many whole numbers one point of the grid stands for.
        within: The probability of being within 0, 1, 2, … points.
    """

    grain: float
    within: NDArray[np.float64]

    @property
    def tolerance(self) -> float:
        """More than the error of `coverage`."""
        return FINE if self.grain == 1 else COARSE

    def coverage(self, half_width: int) -> float:
        """Return the probability that the sum's absolute value is at most `half_width`."""
        if half_width >= (len(self.within) - 1) * self.grain:
            return 1.0
        place = (half_width + 0.5) / self.grain - 0.5
        below = math.floor(place)
        lower = float(self.within[below]) if below >= 0 else 0.0
        return lower + (place - below) * (float(self.within[below + 1]) - lower)


@lru_cache(maxsize=64)
def spread(mechanism: Mechanism, terms: int) -> Spread:
    """Return the distribution of the absolute value of the sum of that many independent draws."""
    import numpy as np

    size = 2 ** math.ceil(math.log2(2 * _reach(mechanism, terms)))
    grain = max(1.0, size / _POINTS)
    half = min(size, _POINTS) // 2
    scale = _coarse(mechanism, grain)
    places = np.arange(-half, half)
    weights = np.exp(-(places**2) / (2 * scale**2) if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN else -np.abs(places) / scale)
    transformed = np.fft.rfft(np.fft.ifftshift(weights / weights.sum()))
    summed = np.fft.irfft(transformed**terms, 2 * half)[:half]
    return Spread(grain, np.cumsum(np.where(np.arange(half) == 0, 1, 2) * summed))


def _reach(mechanism: Mechanism, terms: int) -> float:
    """Return a distance that the sum exceeds with probability below 1e-11.

    Gaussian: twelve standard deviations. Laplace: by Chernoff's bound exp(-s·y/b)·(1 - s²)^-n, with s = 8/√(2n) or, for few terms, 0.8.
    """
    if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN:
        return 12 * mechanism.scale * math.sqrt(terms) + 12
    return mechanism.scale * (8 * math.sqrt(2 * terms) + 30) + 12


def _coarse(mechanism: Mechanism, grain: float) -> float:
    """Return the scale that gives the same variance on a coarser grid: σ² (but for e^-19σ²), or 1/2sinh²(1/2b)."""
    if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN:
        return mechanism.scale / grain
    return 0.5 / math.asinh(grain * math.sinh(0.5 / mechanism.scale))
