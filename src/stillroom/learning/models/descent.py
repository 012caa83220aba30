"""Logistic regression by noisy gradient descent: many cheap rounds, each a gradient over all rows, so that no amplification is claimed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stillroom.learning.clipping import contribution
from stillroom.learning.models.features import (
    LARGEST_COEFFICIENT,
    UNIT,
    Curve,
    predictors,
    real_coefficients,
    whole_coefficients,
    whole_features,
)
from stillroom.learning.models.model import DEFAULT_BOUND, Bound, Step
from stillroom.learning.models.newton import precisions
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.learning.rows import Reals, Rows, Whole

_FAR = 32.0
"""Beyond this a probability is 0 or 1 up to 2e-14."""

_CHANCE = Curve(lambda number: 1 / (1 + math.exp(-number)), -_FAR, _FAR)
_LARGEST_CURVATURE = 0.25
"""One row adds no more than this to the curvature in any direction: p(1 - p)·‖x‖², for features of norm 1."""

_TOLD_APART = 3.0
"""A count is taken for at least so many standard deviations of its noise: steps are shorter where it tells nothing."""


@dataclass(frozen=True, eq=False)
class Path:
    """Where the rounds have come to.

    Attributes:
        round: How many are done.
        parameters: Where the next gradient is measured, in whole units.
        point: The coefficients.
        total: The sum of the coefficients after each round of the second half.
        count: The sum of the counts of all rounds.
    """

    round: int
    parameters: tuple[int, ...]
    point: Reals
    total: Reals
    count: float = 0.0


class DescentRegression(Value):
    """The probability of a label 1 rather than 0, with a ridge: the loss of scikit-learn's at C = 1/ridge.

    **The step** is that of Nesterov's accelerated gradient (1983; Beck and Teboulle 2009): a gradient divided by L, and then a momentum
    of (k - 1)/(k + 2) in round k, from 1. L is the largest curvature that there can be, a quarter for each row and the ridge. How many
    rows there are is measured in each round by `share` of the squared norm, and averaged over rounds. So the step depends on nothing but
    the template and noisy sums, there is no rate to choose, and without noise no step is too long for the loss. The coefficients are the
    mean of those after each round of the second half.

    Rounds are charged the same each, so that more of them bring more noise into each: forty were about the best at ε = 1 for a few
    thousand rows.

    Attributes:
        features: How many features a row has.
        norm: A row's features are clipped to this L2 norm; `Scaling.largest_norm` clips nothing. The noise is proportional to it.
        intercept: Whether the last feature is constant. The ridge leaves it alone unless there is noise.
        ridge: The precision of the coefficients' prior, for features as they are.
        rounds: How many rounds.
        share: The share of the squared norm for the count.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["descent_regression"] = "descent_regression"
    features: Annotated[int, Field(ge=1, le=2**10)]
    norm: Annotated[float, Field(gt=0)]
    intercept: bool = True
    ridge: Annotated[float, Field(ge=0)] = 1.0
    rounds: Annotated[int, Field(ge=1)] = 40
    share: Annotated[float, Field(gt=0, lt=1)] = 0.01
    bound: Bound = DEFAULT_BOUND

    def begin(self) -> Path:
        """Return the state before the first round."""
        return Path(0, (0,) * self.features, np.zeros(self.features), np.zeros(self.features))

    def step(self, state: Path) -> Step | None:
        """Return what the next round measures."""
        if state.round == self.rounds:
            return None
        return Step(kind="gradient and count", round=state.round, length=self.features + 1, parameters=state.parameters)

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution.

        Raises:
            InvalidInput: `DATA_INVALID`: the rows have another number of features; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """
        return contribution(rows, step.length, self.bound, lambda piece: self._vectors(step, piece))

    def advance(self, state: Path, total: Whole, deviation: float) -> Path:
        """Return the state after a round."""
        done, here = state.round + 1, real_coefficients(state.parameters, self.features)[0]
        prior = precisions(self.features, self.ridge, self.norm, deviation, intercept=self.intercept)
        count = state.count + total[-1] / self._count_units
        told = max(1.0, count / done, _TOLD_APART * deviation / (self._count_units * math.sqrt(done)))
        slope = total[:-1] / self._gradient_units(state.round) - prior * here
        stepped = here + slope / (_LARGEST_CURVATURE * told + prior.max())
        point = np.clip(stepped, -LARGEST_COEFFICIENT, LARGEST_COEFFICIENT)
        ahead = point + (done - 1) / (done + 2) * (point - state.point)
        late = done > self.rounds // 2
        return Path(done, whole_coefficients(ahead), point, state.total + point * late, count)

    def parameters(self, state: Path) -> tuple[float, ...]:
        """Return the coefficients, one for each feature."""
        late = self.rounds - self.rounds // 2
        return tuple(float(number) for number in state.total / (late * self.norm))

    def _vectors(self, step: Step, rows: Rows) -> Whole:
        """Return a vector for each row: the gradient, of norm |residual|·‖x‖, and a count, whose squares together are at most bound²."""
        features = whole_features(rows.features, self.features, self.norm)
        residuals = np.clip(rows.label, 0.0, 1.0)[:, np.newaxis] - _CHANCE(predictors(features, step.parameters))
        slopes = residuals * (features / UNIT) * self._gradient_units(step.round)
        return np.asarray(np.trunc(np.hstack([slopes, np.full((len(rows), 1), self._count_units)])), dtype=np.int64)

    def _gradient_units(self, number: int) -> float:
        """Return the units of a gradient: at coefficients of zero no residual is beyond 1/2."""
        return self.bound * math.sqrt(1 - self.share) / (1.0 if number else 0.5)

    @property
    def _count_units(self) -> float:
        return self.bound * math.sqrt(self.share)
