"""Multinomial regression in few noisy rounds."""

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
    from stillroom.learning.rows import Reals, Rows, Whole

_LEAST = -32.0
_ODDS = Curve(math.exp, _LEAST, 0.0)
_LARGEST_CURVATURE = 0.5


class MultinomialRegression(Value):
    """The probability of each of several classes, with a ridge on the coefficients of all: the loss of scikit-learn's at C = 1/ridge.

    The curvature for k classes is at most ½(I - 11ᵀ/k) ⊗ XᵀX (Böhning 1992, "Multinomial Logistic Regression Algorithm"). Coefficients of
    the classes add up to zero, and for those this is XᵀX/2 for each class; so the first round measures one matrix, however many classes.

    Attributes:
        features: How many features a row has.
        classes: How many classes. A label is the number of one, from 0; any other label is of none.
        norm: A row's features are clipped to this L2 norm; `Scaling.largest_norm` clips nothing. The noise is proportional to it.
        intercept: Whether the last feature is constant. The ridge leaves it alone unless there is noise.
        ridge: The precision of the coefficients' prior, for features as they are.
        rounds: How many rounds.
        share: The share of the squared norm for the curvature, in the first round.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["multinomial_regression"] = "multinomial_regression"
    features: Annotated[int, Field(ge=1, le=2**10)]
    classes: Annotated[int, Field(ge=2, le=2**8)]
    norm: Annotated[float, Field(gt=0)]
    intercept: bool = True
    ridge: Annotated[float, Field(ge=0)] = 1.0
    rounds: Annotated[int, Field(ge=1)] = 2
    share: Annotated[float, Field(gt=0, lt=1)] = 0.6
    bound: Bound = DEFAULT_BOUND

    def begin(self) -> Descent:
        """Return the state before the first round."""
        return start(self.features, self.classes, self.ridge, self.norm)

    def step(self, state: Descent) -> Step | None:
        """Return what the next round measures."""
        if state.round == self.rounds:
            return None
        blocks = self._blocks(state.round)
        kind = "gradients and curvature" if blocks.share else "gradients"
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
        prior = precisions(self.features, self.ridge, self.norm, deviation, intercept=self.intercept)
        return descend(state, self._blocks(state.round), total, deviation, prior)

    def parameters(self, state: Descent) -> tuple[float, ...]:
        """Return the coefficients: those of the first class, then of the next."""
        return tuple(float(number) for number in (real_coefficients(state.parameters, self.features) / self.norm).ravel())

    def _vectors(self, step: Step, blocks: Blocks, rows: Rows) -> Whole:
        features = whole_features(rows.features, self.features, self.norm)
        labels = rows.label[:, np.newaxis] == np.arange(self.classes)
        residuals = labels - _chances(predictors(features, step.parameters))
        return blocks.vectors(features / UNIT, residuals, np.full(len(rows), _LARGEST_CURVATURE))

    def _blocks(self, number: int) -> Blocks:
        """Return how a round's vector is put together: ‖label - chances‖ is at most √2, and with even chances at most √(1 - 1/k)."""
        largest = math.sqrt(2) if number else math.sqrt(1 - 1 / self.classes)
        return Blocks(self.features, self.bound, self.classes, largest, _LARGEST_CURVATURE, 0.0 if number else self.share)


def _chances(scores: Reals) -> Reals:
    """Return the probabilities of the classes of each row, added up class by class: in the same order, however many rows there are."""
    odds = _ODDS(scores - scores.max(axis=1, keepdims=True))
    total = np.zeros(len(odds))
    for column in odds.T:
        total = total + column
    return np.asarray(odds / total[:, np.newaxis], dtype=np.float64)
