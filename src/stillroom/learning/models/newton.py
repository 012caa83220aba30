"""Rounds in the manner of Newton: what models that are linear in their features make of noisy gradients and curvatures.

A round's sum tells the gradient g(θₖ) at public coefficients θₖ, and the curvature H in the first round only or in each. To second order
g(θₖ) = H(θ - θₖ) + e, so that g(θₖ) + Hθₖ = Hθ + e is the same target in each round with the same H, and rounds can be averaged: a budget
that is split over rounds is not lost. The noise in H counts too: it is multiplied by θ - θₖ, whose squared length the posterior tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stillroom.learning.models.features import packed, packed_length, real_coefficients, unpacked, whole_coefficients
from stillroom.learning.models.posterior import nonnegative, posterior

if TYPE_CHECKING:
    from stillroom.learning.rows import Reals, Whole


LEAST_RIDGE = 0.01
"""With noise, coefficients have a prior of at least this precision: without any, nothing says how far they may be."""


class Blocks(NamedTuple):
    """How a round's vector is put together. Its squared norm is at most (gradient_share + curvature_share)·bound² = bound².

    Attributes:
        width: How many features there are.
        bound: The norm of a person's vector, in units.
        classes: How many gradients.
        gradient: The largest norm of a row's gradients together, for features of norm 1.
        curvature: The largest norm of a row's curvature, for features of norm 1.
        share: Which share of the squared norm the curvature takes; 0 if it is not measured.
    """

    width: int
    bound: int
    classes: int
    gradient: float
    curvature: float
    share: float

    @property
    def length(self) -> int:
        """Return how many numbers the vector has."""
        return self.width * self.classes + (packed_length(self.width) if self.share else 0)

    def vectors(self, features: Reals, residuals: Reals, weights: Reals) -> Whole:
        """Return a vector of whole numbers for each row: gradients Σ residual·x, and the curvature weight·x·xᵀ.

        Args:
            features: Of norm 1 at most.
            residuals: A column for each class.
            weights: One for each row.
        """
        slopes = (residuals[:, :, np.newaxis] * features[:, np.newaxis, :]).reshape(len(features), -1) * self._gradient_units
        if not self.share:
            return np.trunc(slopes).astype(np.int64)
        curves = packed(features) * (weights * self._curvature_units)[:, np.newaxis]
        return np.trunc(np.hstack([slopes, curves])).astype(np.int64)

    def gradients(self, total: Whole) -> Reals:
        """Return the gradients in a sum: a row for each class."""
        found = total[: self.width * self.classes].reshape(self.classes, self.width)
        return np.asarray(found / self._gradient_units, dtype=np.float64)

    def curvatures(self, total: Whole) -> Reals:
        """Return the curvature in a sum."""
        return nonnegative(unpacked(total[self.width * self.classes :] / self._curvature_units, self.width))

    def gradient_variance(self, deviation: float) -> float:
        """Return the variance of the noise in a gradient."""
        return (deviation / self._gradient_units) ** 2

    def curvature_variance(self, deviation: float) -> float:
        """Return the variance of the noise in one number of the packed curvature."""
        return (deviation / self._curvature_units) ** 2

    @property
    def _gradient_units(self) -> float:
        return self.bound * math.sqrt(1 - self.share) / self.gradient

    @property
    def _curvature_units(self) -> float:
        return self.bound * math.sqrt(self.share) / self.curvature


@dataclass(frozen=True, eq=False)
class Descent:
    """Where the rounds have come to.

    Attributes:
        round: How many are done.
        parameters: The coefficients in whole units, which the next step publishes.
        spread: The expected squared distance of one class's coefficients from the best ones.
        curvature: The curvature, once it is known.
        curvature_variance: That of the noise in one number of it, packed.
        target: The average of the rounds' targets.
        variance: That of the noise in the target.
    """

    round: int
    parameters: tuple[int, ...]
    spread: float
    curvature: Reals | None = None
    curvature_variance: float = 0.0
    target: Reals | None = None
    variance: float = 0.0


def start(width: int, classes: int, ridge: float, norm: float) -> Descent:
    """Return the state before the first round: coefficients of zero, as far from the best ones as the prior says."""
    return Descent(0, (0,) * (width * classes), width * norm**2 / max(ridge, LEAST_RIDGE))


def precisions(width: int, ridge: float, norm: float, deviation: float, *, intercept: bool) -> Reals:
    """Return the prior's precisions, for features of norm 1.

    Without noise the ridge is what was asked for, and leaves the intercept, which stands last, alone.
    """
    found = np.full(width, (max(ridge, LEAST_RIDGE) if deviation else ridge) / norm**2)
    if intercept and not deviation:
        found[-1] = 0.0
    return found


def descend(state: Descent, blocks: Blocks, total: Whole, deviation: float, prior: Reals) -> Descent:
    """Return the state after a round.

    Noise in row i of a curvature has the variance v on the diagonal and v/2 elsewhere, as it is packed with √2; so in its product with a
    vector x it has the variance v(xᵢ² + Σⱼ xⱼ²)/2, which is taken for v‖x‖²/2. Coefficients of several classes add up to zero.

    Args:
        state: Before it.
        blocks: How its vector was put together.
        total: The sum, with its noise.
        deviation: The standard deviation of that noise, in units.
        prior: Its precisions.
    """
    here = real_coefficients(state.parameters, blocks.width)
    curvature, curvature_variance = state.curvature, state.curvature_variance
    fresh = blocks.share > 0 or curvature is None
    if fresh or curvature is None:
        curvature, curvature_variance = blocks.curvatures(total), blocks.curvature_variance(deviation)
    noise = blocks.gradient_variance(deviation) + curvature_variance * state.spread / 2
    target = blocks.gradients(total) + here @ curvature
    if state.target is not None and not fresh and noise:
        newer = state.variance / (state.variance + noise)
        target = state.target + newer * (target - state.target)
        noise *= newer
    believed = posterior(curvature, target, noise, prior)
    centred = believed.coefficients - believed.coefficients.mean(axis=0) * (blocks.classes > 1)
    return Descent(state.round + 1, whole_coefficients(centred), believed.spread, curvature, curvature_variance, target, noise)
