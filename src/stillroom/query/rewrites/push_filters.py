"""Conditions move to the rows that they read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.model.expression import All, columns_of, conjuncts
from stillroom.model.relation import Filter, Join, JoinKind, Mark, produced, sources, with_sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillroom.model.expression import Expression
    from stillroom.model.relation import Relation
    from stillroom.query.draft import Draft


def push_filters(draft: Draft) -> Draft:
    """Move conditions that read one side of a join only to that side, so that its owner can apply them alone.

    A filter commutes with an inner join on the columns of either side, with a left join on those of the left side, and with a mark on
    those of its source. The side of an outer join that may be absent keeps its rows, as the filter is meant for the joined rows.
    """
    return replace(draft, relation=_settled(draft.relation, []))


def _settled(relation: Relation, conditions: list[Expression]) -> Relation:
    """Return the rows of a relation for which all conditions hold, each as deep as it can go."""
    match relation:
        case Filter():
            return _settled(relation.source, [*conditions, *conjuncts(relation.condition)])
        case Join(kind=JoinKind.INNER):
            return _inner(relation, conditions)
        case Join(kind=JoinKind.LEFT):
            mine, others = _split(conditions, produced(relation.left))
            return _filtered(with_sources(relation, [_settled(relation.left, mine), _settled(relation.right, [])]), others)
        case Mark():
            mine, others = _split(conditions, produced(relation.source))
            return _filtered(with_sources(relation, [_settled(relation.source, mine), _settled(relation.among, [])]), others)
        case _:
            return _filtered(with_sources(relation, [_settled(source, []) for source in sources(relation)]), conditions)


def _inner(join: Join, conditions: list[Expression]) -> Relation:
    """Return an inner join for whose rows all conditions hold, each of them on the side that it reads."""
    left, others = _split(conditions, produced(join.left))
    right, others = _split(others, produced(join.right))
    return _filtered(with_sources(join, [_settled(join.left, left), _settled(join.right, right)]), others)


def _split(conditions: Iterable[Expression], columns: frozenset[str]) -> tuple[list[Expression], list[Expression]]:
    """Split conditions into those that read some of these columns and no others, and the rest."""
    mine: list[Expression] = []
    others: list[Expression] = []
    for condition in conditions:
        reads = columns_of(condition)
        (mine if reads and reads <= columns else others).append(condition)
    return mine, others


def _filtered(source: Relation, conditions: list[Expression]) -> Relation:
    """Return the rows for which all conditions hold."""
    if not conditions:
        return source
    return Filter(source=source, condition=conditions[0] if len(conditions) == 1 else All(operands=tuple(conditions)))
