"""Columns, per-person totals and facts that nothing reads are dropped, so that engines read no more than the question needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.model.expression import columns_of
from stillroom.model.relation import (
    Arm,
    Enrich,
    PartRows,
    PerPerson,
    Scan,
    Union,
    Window,
    expressions,
    made,
    sources,
    steps,
    with_sources,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillroom.model.expression import Expression
    from stillroom.model.relation import Relation
    from stillroom.query.draft import Draft


def prune_columns(draft: Draft) -> Draft:
    """Keep only what the measures and keys need, from the top of the rows down to their scans."""
    relation = _pruned(draft.relation, _read([*(key.value for key in draft.keys), *(measure.value for measure in draft.measures)]))
    names = frozenset[str]().union(*(_names(step) for step in steps(relation)))
    facts = tuple(sorted((fact for fact in draft.facts if fact.name in names), key=lambda fact: fact.name))
    return replace(draft, relation=relation, facts=facts)


def _read(expressions: Iterable[Expression]) -> frozenset[str]:
    """Return all columns that expressions read."""
    return frozenset[str]().union(*(columns_of(expression) for expression in expressions))


def _pruned(relation: Relation, needed: frozenset[str]) -> Relation:
    """Return a relation with only the needed columns, made of relations with only the columns that it needs of them."""
    match relation:
        case Scan():
            return relation.model_copy(update={"columns": _kept(relation, needed)})
        case PartRows():
            return relation
        case Enrich():
            relation = relation.model_copy(update={"columns": _kept(relation, needed)})
        case PerPerson():
            totals = tuple(total for total in relation.totals if total.name in needed)
            relation = relation.model_copy(update={"totals": totals})
            needed = frozenset()
        case Union():
            relation = _narrowed(relation, needed)
            needed = frozenset()
        case Window():
            kept = tuple(column for column in relation.columns if column.name in needed)
            if not kept:
                return _pruned(relation.source, needed)
            relation = relation.model_copy(update={"columns": kept})
    needed |= _read(expressions(relation))
    return with_sources(relation, [_pruned(source, needed) for source in sources(relation)])


def _narrowed(union: Union, needed: frozenset[str]) -> Union:
    """Return a union with only the needed columns."""
    places = [place for place, column in enumerate(union.columns) if column in needed]
    arms = tuple(Arm(relation=arm.relation, values=tuple(arm.values[place] for place in places)) for arm in union.arms)
    return Union(columns=tuple(union.columns[place] for place in places), arms=arms)


def _kept(relation: Scan | Enrich, needed: frozenset[str]) -> tuple[str, ...]:
    """Return the columns of a table that are needed, by name."""
    return tuple(sorted(column for column in relation.columns if f"{relation.name}.{column}" in needed))


def _names(relation: Relation) -> frozenset[str]:
    """Return the names of the columns that one step makes or reads from a table."""
    match relation:
        case Scan():
            return frozenset(f"{relation.name}.{column}" for column in relation.columns)
        case Enrich():
            return frozenset(f"{relation.name}.{column}" for column in (*relation.columns, *(item.column for item in relation.on)))
        case _:
            return frozenset(made(relation))
