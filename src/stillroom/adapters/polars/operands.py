"""What functions ask of their operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars.values import Term, Type, as_type, number, whole
from stillroom.adapters.statements.sql import unsound
from stillroom.model.expression import Constant

if TYPE_CHECKING:
    from stillroom.adapters.polars.values import Scope
    from stillroom.model.expression import Call


def constant_number(node: Call, place: int) -> int:
    """Return the constant number that stands at a place among the operands.

    Raises:
        Failed: None does.
    """
    value = _constant(node, place)
    if isinstance(value, bool) or not isinstance(value, int):
        raise unsound()
    return value


def constant_text(node: Call, place: int) -> str:
    """Return the constant text that stands at a place among the operands.

    Raises:
        Failed: None does.
    """
    value = _constant(node, place)
    if not isinstance(value, str):
        raise unsound()
    return value


def _constant(node: Call, place: int) -> bool | int | str | None:
    operand = node.operands[place] if place < len(node.operands) else None
    return operand.value if isinstance(operand, Constant) else None


def text(operand: Term) -> pl.Expr:
    """Return an operand as text."""
    return as_type(operand, Type.TEXT)


def wide(operand: Term) -> pl.Expr:
    """Return an operand as a wide number."""
    return as_type(number(operand), Type.WIDE)


def bound_text(operand: Term, scope: Scope) -> pl.Expr:
    """Return an operand as text that may be read more than once."""
    return scope.bind(text(operand))


def inside(operand: Term, low: int, high: int, scope: Scope) -> Term:
    """Write a number; NULL outside a range of narrow ones."""
    value = scope.bind(wide(operand))
    fits = value.is_between(whole(low, Type.WIDE), whole(high, Type.WIDE))
    return Term(pl.when(fits).then(value).cast(Type.NARROW.value), Type.NARROW)
