"""One owner's rows, as a model sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]

MOST_ROWS = 2**32
"""More rows, of one owner, are refused: below, no sum of whole numbers that are bounded as ours are leaves 63 bits."""

_FIX = "Scale columns by the bounds and domains of the contract (`stillroom.learning.scaling`)."


@dataclass(frozen=True, eq=False)
class ReadRows:
    """The rows of a source as they are read.

    Attributes:
        person: One code for each row: the same for the same person, and only compared.
        values: One row each, of the measures of the source's plan: whole numbers below 2⁵³, NaN where there is none.
    """

    person: Whole
    values: Reals


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of persons: features, label, and whose they are. A person may have several.

    Attributes:
        features: One row each, of numbers between -1 and 1.
        label: One number for each row.
        person: One code for each row: the same for the same person, and only compared.

    Raises:
        InvalidInput: `DATA_INVALID`: shapes differ, or a number is not finite or not in its range. No value is named.
    """

    features: Reals
    label: Reals
    person: Whole

    def __post_init__(self) -> None:
        """Check everything, once."""
        shapes = self.features.ndim == 2 and self.label.shape == self.person.shape == self.features.shape[:1]  # noqa: PLR2004  # a table
        if not shapes or len(self.label) > MOST_ROWS:
            raise InvalidInput(Code.DATA_INVALID, "Features, labels and persons are not of the same rows, or there are too many.", _FIX)
        if not (self.features.dtype == self.label.dtype == np.float64 and self.person.dtype == np.int64):
            raise InvalidInput(Code.DATA_INVALID, "Features and labels must be doubles, and persons 64-bit integers.", _FIX)
        if not (np.isfinite(self.features).all() and np.isfinite(self.label).all()):
            raise InvalidInput(Code.DATA_INVALID, "A feature or a label is not a finite number.", _FIX)
        if (np.abs(self.features) > 1).any():
            raise InvalidInput(Code.DATA_INVALID, "A feature is not between -1 and 1.", _FIX)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.label)

    def by_person(self) -> Rows:
        """Return the same rows, with those of one person next to each other."""
        return self._at(np.argsort(self.person, kind="stable"))

    def pieces(self, size: int) -> Iterator[Rows]:
        """Yield the rows in order, so many at a time."""
        for start in range(0, len(self), size):
            yield self._at(slice(start, start + size))

    def _at(self, places: Whole | slice) -> Rows:
        return Rows(self.features[places], self.label[places], self.person[places])
