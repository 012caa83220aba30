"""Bins of features: each row falls into one bin of each column, by what a contract declares and never by the data."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stillroom.errors import Code, InvalidInput
from stillroom.learning.scaling import Bounded, Column

if TYPE_CHECKING:
    from stillroom.learning.rows import Reals, Whole

_LISTED = 0.25
"""The feature of a listed value is 0, or beyond this: -1/2, 1/2 or 1/√2 (`Listed`)."""


class Bins(NamedTuple):
    """The bins of the columns of a scaling, those of one column after another's.

    Attributes:
        columns: The columns. A number has bins of one width between its bounds; a list has one for each value, and one for any other.
        intercept: Whether a constant feature stands last. It has no bins.
        each: How many bins a number has.
    """

    columns: tuple[Column, ...]
    intercept: bool
    each: int

    @property
    def ordered(self) -> tuple[bool, ...]:
        """Return of each column whether its bins are in order: those of a list are not."""
        return tuple(isinstance(column, Bounded) for column in self.columns)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return how many bins each column has."""
        return tuple(self.each if isinstance(column, Bounded) else column.size + 1 for column in self.columns)

    @property
    def starts(self) -> tuple[int, ...]:
        """Return where the bins of each column begin, and where the last one's end."""
        return tuple(accumulate(self.sizes, initial=0))

    @property
    def splits(self) -> int:
        """Return in how many ways a node can be split: after each bin of a number, and between a listed value and all others."""
        return sum(size - 1 for size in self.sizes)

    def places(self, features: Reals) -> Whole:
        """Return the bin of each row and column, counted within the column. Each depends on the features of its row and column alone.

        Raises:
            InvalidInput: `DATA_INVALID`: rows have other features than these columns.
        """
        widths = [column.width for column in self.columns]
        if features.shape[1] != sum(widths) + self.intercept:
            raise InvalidInput(Code.DATA_INVALID, "The rows have not as many features as the model.", "Scale them as the model says.")
        starts = accumulate(widths, initial=0)
        blocks = [features[:, start : start + width] for start, width in zip(starts, widths, strict=False)]
        return np.stack([self._column(column, block) for column, block in zip(self.columns, blocks, strict=True)], axis=1)

    def _column(self, column: Column, features: Reals) -> Whole:
        """Return the bin of each row in one column."""
        if isinstance(column, Bounded):
            return np.clip(np.floor((features[:, 0] + 1) * (self.each / 2)), 0, self.each - 1).astype(np.int64)
        if column.width == 1:
            return np.select([features[:, 0] < -_LISTED, features[:, 0] > _LISTED], [0, 1], 2).astype(np.int64)
        listed = features > _LISTED
        return np.where(listed.any(axis=1), np.argmax(listed, axis=1), column.size).astype(np.int64)
