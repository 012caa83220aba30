"""Patterns of LIKE and ILIKE that are put together from texts, as one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


def with_patterns_joined(statement: exp.Expr) -> None:
    """Write a pattern such as '%' || 'x' || '%', of which a parameter may be a part, as the constant that it is."""
    from sqlglot import exp

    for node in statement.find_all(exp.Like, exp.ILike):
        text = _joined(node.expression)
        if text is not None:
            node.set("expression", exp.Literal.string(text))


def _joined(node: exp.Expr) -> str | None:
    """Return the text that constants make, one after the other; None where something else is among them."""
    from sqlglot import exp

    node = node.unnest()
    match node:
        case exp.Literal():
            return str(node.this) if node.is_string else None
        case exp.DPipe():
            parts = [_joined(part) for part in (node.this, node.expression)]
            return None if None in parts else "".join(part for part in parts if part is not None)
        case _:
            return None
