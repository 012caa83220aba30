"""Poisson regression in few noisy rounds of Newton's method."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stillroom.learning.clipping import contribution
from stillroom.learning.models.features import UNIT, Curve, predictors, real_coefficients, whole_coefficients, whole_features
from stillroom.learning.models.model import DEFAULT_BOUND, Bound, Step
from stillroom.learning.models.newton import Blocks, Descent, descend, precisions, start
from stillroom.learning.scaling import INTERCEPT
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.learning.rows import Rows, Whole

_FEWEST = -16.0
"""Logarithm of the least mean that is told from none: 1e-7."""


class PoissonRegression(Value):
    """A count, whose mean is the exponential of the predictor; each round measures the gradient and the curvature.

    Attributes:
        features: How many features a row has.
        norm: A row's features are clipped to this L2 norm; `Scaling.largest_norm` clips nothing. The noise is proportional to it.
        largest: The public bound of the count. Counts are clamped to it, and so are means.
        typical: A public guess of the mean, from which the rounds begin.
        intercept: Whether the last feature is the constant `INTERCEPT`. The ridge leaves it alone unless there is noise.
        ridge: The precision of the coefficients' prior, for features as they are.
        rounds: How many rounds.
        share: The share of the squared norm for the curvature.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["poisson_regression"] = "poisson_regression"
    features: Annotated[int, Field(ge=1, le=2**10)]
    norm: Annotated[float, Field(gt=0)]
    largest: Annotated[int, Field(ge=1, le=10**6)]
    typical: Annotated[float, Field(gt=0)] = 1.0
    intercept: bool = True
    ridge: Annotated[float, Field(ge=0)] = 1.0
    rounds: Annotated[int, Field(ge=1)] = 3
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    bound: Bound = DEFAULT_BOUND

    def begin(self) -> Descent:
        """Return the state before the first round: everybody has the typical mean."""
        coefficients = np.zeros(self.features)
        if self.intercept:
            coefficients[-1] = math.log(self.typical) * self.norm / INTERCEPT
        return replace(start(self.features, 1, self.ridge, self.norm), parameters=whole_coefficients(coefficients))

    def step(self, state: Descent) -> Step | None:
        """Return what the next round measures."""
        if state.round == self.rounds:
            return None
        return Step(kind="gradient and curvature", round=state.round, length=self._blocks.length, parameters=state.parameters)

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution.

        Raises:
            InvalidInput: `DATA_INVALID`: the rows have another number of features; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """
        mean = Curve(math.exp, _FEWEST, math.log(self.largest))
        return contribution(rows, step.length, self.bound, lambda piece: self._vectors(step, mean, piece))

    def advance(self, state: Descent, total: Whole, deviation: float) -> Descent:
        """Return the state after a round."""
        prior = precisions(self.features, self.ridge, self.norm, deviation, intercept=self.intercept)
        return descend(state, self._blocks, total, deviation, prior)

    def parameters(self, state: Descent) -> tuple[float, ...]:
        """Return the coefficients, one for each feature."""
        return tuple(float(number) for number in (real_coefficients(state.parameters, self.features) / self.norm).ravel())

    def _vectors(self, step: Step, mean: Curve, rows: Rows) -> Whole:
        features = whole_features(rows.features, self.features, self.norm)
        means = np.minimum(mean(predictors(features, step.parameters)), self.largest)
        residuals = np.clip(rows.label, 0.0, self.largest)[:, np.newaxis] - means
        return self._blocks.vectors(features / UNIT, residuals, means[:, 0])

    @property
    def _blocks(self) -> Blocks:
        """Return how the vectors are put together: neither a residual nor a mean is beyond the largest count."""
        return Blocks(self.features, self.bound, 1, self.largest, self.largest, self.share)
