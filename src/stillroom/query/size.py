"""How large a plan may be: what is asked in few words must not take long to compile, to digest or to run."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.expression import walk
from stillroom.model.relation import Enrich, Filter, Linked, PerPerson, Scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation

NODE_LIMIT = 20_000
"""The most nodes of all expressions together."""

NESTING_LIMIT = 40
"""The most steps from a dataset to the rows that are measured."""


def check_size(plan: Plan) -> None:
    """Refuse plans that no engine should have to run.

    Raises:
        InvalidInput: The plan has too many expressions, or its relations are nested too deeply.
    """
    nodes = chain.from_iterable(walk(expression) for expression in _expressions(plan))
    steps = max(len(list(_steps(part.relation))) for part in plan.parts) + len(list(_steps(plan.rest)))
    if steps > NESTING_LIMIT or sum(1 for _ in islice(nodes, NODE_LIMIT + 1)) > NODE_LIMIT:
        raise InvalidInput(
            Code.SQL_TOO_LARGE,
            "The question is too large, with all that its subqueries stand for.",
            "Split it into smaller questions.",
        )


def _steps(relation: Relation) -> Iterator[Relation]:
    """Yield a relation and everything that it is made of."""
    while not isinstance(relation, Scan | Linked):
        yield relation
        relation = relation.source
    yield relation


def _expressions(plan: Plan) -> Iterator[Expression]:
    """Yield every expression of a plan."""
    finish = plan.finish
    for relation in (*(part.relation for part in plan.parts), plan.rest):
        for step in _steps(relation):
            yield from _of_step(step)
    yield from (key.value for key in plan.keys)
    yield from (measure.value for measure in plan.measures)
    yield from (output.value for output in finish.outputs)
    yield from (term.value for term in finish.order)
    yield from (node for node in (finish.having, plan.link.condition if plan.link else None) if node is not None)


def _of_step(relation: Relation) -> Iterator[Expression]:
    """Yield the expressions of one step."""
    match relation:
        case Filter():
            yield relation.condition
        case Enrich():
            yield from (on.left for on in relation.on)
        case PerPerson():
            yield from (key.value for key in relation.keys)
            yield from (total.value for total in relation.totals)
        case Scan() | Linked():
            return
