"""What the values of one person's rows add up to, whichever rows are left: derived once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.persons_rows import Sums
from stillroom.client.verification.spans import value_span
from stillroom.model.expression import Case, Column, Constant
from stillroom.model.relation import TotalFunction

if TYPE_CHECKING:
    from stillroom.client.verification.persons_rows import Rows
    from stillroom.model.expression import Expression


def sums(expression: Expression, rows: Rows) -> Sums:
    """Return what an expression adds up to: as many rows as there are, each at an end of its range; or less, as is known of its columns.

    Raises:
        Broken: The contract does not bound it, or it is no number.
    """
    plain = _of_each(*(value_span(expression, rows.ranges) or (0, 0)), rows.most)
    known = _known(expression, rows)
    return plain if known is None else Sums(*map(max, plain[:1], known[:1]), *map(min, plain[1:], known[1:]))


def total_sums(function: TotalFunction, value: Expression, rows: Rows) -> Sums | None:
    """Return what totals of groups of rows add up to over any groups, of which each row is in one; None where they are no bounded numbers.

    A count is of rows. A sum is no further from 0, on either side, than its positive or its negative values are together, and the least and
    the greatest are among these.
    """
    if function in {TotalFunction.COUNT, TotalFunction.DISTINCT}:
        return _of_each(1, 1, rows.most)
    try:
        return sums(value, rows)
    except Broken:
        return None


def _of_each(low: int, high: int, rows: int) -> Sums:
    low, high = min(0, low), max(0, high)
    return Sums(rows * low, rows * high, rows * max(-low, high))


def _known(expression: Expression, rows: Rows) -> Sums | None:
    """Return what is known of a column, or of all that a CASE may take: each row takes one."""
    match expression:
        case Column(name=name):
            return rows.added.get(name)
        case Constant(value=None):
            return Sums(0, 0, 0)
        case Constant(value=int() as number) if not isinstance(number, bool):
            return _of_each(number, number, rows.most)
        case Case():
            results = {one: _known(one, rows) for one in (*(branch.then for branch in expression.branches), expression.otherwise)}
            known = [one for one in results.values() if one is not None]
            return Sums(*(sum(one[place] for one in known) for place in range(3))) if len(known) == len(results) else None
        case _:
            return None
