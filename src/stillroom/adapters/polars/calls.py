"""Functions of a plan as expressions of Polars that cannot fail; `model.function` says what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars import dates, texts
from stillroom.adapters.polars.operands import constant_number, inside
from stillroom.adapters.polars.values import Term, Type, alike, as_type, common, null, number, whole
from stillroom.adapters.statements.sql import unsound, within
from stillroom.model.function import LARGEST_ROOTED, Function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.adapters.polars.values import Scope
    from stillroom.model.expression import Call


def called(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Translate a call.

    Raises:
        Failed: Its operands are not such as the function takes, or its numbers are too large.
    """
    within(node.bound)
    return _WRITTEN[node.function](node, operands, scope)


def _numbers(operands: Sequence[Term]) -> tuple[list[pl.Expr], Type]:
    """Return operands in the narrowest type of numbers that holds all, and that type."""
    numbers = [number(operand) for operand in operands]
    width = common(numbers)
    return [as_type(one, width) for one in numbers], width


def _absolute(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    (operand,), width = _numbers(operands)
    return Term(operand.abs(), width)


def _quotient(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    (left, right), width = _numbers(operands)
    return Term(left.truncdiv(right), width)


def _remainder(_node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Write what the quotient leaves: Polars' own remainder has the sign of the divisor."""
    numbers, width = _numbers(operands)
    left, right = map(scope.bind, numbers)
    return Term(left - left.truncdiv(right) * right, width)


def _floor(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    divisor = constant_number(node, 1)
    if divisor < 1:
        raise unsound()
    operand = number(operands[0])
    return Term(operand.node // whole(divisor, operand.type), operand.type)


def _root(_node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    held = inside(operands[0], 0, LARGEST_ROOTED, scope)
    return Term(held.node.cast(pl.Float64).sqrt().floor().cast(Type.NARROW.value), Type.NARROW)


def _greatest(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write GREATEST, which passes over NULL."""
    return _extreme(operands, pl.max_horizontal)


def _least(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    return _extreme(operands, pl.min_horizontal)


def _extreme(operands: Sequence[Term], function: Callable[[list[pl.Expr]], pl.Expr]) -> Term:
    if common(operands) is Type.NULL:
        return Term(null(), Type.NULL)
    nodes, shared = alike(operands)
    return Term(function(nodes), shared)


def _within(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    return inside(operands[0], constant_number(node, 1), constant_number(node, 2), scope)


_WRITTEN: dict[Function, Callable[[Call, Sequence[Term], Scope], Term]] = {
    Function.ABSOLUTE: _absolute,
    Function.QUOTIENT: _quotient,
    Function.REMAINDER: _remainder,
    Function.FLOOR: _floor,
    Function.ROOT: _root,
    Function.GREATEST: _greatest,
    Function.LEAST: _least,
    Function.WITHIN: _within,
    Function.LENGTH: texts.length,
    Function.LOWER: texts.lower,
    Function.UPPER: texts.upper,
    Function.TRIM_START: texts.trim_start,
    Function.TRIM_END: texts.trim_end,
    Function.SUBSTRING: texts.substring,
    Function.RIGHT: texts.right,
    Function.REVERSE: texts.reverse,
    Function.CONCAT: texts.concat,
    Function.REPLACE: texts.replace,
    Function.POSITION: texts.position,
    Function.NUMBER_TEXT: texts.number_text,
    Function.TEXT_NUMBER: texts.text_number,
    Function.TEXT_TRUTH: texts.text_truth,
    Function.DATE_TEXT: dates.date_text,
    Function.TEXT_DATE: dates.text_date,
    Function.TEXT_TIMESTAMP: dates.text_timestamp,
    Function.MONTHS: dates.months,
    Function.MONTH_START: dates.month_start,
    Function.DAY_OF_MONTH: dates.day_of_month,
    Function.DAY_OF_YEAR: dates.day_of_year,
    Function.WEEK: dates.week,
    Function.ADD_MONTHS: dates.add_months,
}
