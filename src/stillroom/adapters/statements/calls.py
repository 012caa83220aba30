"""Calls of functions: what the writers of all engines share. `model.function` says what each function means.

Each operand is written once, so that the statement is as long as the plan.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.statements.sql import LARGEST_NARROW, SqlType, Term, as_type, common, number, sql_cast, unsound, whole, within
from stillroom.model.expression import Constant
from stillroom.model.function import LARGEST_ROOTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.adapters.statements.dialect import Dialect, WritesCall
    from stillroom.model.expression import Call

SPACES = "\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""The spaces of Unicode's category Zs."""

WHOLE_SECONDS = "^(.{10}(?:[T ][0-9:]+)?)"
"""What of a timestamp is read: neither parts of its second nor its offset from UTC, which is zero."""

PLACES_LIMIT, LONGEST_DECIMAL = 18, 18
"""The most decimal places of numbers that are written or read, and the most digits of those that are read: a BIGINT holds them."""

DAY_LIMIT = 2**24
"""No day or month that becomes a date may reach this: some 45,000 years on either side, which an engine's dates have to hold."""


def called(node: Call, operands: Sequence[Term], dialect: Dialect) -> Term:
    """Translate a call.

    Raises:
        Failed: Its operands are not such as the function takes, its numbers are too large, or the engine lacks the function.
    """
    within(node.bound)
    if node.function not in dialect.functions:
        raise unsound()
    return dialect.functions[node.function](node, operands)


def numbers(operands: Sequence[Term]) -> tuple[list[exp.Expr], SqlType]:
    """Return operands in the narrowest type of numbers that holds all, and that type."""
    terms = [number(operand) for operand in operands]
    width = common(terms)
    return [as_type(one, width) for one in terms], width


def absolute(_node: Call, operands: Sequence[Term]) -> Term:
    """Write an absolute value."""
    (operand,), width = numbers(operands)
    return Term(exp.Abs(this=operand), width)


def extreme(function: type[exp.Greatest | exp.Least]) -> WritesCall:
    """Return what writes GREATEST or LEAST, where those of the engine pass over NULL."""

    def written(_node: Call, operands: Sequence[Term]) -> Term:
        shared = common(operands)
        if shared is SqlType.NULL:
            return operands[0]
        first, *others = (as_type(operand, shared) for operand in operands)
        return Term(function(this=first, expressions=others, ignore_nulls=True), shared)

    return written


def root(_node: Call, operands: Sequence[Term]) -> Term:
    """Write the whole part of a root, of a number that a double holds; what it is not taken of is NULL."""
    rooted = exp.Sqrt(this=exp.cast(inside(operands[0], 0, LARGEST_ROOTED).node, exp.DType.DOUBLE))
    return Term(sql_cast(exp.Floor(this=rooted), SqlType.NARROW), SqlType.NARROW)


def within_range(node: Call, operands: Sequence[Term]) -> Term:
    """Write NULL outside a range."""
    return inside(operands[0], constant(node, 1), constant(node, 2))


def inside(operand: Term, low: int, high: int) -> Term:
    """Write NULL outside a range by casts that are NULL where they do not fit.

    Moved so that the high end is the greatest BIGINT, only what is not above it fits; moved on so that the low end is the least, only what
    is not below it. What is left lies in the range.
    """
    up, down = LARGEST_NARROW - high, -LARGEST_NARROW - 1 - low
    below = _narrowed(_moved(as_type(number(operand), SqlType.WIDE), up))
    held = _narrowed(_moved(sql_cast(below, SqlType.WIDE), down - up))
    return Term(_narrowed(_moved(sql_cast(held, SqlType.WIDE), -down)), SqlType.NARROW)


def _moved(node: exp.Expr, by: int) -> exp.Expr:
    return exp.paren(exp.Add(this=node, expression=whole(by, SqlType.WIDE)), copy=False)


def _narrowed(node: exp.Expr) -> exp.Expr:
    """Return a number as a BIGINT; NULL where it does not fit."""
    return exp.TryCast(this=node, to=exp.DataType(this=SqlType.NARROW.value))


def plain(write: Callable[..., exp.Expr], *takes: SqlType, gives: SqlType = SqlType.TEXT) -> WritesCall:
    """Return what writes a function of operands of some types; the last type is that of all further operands."""

    def written(_node: Call, operands: Sequence[Term]) -> Term:
        types = [*takes, *[takes[-1]] * (len(operands) - len(takes))]
        return Term(write(*(as_type(operand, to) for operand, to in zip(operands, types, strict=False))), gives)

    return written


def concatenated(*texts: exp.Expr) -> exp.Expr:
    """Write texts after each other; NULL if one of them is."""
    return exp.paren(reduce(lambda left, right: exp.DPipe(this=left, expression=right, safe=True), texts), copy=False)


def constant(node: Call, place: int) -> int:
    """Return the constant number that stands at a place among the operands."""
    operand = node.operands[place] if place < len(node.operands) else None
    if not isinstance(operand, Constant) or isinstance(operand.value, bool) or not isinstance(operand.value, int):
        raise unsound()
    return operand.value
