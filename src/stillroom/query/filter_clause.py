"""FILTER (WHERE …) of an aggregate of one person's rows, and COUNT_IF, which is COUNT(*) with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.query.expressions import condition
from stillroom.query.text.parse import only
from stillroom.query.typed import both_true

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.frame import Frame
    from stillroom.query.typed import Typed


def without_filter(node: exp.Expr, frame: Frame) -> tuple[exp.Expr, Typed | None]:
    """Return an aggregate, and the condition that the rows which it is made of fulfil, if it has one."""
    from sqlglot import exp

    given = None
    if isinstance(node, exp.Filter):
        only(node, {"this", "expression"})
        node, given = node.this, condition(node.expression.this, frame)
    if isinstance(node, exp.CountIf):
        only(node, {"this"})
        test = condition(node.this, frame)
        return exp.Count(this=exp.Star()), test if given is None else both_true(given, test)
    return node, given
