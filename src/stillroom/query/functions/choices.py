"""Functions that choose among values: COALESCE, NULLIF, IF, GREATEST and LEAST."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from stillroom.admission.cells import limits
from stillroom.model.expression import Comparison, Constant, IsNull, Not
from stillroom.model.function import Function
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.comparisons import BOOLEAN, as_condition, calendar_kind, comparison_of, of_calendar, same_kind
from stillroom.query.constants import NULL
from stillroom.query.functions.call import called
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, choice, combined, is_null, picked, unified

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand


def _all_of(node: exp.Expr, operand: Operand) -> list[Typed]:
    """Compile the operands of a call with any number of them; beside dates and timestamps, constant text is read as one."""
    only(node, {"this", "expressions", "ignore_nulls"})
    found = [operand(one) for one in (node.this, *node.expressions)]
    beside = calendar_kind(found)
    return [one if beside is None else of_calendar(one, beside) for one in found]


def _coalesce(node: exp.Expr, operand: Operand) -> Typed:
    """Return the first value that is not NULL."""
    return reduce(lambda later, first: either(first, later), reversed(_all_of(node, operand)))


def either(first: Typed, later: Typed) -> Typed:
    """Return a value, and another where it is NULL."""
    if is_null(first) or is_null(later):
        return later if is_null(first) else first
    missing = combined(IsNull(operand=first.expression), BOOLEAN, first)
    present = combined(Not(operand=missing.expression), BOOLEAN, missing)
    return picked([(present, first)], later, nullable=first.type.nullable and later.type.nullable)


def _nullif(node: exp.Expr, operand: Operand) -> Typed:
    """Return a value, and NULL where it equals another; the other is only compared with."""
    only(node, {"this", "expression"})
    value, other = same_kind(operand(node.this), operand(node.expression))
    return picked([(comparison_of(Comparison.EQUAL, value, other.as_test()), NULL)], value, nullable=True)


def _if(node: exp.Expr, operand: Operand) -> Typed:
    """Return one of two values, as CASE does."""
    only(node, {"this", "true", "false"})
    otherwise = node.args.get("false")
    if otherwise is None:
        raise unsupported(node)
    return choice([(as_condition(operand(node.this)), operand(node.args["true"]))], operand(otherwise))


def _greatest(node: exp.Expr, operand: Operand) -> Typed:
    return extreme(Function.GREATEST, *_all_of(node, operand))


def _least(node: exp.Expr, operand: Operand) -> Typed:
    return extreme(Function.LEAST, *_all_of(node, operand))


def extreme(function: Function, *operands: Typed) -> Typed:
    """Return the greatest or least of values that are not NULL.

    A constant is always there, so that the greatest is not below it. What the contract does not bound is bounded by admission.
    """
    found = [one for one in operands if not is_null(one)]
    results, kind = unified(found)
    if len(results) == 1:
        return results[0]
    low, high = _ends(function, results)
    missing = all(one.type.nullable for one in results)
    lengths = [one.type.longest for one in results]
    length = max(one or 0 for one in lengths) if kind.kind is Kind.TEXT and None not in lengths else None
    kind = ColumnType(kind=kind.kind, digits=kind.digits, low=low, high=high, length=length, nullable=missing)
    return called(function, kind, *results)


def _ends(function: Function, operands: list[Typed]) -> tuple[int | None, int | None]:
    """Return the range of the greatest or least of numbers, dates or timestamps."""
    if operands[0].type.kind in {Kind.TEXT, Kind.BOOLEAN}:
        return None, None
    found = [limits(one.type.model_copy(update={"step": 1})) for one in operands]
    lows, highs = [low for low, _ in found], [high for _, high in found]
    sure = [place for place, one in enumerate(operands) if isinstance(one.expression, Constant)]
    if function is Function.GREATEST:
        return max([min(lows), *(lows[place] for place in sure)]), max(highs)
    return min(lows), min([max(highs), *(highs[place] for place in sure)])


CHOICES: dict[str, Meaning] = {
    "Coalesce": _coalesce,
    "Nullif": _nullif,
    "If": _if,
    "Greatest": _greatest,
    "Least": _least,
}
