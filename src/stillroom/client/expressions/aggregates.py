"""Aggregates: what is made of the values of many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.expressions.piece import Piece, Takes, called, made, written
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Self

AGGREGATE = Takes.FILTER | Takes.OVER


class Aggregates(Piece):
    """What is made of a value of many rows: of a group, of one person's rows (`Rows.per_person`), or in a window (`over`)."""

    def sum(self) -> Self:
        """Add up."""
        return called(self, "SUM", takes=AGGREGATE)

    def mean(self) -> Self:
        """Average."""
        return called(self, "AVG", takes=AGGREGATE)

    def count(self) -> Self:
        """Count the rows that have a value."""
        return called(self, "COUNT", takes=AGGREGATE)

    def n_unique(self) -> Self:
        """Count the distinct values."""
        return made(self, f"COUNT(DISTINCT {self.sql})", AGGREGATE)

    def min(self) -> Self:
        """Return the least value, of one person's rows or in a window; over a group, the least at which noise shows one."""
        return called(self, "MIN", takes=AGGREGATE)

    def max(self) -> Self:
        """Return the greatest value, of one person's rows or in a window; over a group, the greatest at which noise shows one."""
        return called(self, "MAX", takes=AGGREGATE)

    def median(self) -> Self:
        """Return the value in the middle."""
        return called(self, "MEDIAN", takes=AGGREGATE)

    def quantile(self, part: float | Decimal) -> Self:
        """Return the value that a part of the rows, such as 0.9, lie below. Several quantiles of a value cost no more than one."""
        return called(self, "QUANTILE_CONT", part, takes=AGGREGATE)

    def var(self, ddof: int = 1) -> Self:
        """Return the variance: of a sample, or with `ddof=0` of all there are."""
        return called(self, f"VAR_{sample(ddof)}", takes=AGGREGATE)

    def std(self, ddof: int = 1) -> Self:
        """Return the standard deviation: of a sample, or with `ddof=0` of all there are."""
        return called(self, f"STDDEV_{sample(ddof)}", takes=AGGREGATE)

    def filter(self, *conditions: Piece) -> Self:
        """Take the rows for which all conditions are true.

        Raises:
            InvalidInput: This is no aggregate, or has conditions already, or there is none.
        """
        if Takes.FILTER not in self.takes:
            reason = "Conditions of rows follow an aggregate, once."
            raise InvalidInput(Code.SQL_INVALID, reason, 'Write col("cost").sum().filter(col("cost") > 10), all conditions in one filter.')
        if not conditions:
            raise InvalidInput(Code.SQL_INVALID, "The filter has no condition.", "Give one, or leave the filter out.")
        test = " AND ".join(written(condition) for condition in conditions)
        return made(self, f"{self.sql} FILTER (WHERE {test})", Takes.OVER)


def sample(ddof: int) -> str:
    """Return whether a spread is of a sample or of all there are.

    Raises:
        InvalidInput: It is neither.
    """
    if isinstance(ddof, bool) or ddof not in {0, 1}:
        raise InvalidInput(Code.SQL_INVALID, "ddof is 1, for a sample, or 0.", "Write ddof=0 for a variance of all there are.")
    return "SAMP" if ddof else "POP"
