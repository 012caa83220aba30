"""What is known about the rows of one person in a relation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.expression import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.client.verification.declared import Range
    from stillroom.model.expression import Expression


class Sums(NamedTuple):
    """Over any rows of a person: the least sum of negative values, the greatest of positive and of absolute ones; NULL counts as 0."""

    negative: int
    positive: int
    absolute: int

    def repeated(self, times: int) -> Sums:
        """Return what they are where a row may be there so often."""
        return Sums(self.negative * times, self.positive * times, self.absolute * times)


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known about the rows of one person in a relation.

    Attributes:
        most: No person has more rows.
        columns: All columns.
        constant: Columns that have the same value in all rows of a person.
        ranges: The range of each column that is a bounded number.
        numbered: Columns that number the rows of a person, each with the most rows that have the same number.
        apart: Columns of which no two rows of a person agree in all, each with how many values it has at most, NULL among them, if that is
            known. None where no such columns are.
        added: What columns add up to over any rows of a person, where that is known.
        absent: Columns that may be NULL because an outer join has no row there.
    """

    most: int
    columns: frozenset[str]
    constant: frozenset[str]
    ranges: Mapping[str, Range]
    numbered: Mapping[str, int] = field(default_factory=dict)
    apart: Mapping[str, int | None] | None = None
    added: Mapping[str, Sums] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    @property
    def told(self) -> Mapping[str, int | None] | None:
        """What tells the rows of a person apart: nothing where nobody has two."""
        return {} if self.most == 1 else self.apart

    def same(self, expression: Expression) -> bool:
        """Tell whether an expression has the same value in all rows of a person."""
        return self.most == 1 or columns_of(expression) <= self.constant
