"""Names inside a plan, each given once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

READINGS_LIMIT = 24
"""The most times that a question reads datasets."""


@dataclass
class Names:
    """Gives names: to readings of datasets, and to columns that are made on the way."""

    readings: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)

    def reading(self, dataset: str) -> str:
        """Return the name of one more reading of a dataset.

        Raises:
            InvalidInput: There are too many.
        """
        self.readings[dataset] += 1
        if self.readings.total() > READINGS_LIMIT:
            raise InvalidInput(
                Code.SQL_TOO_LARGE,
                f"The question reads datasets more than {READINGS_LIMIT} times, with all that its subqueries stand for.",
                "Split it into smaller questions.",
            )
        number = self.readings[dataset]
        return dataset if number == 1 else f"{dataset}#{number}"

    def column(self, reading: str) -> str:
        """Return the name of one more column that is made of rows of a reading."""
        self.columns[reading] += 1
        return f"{reading}.#{self.columns[reading]}"

    def take(self, names: Iterable[str]) -> None:
        """Take note of columns that have got their names in another way."""
        for name in names:
            reading, _, number = name.partition(".#")
            self.columns[reading] = max(self.columns[reading], int(number))
