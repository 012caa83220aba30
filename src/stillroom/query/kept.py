"""What is true of every row of a relation, as conditions, and the values that these leave of a column."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.expression import All, Among, Any, Column, Compare, Comparison, Constant, columns_of, conjuncts, renamed
from stillroom.model.relation import Enrich, Filter, Join, JoinKind, Mark, PartRows, PerPerson, Scan, Union, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.relation import Relation
    from stillroom.model.schema import Scalar


def conditions(relation: Relation) -> list[Expression]:
    """Return conditions that are true of every row.

    A filter's own, and those of what it filters. A row of an inner join has a row of each side, one of a left join a row of the left side,
    with the same values in its columns; marks, public tables and windows add columns to rows, or leave rows out. A row of a person's groups
    has the keys of rows that there were.
    """
    match relation:
        case Filter():
            return [*conditions(relation.source), *conjuncts(relation.condition)]
        case Join(kind=JoinKind.INNER):
            return [*conditions(relation.left), *conditions(relation.right)]
        case Join(kind=JoinKind.LEFT):
            return conditions(relation.left)
        case Enrich() | Mark() | Window():
            return conditions(relation.source)
        case PerPerson():
            names = {key.value.name: key.name for key in relation.keys if isinstance(key.value, Column)}
            about = (one for one in conditions(relation.source) if columns_of(one) <= names.keys())
            return [renamed(one, names.__getitem__) for one in about]
        case Scan() | PartRows() | Union() | Join():
            return []


def listed(column: str, condition: Expression) -> frozenset[Scalar] | None:
    """Return values of which a column has one where a condition is true; None where it lists none."""
    match condition:
        case Among(operand=Column(name=name)) if name == column:
            return frozenset(one.value for one in condition.values)
        case Compare(comparison=Comparison.EQUAL, left=Column(name=name), right=Constant(value=value)) if name == column:
            return frozenset({value})
        case Compare(comparison=Comparison.EQUAL, left=Constant(value=value), right=Column(name=name)) if name == column:
            return frozenset({value})
        case Any():
            parts = [listed(column, operand) for operand in condition.operands]
            known = [part for part in parts if part is not None]
            return frozenset(chain.from_iterable(known)) if len(known) == len(parts) else None
        case All():
            return next((part for one in condition.operands if (part := listed(column, one)) is not None), None)
        case _:
            return None


Ends: TypeAlias = "tuple[int | None, int | None]"
"""The least and the greatest of numbers; None where there is no end."""


def between(column: str, low: int, high: int, true: Iterable[Expression]) -> tuple[int, int]:
    """Return between which ends the values of a column are on rows for which conditions are true, given that it has values between two.

    Where no value is left, these two: nothing is said of rows that cannot be.
    """
    least, most = _within([(low, high), *(_ends(column, one) for one in true)])
    return (low, high) if least is None or most is None or least > most else (least, most)


def _ends(column: str, condition: Expression) -> Ends:
    """Return the ends between which a number lies where a condition is true: it is not NULL there, unless there are none."""
    match condition:
        case Compare(left=Column(name=name), right=Constant(value=int(end))) if name == column:
            return _compared(condition.comparison, end, above=False)
        case Compare(left=Constant(value=int(end)), right=Column(name=name)) if name == column:
            return _compared(condition.comparison, end, above=True)
        case Among(operand=Column(name=name)) if name == column:
            values = [one.value for one in condition.values if isinstance(one.value, int)]
            return (min(values), max(values)) if values and len(values) == len(condition.values) else (None, None)
        case All():
            return _within([_ends(column, one) for one in condition.operands])
        case Any():
            lows, highs = zip(*(_ends(column, one) for one in condition.operands), strict=True)
            least, most = [one for one in lows if one is not None], [one for one in highs if one is not None]
            return min(least) if len(least) == len(lows) else None, max(most) if len(most) == len(highs) else None
        case _:
            return None, None


def _compared(comparison: Comparison, end: int, *, above: bool) -> Ends:
    """Return the ends of what a comparison with a number lets through; `above` where the number stands on the left."""
    step = 1 if comparison is Comparison.LESS else 0
    match comparison:
        case Comparison.EQUAL:
            return end, end
        case Comparison.LESS | Comparison.LESS_OR_EQUAL:
            return (end + step, None) if above else (None, end - step)
        case _:
            return None, None


def _within(ends: Sequence[Ends]) -> Ends:
    """Return the ends within all of several."""
    least, most = [one for one, _ in ends if one is not None], [one for _, one in ends if one is not None]
    return max(least, default=None), min(most, default=None)
