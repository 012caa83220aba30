"""How large a plan may be: what is asked in few words must not take long to compile, to digest or to run."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Over, Quantile, children, walk
from stillroom.model.relation import expressions, sources, steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Finish
    from stillroom.model.relation import Relation
    from stillroom.query.draft import Draft

NODE_LIMIT = 20_000
"""The most nodes of all expressions together."""

DEPTH_LIMIT = 100
"""The deepest expression over a table."""

NESTING_LIMIT = 40
"""The most steps from a dataset to the rows that are measured."""

SLOW: dict[object, int] = {
    Quantile: 50,
    Over: 20,
    ScalarFunction.LN: 60,
    ScalarFunction.LOG: 60,
    ScalarFunction.EXP: 60,
    ScalarFunction.POWER: 150,
}
"""So many nodes does one over a table count as that takes longer: a quantile searches its grid, a window sorts the rows, and reals and
the ends of their intervals are computed with many digits."""


def check_size(draft: Draft) -> None:
    """Refuse questions that no engine should have to run.

    Raises:
        InvalidInput: There are too many expressions, or relations are nested too deeply.
    """
    if _depth(draft.relation) > NESTING_LIMIT or _too_many(_expressions(draft)):
        raise _too_large()


def check_measured(nodes: int) -> None:
    """Refuse measures at once that are far too large before they are rewritten; to compare them all would take long.

    Raises:
        InvalidInput: They have twice as many nodes as a question may.
    """
    if nodes > 2 * NODE_LIMIT:
        raise _too_large()


def check_finish(finish: Finish) -> None:
    """Refuse what would take long to walk or overflow the stack, with all that names in it stand for.

    Raises:
        InvalidInput: There are too many expressions, or one is nested too deeply.
    """
    if _too_many(finish.expressions) or any(map(_too_deep, finish.expressions)):
        raise _too_large()


def nodes_for_each_row(finish: Finish) -> int:
    """Return how many nodes are evaluated for each row of a table, by how long they take."""
    nodes = chain.from_iterable(map(walk, finish.expressions))
    return sum(SLOW.get(node.function if isinstance(node, After) else type(node), 1) for node in nodes)


def _too_many(expressions: Iterable[Expression]) -> bool:
    """Tell whether expressions have more nodes than the limit."""
    nodes = chain.from_iterable(map(walk, expressions))
    return sum(1 for _ in islice(nodes, NODE_LIMIT + 1)) > NODE_LIMIT


def _too_deep(node: Expression) -> bool:
    """Tell whether an expression of no more nodes than the limit is nested too deeply."""
    level = [node]
    for _ in range(DEPTH_LIMIT):
        level = [child for one in level for child in children(one)]
    return bool(level)


def _too_large() -> InvalidInput:
    return InvalidInput(
        Code.SQL_TOO_LARGE,
        "The question is too large, with all that its subqueries stand for.",
        "Split it into smaller questions.",
    )


def _depth(relation: Relation) -> int:
    """Return the most steps from the rows that are measured to a dataset."""
    return 1 + max((_depth(source) for source in sources(relation)), default=0)


def _expressions(draft: Draft) -> Iterator[Expression]:
    """Yield every expression of a question."""
    for step in steps(draft.relation):
        yield from expressions(step)
    yield from (key.value for key in draft.keys)
    yield from (measure.value for measure in draft.measures)
    yield from draft.finish.expressions
