"""How large a plan may be: what is asked in few words must not take long to compile, to digest or to run."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.expression import walk
from stillroom.model.relation import expressions, sources, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.expression import Expression
    from stillroom.model.relation import Relation
    from stillroom.query.draft import Draft

NODE_LIMIT = 20_000
"""The most nodes of all expressions together."""

NESTING_LIMIT = 40
"""The most steps from a dataset to the rows that are measured."""


def check_size(draft: Draft) -> None:
    """Refuse questions that no engine should have to run.

    Raises:
        InvalidInput: There are too many expressions, or relations are nested too deeply.
    """
    nodes = chain.from_iterable(walk(expression) for expression in _expressions(draft))
    if _depth(draft.relation) > NESTING_LIMIT or sum(1 for _ in islice(nodes, NODE_LIMIT + 1)) > NODE_LIMIT:
        raise InvalidInput(
            Code.SQL_TOO_LARGE,
            "The question is too large, with all that its subqueries stand for.",
            "Split it into smaller questions.",
        )


def _depth(relation: Relation) -> int:
    """Return the most steps from the rows that are measured to a dataset."""
    return 1 + max((_depth(source) for source in sources(relation)), default=0)


def _expressions(draft: Draft) -> Iterator[Expression]:
    """Yield every expression of a question."""
    finish = draft.finish
    for step in steps(draft.relation):
        yield from expressions(step)
    yield from (key.value for key in draft.keys)
    yield from (measure.value for measure in draft.measures)
    yield from (output.value for output in finish.outputs)
    yield from (term.value for term in finish.order)
    if finish.having is not None:
        yield finish.having
