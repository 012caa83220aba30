"""Linear and ridge regression from noisy sufficient statistics, in one round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stillroom.learning.clipping import contribution
from stillroom.learning.models.features import UNIT, real_coefficients, whole_features
from stillroom.learning.models.model import DEFAULT_BOUND, Bound, Step
from stillroom.learning.models.newton import Blocks, Descent, descend, precisions, start
from stillroom.learning.scaling import INTERCEPT, Bounded
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.learning.rows import Rows, Whole


class LinearRegression(Value):
    """A number, by the least squares ‖y - Xθ‖² + ridge·‖θ‖²: the round measures XᵀX and Xᵀy.

    Attributes:
        features: How many features a row has.
        norm: A row's features are clipped to this L2 norm; `Scaling.largest_norm` clips nothing. The noise is proportional to it.
        label: The public bounds of the label, which is clamped to them.
        intercept: Whether the last feature is the constant `INTERCEPT`. The ridge leaves it alone unless there is noise.
        ridge: How much coefficients are drawn to zero; 0 for linear regression.
        share: The share of the squared norm for XᵀX.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["linear_regression"] = "linear_regression"
    features: Annotated[int, Field(ge=1, le=2**10)]
    norm: Annotated[float, Field(gt=0)]
    label: Bounded
    intercept: bool = True
    ridge: Annotated[float, Field(ge=0)] = 1.0
    share: Annotated[float, Field(gt=0, lt=1)] = 0.6
    bound: Bound = DEFAULT_BOUND

    @property
    def rounds(self) -> int:
        """Return how many rounds there are."""
        return 1

    def begin(self) -> Descent:
        """Return the state before the first round."""
        return start(self.features, 1, self.ridge, self.norm)

    def step(self, state: Descent) -> Step | None:
        """Return what the round measures."""
        return None if state.round else Step(kind="sufficient statistics", round=0, length=self._blocks.length)

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution.

        Raises:
            InvalidInput: `DATA_INVALID`: the rows have another number of features; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """
        return contribution(rows, step.length, self.bound, self._vectors)

    def advance(self, state: Descent, total: Whole, deviation: float) -> Descent:
        """Return the state after the round."""
        prior = precisions(self.features, self.ridge, self.norm, deviation, intercept=self.intercept)
        return descend(state, self._blocks, total, deviation, prior)

    def parameters(self, state: Descent) -> tuple[float, ...]:
        """Return the coefficients, one for each feature, in units of the label."""
        found = real_coefficients(state.parameters, self.features)[0] * (self._half / self.norm)
        if self.intercept:
            found[-1] += self._middle / INTERCEPT
        return tuple(float(number) for number in found)

    def _vectors(self, rows: Rows) -> Whole:
        features = whole_features(rows.features, self.features, self.norm)
        labels = (np.clip(rows.label, self.label.low, self.label.high) - self._middle) / self._half
        return self._blocks.vectors(features / UNIT, labels[:, np.newaxis], np.ones(len(rows)))

    @property
    def _blocks(self) -> Blocks:
        """Return how the vector is put together, for labels between -1 and 1."""
        return Blocks(self.features, self.bound, 1, 1.0, 1.0, self.share)

    @property
    def _middle(self) -> float:
        """Return the label that zero stands for; without an intercept zero is zero."""
        return (self.label.low + self.label.high) / 2 if self.intercept else 0.0

    @property
    def _half(self) -> float:
        return max(self.label.high - self._middle, self._middle - self.label.low)
