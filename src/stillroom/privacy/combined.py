"""Sums of independent noise, each with a weight: how far what is estimated from noisy totals can be from what it estimates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.mechanism import NoiseKind
from stillroom.privacy.intervals import joint_level, quantile
from stillroom.privacy.noise_sums import ERROR

if TYPE_CHECKING:
    from stillroom.model.mechanism import Mechanism

_SMOOTH_SCALE = 2.0
_SPREAD = 0.25
_OUTWARD = 1 + 1e-9


class Part(NamedTuple):
    """Some draws of one noise, all with one weight.

    Attributes:
        weight: The weight.
        noise: The noise.
        draws: How many independent draws are added up.
    """

    weight: float
    noise: Mechanism
    draws: int


@dataclass(frozen=True)
class Combined:
    """Parts of independent noise, added up. One part has its exact distribution; several are bounded by a normal one.

    Let E = Σ w·X over the parts, where X is the sum of a part's draws. For Gaussian noise with σ ≥ 2, X is the discrete Gaussian of n times
    the variance, but for 1e-9, which `ERROR` in the level covers. With U uniform on [-½, ½], X + U is symmetric, unimodal, and at least
    as concentrated as a normal variable of variance nσ² + ¼ (`ratios` has the argument). Sums of independent symmetric unimodal variables
    keep that order (Birnbaum 1948), so Σ w(X + U) is at least as concentrated as a normal variable of the variance `variance`; and
    |E| ≤ |Σ w(X + U)| + ½Σ|w|, of which the last term is `slack`.
    """

    parts: tuple[Part, ...]

    @cached_property
    def smooth(self) -> bool:
        """Whether a normal distribution bounds the sum."""
        return all(part.noise.noise is NoiseKind.DISCRETE_GAUSSIAN and part.noise.scale >= _SMOOTH_SCALE for part in self.parts)

    @cached_property
    def variance(self) -> float:
        """The variance of a normal variable that is no more concentrated than the sum, up to `slack`."""
        return sum(part.weight**2 * (part.draws * part.noise.scale**2 + _SPREAD) for part in self.parts)

    @cached_property
    def slack(self) -> float:
        """How much further the sum may be from 0 than that variable."""
        return sum(abs(part.weight) for part in self.parts) / 2

    def half_width(self, level: Fraction) -> int | Fraction:
        """Return a number that the sum's absolute value exceeds with probability at most 1 - level.

        Raises:
            ValueError: The level is out of range.
        """
        if len(self.parts) == 1:
            (part,) = self.parts
            half = quantile(part.noise, part.draws, level)
            return abs(part.weight) * half if isinstance(part.weight, int) else abs(Fraction(part.weight)) * half
        if self.smooth:
            return Fraction((normal_quantile(level) * math.sqrt(self.variance) + self.slack) * _OUTWARD)
        share = joint_level(level, len(self.parts))
        return sum((abs(Fraction(part.weight)) * quantile(part.noise, part.draws, share) for part in self.parts), Fraction(0))

    def whole_half_width(self, level: Fraction) -> int:
        """Return the half-width of an interval of whole numbers: around the number nearest to a sum that is not whole itself, if so.

        Raises:
            ValueError: The level is out of range.
        """
        half = self.half_width(level)
        return half if isinstance(half, int) else math.ceil(half + Fraction(1, 2))


def normal_quantile(level: Fraction) -> float:
    """Return how many standard deviations around 0 hold a normal variable with probability `level` and a little more."""
    return NormalDist().inv_cdf((1 + float(level)) / 2 + ERROR)
