"""The noise that each owner adds to its part of a sum, as a value that documents itself."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from stillroom.model.value import Value

VARIANCE_UNIT = Fraction(1, 2**12)
"""One unit of `NoiseShare.variance`."""

LEAST_VARIANCE = Fraction(1, 4)
"""Below it the sum of discrete Gaussians is too unlike one: the bound of `stillroom.privacy.noise_shares` takes s ≥ 1/2."""

LARGEST_VARIANCE = Fraction(2**40)
"""s = 2²⁰: the table of `stillroom.learning.noise_table` then takes some 200 MB. More accuracy is a matter of larger units."""

MOST_OWNERS = 100
"""The most that a share takes as `fewest`: what a share must be is worked out for each number of them."""

_REACH = 177
"""2·exp(-177/2) < 2⁻¹²⁶."""


class NoiseShare(Value):
    """What every owner adds to every coordinate of its contribution: a draw of the discrete Gaussian N(0, s²) on the integers.

    At least `counted` of the shares in a sum are honest, whoever drops out and whatever the colluders leave out or know, as a sum of
    fewer than `fewest` contributions is not opened. What these shares guarantee is `stillroom.privacy.noise_shares.round_charge`.

    Attributes:
        variance: s², in units of 2⁻¹², which are units of the contribution's own, squared. P(x) is proportional to exp(-x²/2s²).
        fewest: The fewest owners whose contributions make a sum.
        colluders: How many of these may know their own share, or add none.
    """

    variance: Annotated[int, Field(ge=2**10, le=2**52)]
    fewest: Annotated[int, Field(ge=1, le=MOST_OWNERS)]
    colluders: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _someone_is_honest(self) -> Self:
        if self.colluders >= self.fewest:
            raise ValueError("There must be fewer colluders than owners in a sum.")
        return self

    @property
    def squared(self) -> Fraction:
        """Return s²."""
        return self.variance * VARIANCE_UNIT

    @property
    def counted(self) -> int:
        """Return how many honest shares are in every sum that is opened."""
        return self.fewest - self.colluders

    @property
    def reach(self) -> int:
        """Return how far from 0 a draw can be at most, so that a ring can be sized for it."""
        return reach(self.squared)


def reach(squared: Fraction) -> int:
    """Return where draws are cut: a whole number R with P(|X| ≥ R) < 2⁻¹²⁶ for X of N(0, s²) on the integers.

    E exp(tX) ≤ exp(t²s²/2) (Canonne, Kamath and Steinke 2020, arXiv:2004.00010), so that P(|X| ≥ R) ≤ 2·exp(-R²/2s²); and R² > 177 s².
    """
    return math.isqrt(math.floor(_REACH * squared)) + 1


def draw_error(squared: Fraction) -> Fraction:
    """Return how far, in total variation, a draw may be from N(0, s²); what a sampler must keep to (`stillroom.learning.noise_table`)."""
    return Fraction(reach(squared) + 1, 2**126)
