"""Whether windows take a person's rows in an order that nothing but the rows decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.outcome import Broken
from stillroom.model.expression import Column, children
from stillroom.model.relation import Window, WindowFunction, expressions, produced, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation

_OF_ALL_ROWS = frozenset({WindowFunction.COUNT, WindowFunction.SUM, WindowFunction.MIN, WindowFunction.MAX})
"""What does not depend on an order, unless it runs up to the row itself."""


def check_orders(plan: Plan) -> None:
    """See that rows which tie in a window are equal in all that the plan reads of them afterwards.

    Then it does not matter which of them comes first, and what a window says is a function of the person's rows as a multiset. If it
    mattered, an engine would decide by how rows are stored, and one person's rows could change what another contributes.

    Raises:
        Broken: The plan reads a column by which rows differ that tie.
    """
    whole = tuple(steps(plan.whole))
    for window in (step for step in whole if isinstance(step, Window)):
        if any(column.running or column.function not in _OF_ALL_ROWS for column in window.columns) and untold(plan, whole, window):
            raise Broken("the order of a window does not tell apart all rows that the plan does")


def untold(plan: Plan, whole: Sequence[Relation], window: Window) -> frozenset[str]:
    """Return the columns of a window's rows that a plan reads after it, outside of what stands in its order and its keys.

    Args:
        plan: The plan.
        whole: The steps of its rows, of which the window is one. Each comes once, so that it is known by identity.
        window: The window.
    """
    below = {id(step) for step in steps(window.source)}
    read = [one for step in whole if id(step) not in below for one in expressions(step)]
    read += [key.value for key in plan.keys] + [measure.value for measure in plan.measures]
    told = frozenset((*window.keys, *(term.value for term in window.order)))
    return frozenset(name for one in read for name in _beyond(one, told)) & produced(window.source)


def _beyond(node: Expression, told: frozenset[Expression]) -> Iterator[str]:
    """Yield the columns that an expression reads outside of others."""
    if node in told:
        return
    if isinstance(node, Column):
        yield node.name
    for child in children(node):
        yield from _beyond(child, told)
