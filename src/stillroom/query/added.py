"""What values of one person's rows add up to, whichever of the rows are left, from the contract alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.expression import Case, Column, Constant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.expression import Expression
    from stillroom.model.schema import ColumnType


class Added(NamedTuple):
    """Bounds of sums over any of a person's rows; NULL counts as 0.

    A condition may drop all rows with a positive value and keep those with a negative one, or the reverse. So these are bounds of the two
    parts, each of which a sum over fewer rows is nearer to 0 than, never of the sum over all rows.

    Attributes:
        low: What negative values add up to, at least; at most 0.
        high: What positive values add up to, at most; at least 0.
        size: What absolute values add up to, at most.
        column: The column of a dataset of which the values are sums, if they are: a total that the contract declares for it is theirs.
    """

    low: int
    high: int
    size: int
    column: str | None = None

    def times(self, rows: int) -> Added:
        """Return the bounds where each row is there so many times, at most."""
        return self._replace(low=self.low * rows, high=self.high * rows, size=self.size * rows)


NOTHING = Added(0, 0, 0)


def of_rows(low: int, high: int, rows: int) -> Added:
    """Return the bounds of so many values at most, each within a range."""
    low, high = min(low, 0), max(high, 0)
    return Added(low, high, max(-low, high)).times(rows)


def of_value(expression: Expression, kind: ColumnType, rows: int, known: Mapping[str, Added]) -> Added | None:
    """Return the bounds of a number; None where it is no number with bounds.

    Args:
        expression: The number.
        kind: What is known about it.
        rows: The most rows of a person.
        known: Bounds of columns of the plan.
    """
    if not kind.numeric or kind.low is None or kind.high is None:
        return None
    plain, found = of_rows(kind.low, kind.high, rows), _through(expression, rows, known)
    if found is None:
        return plain
    return found._replace(low=max(plain.low, found.low), high=min(plain.high, found.high), size=min(plain.size, found.size))


def _through(expression: Expression, rows: int, known: Mapping[str, Added]) -> Added | None:
    """Return the bounds of a column that has some, or of what CASE chooses among such columns and constants.

    Rows that take one of the results are some of the person's rows, so that they add up to no more than that result does over any rows.
    """
    match expression:
        case Column():
            return known.get(expression.name)
        case Constant(value=None):
            return NOTHING
        case Constant(value=int() as number) if not isinstance(number, bool):
            return of_rows(number, number, rows)
        case Case():
            results = dict.fromkeys([*(branch.then for branch in expression.branches), expression.otherwise])
            parts = [_through(result, rows, known) for result in results]
            found = [part for part in parts if part is not None]
            together = Added(sum(one.low for one in found), sum(one.high for one in found), sum(one.size for one in found))
            return together if len(found) == len(parts) else None
        case _:
            return None
