"""k-means in few noisy rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stillroom.learning.clipping import contribution
from stillroom.learning.models.features import UNIT, predictors, real_coefficients, whole_coefficients, whole_features
from stillroom.learning.models.model import DEFAULT_BOUND, Bound, Step
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.learning.rows import Reals, Rows, Whole

_TOLD_APART = 3.0
"""A cluster whose count is not so many standard deviations above zero is taken for empty."""

_ASIDE = 0.25
"""How far from the largest cluster an empty one begins again, as a share of how far apart clusters begin."""


@dataclass(frozen=True)
class Centres:
    """Where the rounds have come to: how many are done, and the centres, in whole units."""

    round: int
    parameters: tuple[int, ...]


class KMeans(Value):
    """Centres of clusters, by Lloyd's rounds: each measures how many rows are nearest to each centre, and their sum. Labels are unused.

    Attributes:
        features: How many features a row has.
        clusters: How many centres.
        norm: A row's features are clipped to this L2 norm; `Scaling.largest_norm` clips nothing. The noise is proportional to it.
        rounds: How many rounds.
        share: The share of the squared norm for the counts.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["kmeans"] = "kmeans"
    features: Annotated[int, Field(ge=1, le=2**10)]
    clusters: Annotated[int, Field(ge=1, le=2**8)]
    norm: Annotated[float, Field(gt=0)]
    rounds: Annotated[int, Field(ge=1)] = 5
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    bound: Bound = DEFAULT_BOUND

    def begin(self) -> Centres:
        """Return the first centres, spread over the middle of what there can be: they come from the two numbers alone."""
        return Centres(0, whole_coefficients(self._spread))

    def step(self, state: Centres) -> Step | None:
        """Return what the next round measures."""
        if state.round == self.rounds:
            return None
        length = self.clusters * (1 + self.features)
        return Step(kind="counts and sums", round=state.round, length=length, parameters=state.parameters)

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution.

        Raises:
            InvalidInput: `DATA_INVALID`: the rows have another number of features; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """
        return contribution(rows, step.length, self.bound, lambda piece: self._vectors(step, piece))

    def advance(self, state: Centres, total: Whole, deviation: float) -> Centres:
        """Return the state after a round. A cluster of which too few rows are told begins again near the largest one, and splits it."""
        counts = total[: self.clusters] / self._count_units
        sums = total[self.clusters :].reshape(self.clusters, self.features) / self._sum_units
        least = max(0.5, _TOLD_APART * deviation / self._count_units)
        found = counts >= least
        means = sums / np.where(found, counts, 1.0)[:, np.newaxis]
        longest = np.maximum(1.0, np.linalg.norm(means, axis=1, keepdims=True))
        aside = means[np.argmax(counts)] * found.any() + _ASIDE * self._spread
        return Centres(state.round + 1, whole_coefficients(np.where(found[:, np.newaxis], means / longest, aside)))

    def parameters(self, state: Centres) -> tuple[float, ...]:
        """Return the centres: the features of the first, then of the next."""
        return tuple(float(number) for number in (real_coefficients(state.parameters, self.features) * self.norm).ravel())

    def _vectors(self, step: Step, rows: Rows) -> Whole:
        """Return a vector for each row: zero but for the place of its cluster, whose centre c has the largest c·x - ‖c‖²/2."""
        features = whole_features(rows.features, self.features, self.norm)
        centres = real_coefficients(step.parameters, self.features)
        nearest = np.argmax(predictors(features, step.parameters) - (centres**2).sum(axis=1) / 2, axis=1)
        own = nearest[:, np.newaxis] == np.arange(self.clusters)
        sums = own[:, :, np.newaxis] * (features / UNIT)[:, np.newaxis, :] * self._sum_units
        return np.asarray(np.trunc(np.hstack([own * self._count_units, sums.reshape(len(rows), -1)])), dtype=np.int64)

    @property
    def _spread(self) -> Reals:
        """Return points that are spread over the middle of what there can be."""
        points = [[_radical_inverse(place + 1, feature) for feature in range(self.features)] for place in range(self.clusters)]
        return (np.array(points) - 0.5) / self.norm

    @property
    def _count_units(self) -> float:
        return self.bound * math.sqrt(self.share)

    @property
    def _sum_units(self) -> float:
        return self.bound * math.sqrt(1 - self.share)


def _radical_inverse(number: int, feature: int) -> float:
    """Return the fractional part of a multiple of the feature's own irrational: such points are spread evenly, without chance."""
    return math.fmod(number * math.sqrt(_prime(feature)), 1.0)


def _prime(place: int) -> int:
    """Return the prime at a place, from 0."""
    found, number = -1, 1
    while found < place:
        number += 1
        found += all(number % divisor for divisor in range(2, math.isqrt(number) + 1))
    return number
