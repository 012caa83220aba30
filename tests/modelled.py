"""Models of every kind, steps that they may publish, and rows of persons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stillroom.learning.models.descent import DescentRegression
from stillroom.learning.models.features import COEFFICIENT_UNIT, LARGEST_COEFFICIENT
from stillroom.learning.models.kmeans import KMeans
from stillroom.learning.models.linear import LinearRegression
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.models.multinomial import MultinomialRegression
from stillroom.learning.models.poisson import PoissonRegression
from stillroom.learning.models.trees import BoostedTrees
from stillroom.learning.rows import Rows
from stillroom.learning.scaling import Bounded, Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stillroom.learning.models.model import Model, Step
    from stillroom.learning.rows import Reals, Whole
    from stillroom.learning.training import Added

MAKERS: dict[str, Callable[..., Model[Any]]] = {
    "linear": lambda **common: LinearRegression(label=Bounded(low=-2.0, high=5.0), **common),
    "logistic": LogisticRegression,
    "newton": lambda **common: LogisticRegression(curvature="each", **common),
    "descent": lambda **common: DescentRegression(rounds=6, **common),
    "poisson": lambda **common: PoissonRegression(largest=7, **common),
    "multinomial": lambda **common: MultinomialRegression(classes=3, **common),
    "trees": lambda features, norm, **common: BoostedTrees(  # noqa: ARG005  # trees clip no features
        columns=(*[Bounded(low=-1.0, high=1.0)] * (features - 1), Listed(size=2)), intercept=False, trees=2, bins=4, **common
    ),
    "kmeans": lambda **common: KMeans(clusters=3, **common),
}
LARGEST = COEFFICIENT_UNIT * LARGEST_COEFFICIENT


def without_noise(step: Step, contributions: Sequence[Whole]) -> Whole:
    """Add up contributions, and nothing else."""
    return np.asarray(np.sum([np.zeros(step.length, dtype=np.int64), *contributions], axis=0), dtype=np.int64)


def steps_of(model: Model[Any], coefficients: Sequence[int]) -> list[Step]:
    """Return each step of a model, at coefficients that a round may publish, however unlikely; they are repeated as often as it takes."""
    found = []
    state = model.begin()
    while (step := model.step(state)) is not None:
        state = model.advance(state, np.zeros(step.length, dtype=np.int64), 1.0)
        places = range(len(step.parameters))
        found.append(step.model_copy(update={"parameters": tuple(coefficients[place % len(coefficients)] for place in places)}))
    return found


def rows_of(persons: Iterable[tuple[int, Sequence[Sequence[float]]]], width: int) -> Rows:
    """Return the rows of persons, each of features and a label."""
    table = [(person, *row) for person, rows in persons for row in rows]
    numbers = np.array(table, dtype=np.float64).reshape(len(table), width + 2)
    return Rows(np.ascontiguousarray(numbers[:, 1:-1]), np.ascontiguousarray(numbers[:, -1]), numbers[:, 0].astype(np.int64))


def joined(*parts: Rows) -> Rows:
    """Return all rows of several, in order."""
    return Rows(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.person for part in parts]),
    )


def squared_norm(vector: Whole) -> int:
    """Return the squared norm in Python's whole numbers."""
    return sum(int(number) ** 2 for number in vector)


def owners_of(features: Reals, label: Reals, owners: int = 3) -> list[Rows]:
    """Return rows of as many persons, dealt out to owners."""
    person = np.arange(len(label), dtype=np.int64)
    return [Rows(np.ascontiguousarray(features[own::owners]), label[own::owners], person[own::owners]) for own in range(owners)]


def with_noise(deviation: float, seed: int) -> Added:
    """Return a sum with rounded normal noise: a stand-in for what real protocols add."""
    generator = np.random.default_rng(seed)

    def added(step: Step, contributions: Sequence[Whole]) -> Whole:
        noise = np.rint(generator.normal(scale=deviation, size=step.length)).astype(np.int64)
        return np.asarray(without_noise(step, contributions) + noise, dtype=np.int64)

    return added


def sample(rows: int, features: int, seed: int = 5) -> Reals:
    """Return features that are not on one scale and not independent, the last of them an intercept."""
    generator = np.random.default_rng(seed)
    raw = generator.normal(size=(rows, features))
    raw[:, 1] = 0.7 * raw[:, 0] + 0.5 * raw[:, 1]
    return np.hstack([np.clip(raw / 3, -1, 1), np.full((rows, 1), 0.5)])


def norm_of(features: int) -> float:
    """Return the largest norm of what `sample` returns."""
    return math.sqrt(features + 0.25)
