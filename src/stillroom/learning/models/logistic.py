"""Logistic regression in few noisy rounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stillroom.learning.clipping import contribution
from stillroom.learning.models.features import UNIT, Curve, predictors, real_coefficients, whole_features
from stillroom.learning.models.model import DEFAULT_BOUND, Bound, Step
from stillroom.learning.models.newton import Blocks, Descent, descend, precisions, start
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.learning.rows import Rows, Whole

_FAR = 32.0
"""Beyond this a probability is 0 or 1 up to 2e-14."""

_CHANCE = Curve(lambda number: 1 / (1 + math.exp(-number)), -_FAR, _FAR)
_LARGEST_SLOPE = 0.25
"""p(1 - p) is at most this."""


class LogisticRegression(Value):
    """The probability of a label 1 rather than 0, with a ridge: the loss of scikit-learn's at C = 1/ridge.

    With `curvature` once, the first round also measures XᵀX/4, which bounds the curvature at all coefficients (Böhning and Lindsay 1988,
    "Monotonicity of Quadratic-Approximation Algorithms"); it costs less noise than a fresh curvature in each round, and converges more
    slowly. With each, every round measures the gradient and the curvature at its coefficients: Newton's method.

    Two rounds are about as good at ε = 1 as three or one; for very many rows, or without noise, more are better.

    Attributes:
        features: How many features a row has.
        norm: A row's features are clipped to this L2 norm; `Scaling.largest_norm` clips nothing. The noise is proportional to it.
        intercept: Whether the last feature is constant. The ridge leaves it alone unless there is noise.
        ridge: The precision of the coefficients' prior, for features as they are.
        rounds: How many rounds.
        curvature: When the curvature is measured.
        share: The share of the squared norm for the curvature, where it is measured.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["logistic_regression"] = "logistic_regression"
    features: Annotated[int, Field(ge=1, le=2**10)]
    norm: Annotated[float, Field(gt=0)]
    intercept: bool = True
    ridge: Annotated[float, Field(ge=0)] = 1.0
    rounds: Annotated[int, Field(ge=1)] = 2
    curvature: Literal["once", "each"] = "once"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.6
    bound: Bound = DEFAULT_BOUND

    def begin(self) -> Descent:
        """Return the state before the first round."""
        return start(self.features, 1, self.ridge, self.norm)

    def step(self, state: Descent) -> Step | None:
        """Return what the next round measures."""
        if state.round == self.rounds:
            return None
        blocks = self._blocks(state.round)
        kind = "gradient and curvature" if blocks.share else "gradient"
        return Step(kind=kind, round=state.round, length=blocks.length, parameters=state.parameters)

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution.

        Raises:
            InvalidInput: `DATA_INVALID`: the rows have another number of features; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """
        blocks = self._blocks(step.round)
        return contribution(rows, blocks.length, self.bound, lambda piece: self._vectors(step, blocks, piece))

    def advance(self, state: Descent, total: Whole, deviation: float) -> Descent:
        """Return the state after a round."""
        return descend(
            state,
            self._blocks(state.round),
            total,
            deviation,
            precisions(self.features, self.ridge, self.norm, deviation, intercept=self.intercept),
        )

    def parameters(self, state: Descent) -> tuple[float, ...]:
        """Return the coefficients, one for each feature."""
        return tuple(float(number) for number in (real_coefficients(state.parameters, self.features) / self.norm).ravel())

    def _vectors(self, step: Step, blocks: Blocks, rows: Rows) -> Whole:
        features = whole_features(rows.features, self.features, self.norm)
        chances = _CHANCE(predictors(features, step.parameters))
        residuals = np.clip(rows.label, 0.0, 1.0)[:, np.newaxis] - chances
        weights = np.full(len(rows), _LARGEST_SLOPE) if self.curvature == "once" else (chances * (1 - chances))[:, 0]
        return blocks.vectors(features / UNIT, residuals, weights)

    def _blocks(self, number: int) -> Blocks:
        """Return how a round's vector is put together: at coefficients of zero no residual is beyond 1/2."""
        share = self.share if number == 0 or self.curvature == "each" else 0.0
        return Blocks(self.features, self.bound, 1, 1.0 if number else 0.5, _LARGEST_SLOPE, share)
