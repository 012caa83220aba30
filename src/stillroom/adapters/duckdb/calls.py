"""Functions of a plan as SQL that cannot fail; `model.function` says what each means.

Each operand is written once, so that the statement is as long as the plan. DuckDB repeats the operand of BETWEEN and NULLIF itself;
neither is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.duckdb.sql import LARGEST_NARROW, SqlType, Term, as_type, common, number, sql_cast, unsound, whole, within
from stillroom.model.expression import Constant
from stillroom.model.function import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.expression import Call


def called(node: Call, operands: Sequence[Term]) -> Term:
    """Translate a call.

    Raises:
        Failed: Its operands are not such as the function takes, or its numbers are too large.
    """
    within(node.bound)
    return _WRITTEN[node.function](node, operands)


def _binary(operator: type[exp.Binary]) -> Callable[[Call, Sequence[Term]], Term]:
    """Return what writes an operation of two numbers; for the divisor 0 it is NULL, as the connection says."""

    def written(_node: Call, operands: Sequence[Term]) -> Term:
        (left, right), width = _numbers(operands)
        return Term(exp.paren(operator(this=left, expression=right), copy=False), width)

    return written


def _numbers(operands: Sequence[Term]) -> tuple[list[exp.Expr], SqlType]:
    """Return operands in the narrowest type of numbers that holds all, and that type."""
    numbers = [number(operand) for operand in operands]
    width = common(numbers)
    return [as_type(one, width) for one in numbers], width


def _absolute(_node: Call, operands: Sequence[Term]) -> Term:
    (operand,), width = _numbers(operands)
    return Term(exp.Abs(this=operand), width)


def _floor(node: Call, operands: Sequence[Term]) -> Term:
    """Write floor(x / d) as (x + k·d) // d - k, where x + k·d is never below 0: `//` cuts off towards zero."""
    operand, divisor = operands[0], _constant(node, 1)
    if divisor < 1:
        raise unsound()
    times = node.bound // divisor + 1
    wide = operand.type is SqlType.WIDE or within(node.bound + times * divisor) > LARGEST_NARROW
    width = SqlType.WIDE if wide else SqlType.NARROW
    raised = exp.Add(this=as_type(operand, width), expression=whole(times * divisor, width))
    quotient = exp.IntDiv(this=exp.paren(raised, copy=False), expression=whole(divisor, width))
    return Term(exp.paren(exp.Sub(this=exp.paren(quotient, copy=False), expression=whole(times, width)), copy=False), width)


def _extreme(function: type[exp.Greatest | exp.Least]) -> Callable[[Call, Sequence[Term]], Term]:
    """Return what writes GREATEST or LEAST, which pass over NULL."""

    def written(_node: Call, operands: Sequence[Term]) -> Term:
        shared = common(operands)
        if shared is SqlType.NULL:
            return operands[0]
        first, *others = (as_type(operand, shared) for operand in operands)
        return Term(function(this=first, expressions=others, ignore_nulls=True), shared)

    return written


def _within(node: Call, operands: Sequence[Term]) -> Term:
    """Write NULL outside a range by casts that are NULL where they do not fit.

    Moved so that the high end is the greatest BIGINT, only what is not above it fits; moved on so that the low end is the least, only what
    is not below it. What is left lies in the range.
    """
    low, high = _constant(node, 1), _constant(node, 2)
    up, down = LARGEST_NARROW - high, -LARGEST_NARROW - 1 - low
    below = _narrowed(_moved(as_type(number(operands[0]), SqlType.WIDE), up))
    inside = _narrowed(_moved(sql_cast(below, SqlType.WIDE), down - up))
    return Term(_narrowed(_moved(sql_cast(inside, SqlType.WIDE), -down)), SqlType.NARROW)


def _moved(node: exp.Expr, by: int) -> exp.Expr:
    return exp.paren(exp.Add(this=node, expression=whole(by, SqlType.WIDE)), copy=False)


def _narrowed(node: exp.Expr) -> exp.Expr:
    """Return a number as a BIGINT; NULL where it does not fit."""
    return exp.TryCast(this=node, to=exp.DataType(this=SqlType.NARROW.value))


def _constant(node: Call, place: int) -> int:
    """Return the constant number that stands at a place among the operands."""
    operand = node.operands[place] if place < len(node.operands) else None
    if not isinstance(operand, Constant) or isinstance(operand.value, bool) or not isinstance(operand.value, int):
        raise unsound()
    return operand.value


_WRITTEN: dict[Function, Callable[[Call, Sequence[Term]], Term]] = {
    Function.ABSOLUTE: _absolute,
    Function.QUOTIENT: _binary(exp.IntDiv),
    Function.REMAINDER: _binary(exp.Mod),
    Function.FLOOR: _floor,
    Function.GREATEST: _extreme(exp.Greatest),
    Function.LEAST: _extreme(exp.Least),
    Function.WITHIN: _within,
}
