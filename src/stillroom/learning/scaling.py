"""How raw columns become features, from what a contract declares and from nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from stillroom.learning.rows import Reals

INTERCEPT = 0.5
"""The intercept's column. It takes its part of each row's norm, so it is no larger than half the distance of two values."""

NOWHERE = -1
"""The code of a value that is not in a listed domain, or is missing."""


class Bounded(Value):
    """A number with public bounds: a feature from -1 at the lower bound to 1 at the upper one. What lies outside is clamped."""

    kind: Literal["bounded"] = "bounded"
    low: float
    high: float

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.high:
            raise ValueError("the lower bound is not below the upper one")
        return self

    @property
    def width(self) -> int:
        """Return how many features it becomes."""
        return 1

    @property
    def largest(self) -> float:
        """Return the largest squared norm of its features."""
        return 1.0

    def features(self, column: NDArray[np.number]) -> Reals:
        """Return the features of a column of numbers.

        Raises:
            InvalidInput: `DATA_INVALID`: a number is not finite.
        """
        numbers = np.asarray(column, dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise InvalidInput(
                Code.DATA_INVALID, "A column of numbers holds one that is not finite.", "Let admission decide what stands there."
            )
        scaled = (2 * np.clip(numbers, self.low, self.high) - (self.low + self.high)) / (self.high - self.low)
        return np.clip(scaled, -1.0, 1.0)[:, np.newaxis]


class Listed(Value):
    """A code for one of `size` listed values. Any two values are at distance 1, at the least norm that this takes.

    Two values are one feature, -1/2 and 1/2; more are a feature each, 0 or 1/√2. Any other code, such as `NOWHERE`, is zero everywhere.
    """

    kind: Literal["listed"] = "listed"
    size: Annotated[int, Field(ge=2)]

    @property
    def width(self) -> int:
        """Return how many features it becomes."""
        return 1 if self.size == 2 else self.size  # noqa: PLR2004  # two values share a feature

    @property
    def largest(self) -> float:
        """Return the largest squared norm of its features."""
        return 0.25 if self.width == 1 else 0.5

    def features(self, column: NDArray[np.number]) -> Reals:
        """Return the features of a column of codes."""
        codes = np.asarray(column)
        hot = codes[:, np.newaxis] == np.arange(self.size)
        if self.width == 1:
            return np.asarray(0.5 * (hot[:, 1:].astype(np.float64) - hot[:, :1]), dtype=np.float64)
        return np.asarray(math.sqrt(0.5) * hot, dtype=np.float64)


Column = Annotated[Bounded | Listed, Field(discriminator="kind")]


class Scaling(Value):
    """What each column of a table becomes: a function of the contract alone, so that nothing about the data is read for free.

    Attributes:
        columns: In the order of the table.
        intercept: Whether a constant feature stands last.
    """

    columns: tuple[Column, ...]
    intercept: bool = True

    @property
    def width(self) -> int:
        """Return how many features a row has."""
        return sum(column.width for column in self.columns) + self.intercept

    @property
    def largest_norm(self) -> float:
        """Return the largest L2 norm that a row's features can have."""
        return math.sqrt(sum(column.largest for column in self.columns) + self.intercept * INTERCEPT**2)

    def features(self, columns: Sequence[NDArray[np.number]]) -> Reals:
        """Return one row of features for each row of the table.

        Raises:
            InvalidInput: `DATA_INVALID`: the columns are not those that were declared, or a number is not finite.
        """
        rows = {len(column) for column in columns}
        if len(columns) != len(self.columns) or len(rows) > 1:
            raise InvalidInput(
                Code.DATA_INVALID, "The columns are not those that were declared.", "Give each declared column, of one length."
            )
        blocks = [declared.features(column) for declared, column in zip(self.columns, columns, strict=True)]
        if self.intercept:
            blocks.append(np.full((rows.pop() if rows else 0, 1), INTERCEPT))
        return np.ascontiguousarray(np.hstack(blocks)) if blocks else np.zeros((0, 0))
