"""What a plan asks of an engine, by name: what an engine does not compute exactly, it lacks by these names."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from stillroom.model.expression import Call, walk
from stillroom.model.relation import Join, PerPerson, Window, expressions, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation


def features_of(plan: Plan) -> frozenset[str]:
    """Return the names of everything that a plan asks an engine to compute, `finish` left out.

    A function has the name of its member of `model.function.Function`; any other node of an expression or relation that of its `op`. A join
    says its kind (`full join`), a total inside one person and a window their function (`total max`, `window lag`).
    """
    computed = (_expression(node) for root in values_of(plan) for node in walk(root))
    related = (name for relation in steps(plan.whole) for name in _relation(relation))
    kept = ["kept groups"] if plan.bounds.keep_groups else []
    made = (f"measured {measure.aggregate}" for measure in plan.measures)
    return frozenset(chain(computed, related, kept, made))


def values_of(plan: Plan) -> tuple[Expression, ...]:
    """Return every expression that an engine computes for a plan."""
    inside = chain.from_iterable(map(expressions, steps(plan.whole)))
    return (*inside, *(key.value for key in plan.keys), *(measure.value for measure in plan.measures))


def lacking(plan: Plan, lacks: frozenset[str]) -> tuple[str, ...]:
    """Return what a plan asks for of the names that an engine lacks, sorted."""
    return tuple(sorted(features_of(plan) & lacks))


def _expression(node: Expression) -> str:
    return node.function.value if isinstance(node, Call) else node.op


def _relation(relation: Relation) -> Iterator[str]:
    match relation:
        case Join():
            yield f"{relation.kind} join"
        case PerPerson():
            yield relation.op
            yield from (f"total {total.function}" for total in relation.totals)
        case Window():
            yield from (f"window {column.function}" for column in relation.columns)
        case _:
            yield relation.op
