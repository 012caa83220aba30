"""What is true of every row of a relation, as conditions, and the values that these leave of a column."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from stillroom.model.expression import All, Among, Any, Column, Compare, Comparison, Constant, columns_of, conjuncts, renamed
from stillroom.model.relation import Enrich, Filter, Join, JoinKind, Mark, PartRows, PerPerson, Scan, Union, Window

if TYPE_CHECKING:
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
