"""Columns, per-person totals and facts that nothing reads are dropped, so that engines read no more than the question needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.expression import Expression, columns_of
from stillroom.model.relation import Enrich, Filter, Linked, PerPerson, Relation, Scan

if TYPE_CHECKING:
    from stillroom.model.plan import Plan


def prune_columns(plan: Plan) -> Plan:
    """Keep only what the measures and keys need, from the top of the plan down to its scans."""
    needed = _read([key.value for key in plan.keys] + [measure.value for measure in plan.measures])
    rest, needed = _pruned(plan.rest, needed)
    if plan.link is not None and plan.link.condition is not None:
        needed |= columns_of(plan.link.condition)
    parts, read = [], frozenset[str]()
    for part in plan.parts:
        relation, below = _pruned(part.relation, needed)
        parts.append(part.model_copy(update={"relation": relation}))
        read |= below
    everything = read | needed | _all_names(rest) | frozenset[str]().union(*(_all_names(part.relation) for part in parts))
    facts = tuple(sorted((fact for fact in plan.facts if fact.name in everything), key=lambda fact: fact.name))
    return plan.model_copy(update={"rest": rest, "parts": tuple(parts), "facts": facts})


def _read(expressions: list[Expression]) -> frozenset[str]:
    """Return all columns that expressions read."""
    return frozenset[str]().union(*(columns_of(expression) for expression in expressions))


def _pruned(relation: Relation, needed: frozenset[str]) -> tuple[Relation, frozenset[str]]:
    """Return a relation with only the needed columns, and what it needs from below."""
    match relation:
        case Scan():
            columns = tuple(sorted(column for column in relation.columns if f"{relation.dataset}.{column}" in needed))
            return relation.model_copy(update={"columns": columns}), needed
        case Linked():
            return relation, needed
        case Filter():
            source, below = _pruned(relation.source, needed | columns_of(relation.condition))
            return relation.model_copy(update={"source": source}), below
        case Enrich():
            columns = tuple(sorted(column for column in relation.columns if f"{relation.dataset}.{column}" in needed))
            source, below = _pruned(relation.source, needed.union(*(columns_of(item.left) for item in relation.on)))
            return relation.model_copy(update={"source": source, "columns": columns}), below
        case PerPerson():
            totals = tuple(total for total in relation.totals if total.name in needed)
            inputs = _read([key.value for key in relation.keys] + [total.value for total in totals])
            source, below = _pruned(relation.source, needed | inputs)
            return relation.model_copy(update={"source": source, "totals": totals}), below


def _all_names(relation: Relation) -> frozenset[str]:
    """Return every column name that a relation makes or keeps."""
    match relation:
        case Scan() | Linked():
            return frozenset()
        case Filter():
            return _all_names(relation.source)
        case Enrich():
            keys = {f"{relation.dataset}.{item.column}" for item in relation.on}
            return _all_names(relation.source) | keys | {f"{relation.dataset}.{column}" for column in relation.columns}
        case PerPerson():
            return _all_names(relation.source) | {key.name for key in relation.keys} | {total.name for total in relation.totals}
