"""Noise mechanisms as values that document themselves completely."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from stillroom.model.charge import Units
from stillroom.model.value import BigInt, Value

SMALLEST_SCALE = 2.0**-6
"""At this scale the noise is zero but for a probability of 3e-28 (Laplace) or 2e-889 (Gaussian); less would change nothing."""

LARGEST_SCALE = 2.0**52
"""At this scale a draw leaves the 64-bit integers with probability 4e-890 (Laplace) or less (Gaussian), and a release can name the scale:
whole numbers from 2**53 on have no canonical JSON."""


class NoiseKind(StrEnum):
    """Two integer distributions for totals (Canonne, Kamath and Steinke 2020), and two for the scores that one of many is chosen by."""

    DISCRETE_GAUSSIAN = "discrete_gaussian"
    DISCRETE_LAPLACE = "discrete_laplace"
    GUMBEL = "gumbel"
    EXPONENTIAL = "exponential"


CHOOSING = frozenset({NoiseKind.GUMBEL, NoiseKind.EXPONENTIAL})
"""The noise of scores: which one is best with it is released, and no score ever."""

SQUARED = frozenset({NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.GUMBEL})
"""The noise whose price depends on the squared L2 sensitivity; that of the others depends on L1, and is one of pure ε."""


class Mechanism(Value):
    """Independent noise: integers that are added to each cell of a measure, or noise on the scores among which one is chosen.

    Attributes:
        noise: The distribution. P(x) is proportional to exp(-x²/2σ²) for the Gaussian and to exp(-|x|/b) for the Laplace. The Gumbel
            distribution has P(X ≤ x) = exp(-exp(-x/s)), the exponential one P(X > x) = exp(-x/s).
        scale: σ, b or s, in the measure's own integer units or those of its scores; the double stands for its exact dyadic value.
    """

    noise: NoiseKind
    scale: Annotated[float, Field(gt=0)]


class Guarantee(Value):
    """What one measure's noise must be within, whatever the data: the sampler is asked for its own account before it draws.

    Attributes:
        sensitivity: The squared L2 sensitivity of all cells together for Gaussian and Gumbel noise, their L1 sensitivity for Laplace and
            exponential noise.
        rho: The most zCDP rho that may be spent, in units of 1e-12. Pure epsilon-DP counts as epsilon²/2 (Bun and Steinke 2016).
    """

    sensitivity: Annotated[BigInt, Field(ge=0)]
    rho: Units
