"""Filters that one owner can apply alone move to that owner's part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.expression import All, Expression, columns_of
from stillroom.model.relation import Enrich, Filter, JoinKind, Linked, PerPerson, Relation, Scan

if TYPE_CHECKING:
    from stillroom.model.plan import Part, Plan


def push_filters(plan: Plan) -> Plan:
    """Move conditions that stand directly above the link, and read one part only, into that part.

    A filter commutes with an inner join on the columns of either side, and with a left join on those of the left side. The right
    side of a left join keeps its rows, as the filter is meant for the joined rows.
    """
    if plan.link is None:
        return plan
    conditions, rest = _above_link(plan.rest)
    movable = plan.parts if plan.link.kind is JoinKind.INNER else plan.parts[:1]
    parts = list(plan.parts)
    staying = []
    for condition in conditions:
        reads = columns_of(condition)
        home = next((position for position, part in enumerate(movable) if reads and reads <= produced(part.relation)), None)
        if home is None:
            staying.append(condition)
        else:
            parts[home] = _filtered(parts[home], condition)
    rebuilt = _rebuilt(rest, filtered(Linked(), staying))
    return plan.model_copy(update={"parts": tuple(parts), "rest": rebuilt})


def conjuncts(condition: Expression) -> list[Expression]:
    """Return the operands of nested conjunctions."""
    return [part for operand in condition.operands for part in conjuncts(operand)] if isinstance(condition, All) else [condition]


def filtered(source: Relation, conditions: list[Expression]) -> Relation:
    """Return the rows for which all conditions hold."""
    if not conditions:
        return source
    condition = conditions[0] if len(conditions) == 1 else All(operands=tuple(conditions))
    return Filter(source=source, condition=condition)


def _above_link(rest: Relation) -> tuple[list[Expression], Relation]:
    """Return the conditions of the filters directly above the linked rows, and the relation without them."""
    match rest:
        case Filter():
            conditions, inner = _above_link(rest.source)
            if isinstance(inner, Linked):
                return [*conditions, *conjuncts(rest.condition)], inner
            return conditions, rest.model_copy(update={"source": inner})
        case Enrich() | PerPerson():
            conditions, inner = _above_link(rest.source)
            return conditions, rest.model_copy(update={"source": inner})
        case Linked() | Scan():
            return [], rest


def _rebuilt(rest: Relation, leaf: Relation) -> Relation:
    """Put a relation in the place of the linked rows."""
    match rest:
        case Filter() | Enrich() | PerPerson():
            return rest.model_copy(update={"source": _rebuilt(rest.source, leaf)})
        case Linked() | Scan():
            return leaf


def _filtered(part: Part, condition: Expression) -> Part:
    """Filter a part."""
    return part.model_copy(update={"relation": Filter(source=part.relation, condition=condition)})


def produced(relation: Relation) -> frozenset[str]:
    """Return the columns that a relation inside a part has."""
    match relation:
        case Scan():
            return frozenset(f"{relation.dataset}.{column}" for column in relation.columns)
        case Filter():
            return produced(relation.source)
        case Enrich():
            return produced(relation.source) | {f"{relation.dataset}.{column}" for column in relation.columns}
        case PerPerson():
            return frozenset(key.name for key in relation.keys) | frozenset(total.name for total in relation.totals)
        case Linked():
            return frozenset()
