"""Which values of a column conditions leave, and which ranges of numbers, derived from a plan's relations once more."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Literal, TypeAlias
from typing import Any as Anything

from stillroom.client.verification.declared import typed
from stillroom.client.verification.patterns import matches
from stillroom.model.expression import All, Among, Any, Column, Compare, Comparison, Constant, IsNull, Like, Not, columns_of
from stillroom.model.relation import Enrich, Filter, Join, JoinKind, Mark, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.client.verification.declared import Range, Typed
    from stillroom.model.expression import Expression
    from stillroom.model.relation import Relation
    from stillroom.model.schema import Scalar

Truth: TypeAlias = Literal["true", "false", "null", "unknown"]
"""What a condition is for a value; unknown where it has functions or arithmetic, which are not computed again here."""

_ENDLESS = (-math.inf, math.inf)

_COMPARED: dict[Comparison, Callable[[Anything, Anything], bool]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.NOT_EQUAL: operator.ne,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}


def conditions(relation: Relation, name: str) -> list[Expression]:
    """Return conditions over one column of a dataset alone that every row fulfils: filters that no outer join has put aside since."""
    match relation:
        case Filter(condition=condition):
            own = condition.operands if isinstance(condition, All) else (condition,)
            return [*conditions(relation.source, name), *(one for one in own if columns_of(one) == {name})]
        case Join(kind=kind):
            sides = {JoinKind.INNER: [relation.left, relation.right], JoinKind.LEFT: [relation.left], JoinKind.FULL: []}[kind]
            return [one for side in sides for one in conditions(side, name)]
        case Mark() | Enrich() | Window():
            return conditions(relation.source, name)
        case _:
            return []


def may_be_left_out(value: Typed, among: list[Expression]) -> bool:
    """Tell whether a value may be missing from the values of a key: a condition is not true for it, or is not computed again."""
    return any(truth(one, value[1]) != "true" for one in among)


def named(among: list[Expression]) -> frozenset[Typed] | None:
    """Return values of which a column has one where all conditions are true; None where none of them names any."""
    return next((typed(found) for one in among if (found := _named(one)) is not None), None)


def _named(condition: Expression) -> list[Scalar] | None:
    match condition:
        case Among(operand=Column()):
            return [one.value for one in condition.values]
        case Compare(comparison=Comparison.EQUAL):
            sides = {type(side): side for side in (condition.left, condition.right)}
            constant = sides.get(Constant)
            return [constant.value] if isinstance(constant, Constant) and Column in sides else None
        case Any():
            parts = [_named(one) for one in condition.operands]
            return None if None in parts else [value for part in parts for value in part or ()]
        case All():
            return next((part for one in condition.operands if (part := _named(one)) is not None), None)
        case _:
            return None


def truth(condition: Expression, value: Scalar) -> Truth:
    """Return what a condition over one column is where that has a value that is not NULL."""
    match condition:
        case IsNull(operand=Column()):
            return "false"
        case Among(operand=Column()):
            return _of(any((type(one.value), one.value) == (type(value), value) for one in condition.values))
        case Like(operand=Column()) if isinstance(value, str):
            return _of(matches(value, condition.pattern))
        case Compare():
            return _compared(condition, value)
        case Column() if isinstance(value, bool):
            return _of(value)
        case Constant(value=bool(fixed)):
            return _of(fixed)
        case Not():
            found = truth(condition.operand, value)
            return {"true": "false", "false": "true", "null": "null", "unknown": "unknown"}[found]  # type: ignore[return-value]
        case All():
            return _first([truth(one, value) for one in condition.operands], ("false", "unknown", "null"), "true")
        case Any():
            return _first([truth(one, value) for one in condition.operands], ("true", "unknown", "null"), "false")
        case _:
            return "unknown"


def _first(found: list[Truth], order: tuple[Truth, ...], otherwise: Truth) -> Truth:
    return next((one for one in order if one in found), otherwise)


def _of(found: bool) -> Truth:  # noqa: FBT001
    return "true" if found else "false"


def _compared(condition: Compare, value: Scalar) -> Truth:
    """Compare a column's value with a constant; texts by code point."""
    sides = [
        value if isinstance(side, Column) else side.value if isinstance(side, Constant) else ...
        for side in (condition.left, condition.right)
    ]
    if ... in sides:
        return "unknown"
    if None in sides:
        return "null"
    match sides:
        case [int() | str() as left, int() | str() as right] if type(left) is type(right):
            return _of(_COMPARED[condition.comparison](left, right))
        case _:
            return "unknown"


def limited(ranges: Mapping[str, Range], condition: Expression) -> dict[str, Range]:
    """Return the ranges of numbers on the rows for which a condition is true; as they were where it leaves none."""
    found = dict(ranges)
    for name in columns_of(condition) & ranges.keys():
        low, high = ranges[name]
        least, most = _span(condition, name)
        inside = max(low, least), min(high, most)
        if inside[0] <= inside[1]:
            found[name] = int(inside[0]), int(inside[1])
    return found


def _span(condition: Expression, name: str) -> tuple[float, float]:
    """Return between what a number lies where a condition is true, without end where nothing is known.

    Ends are whole numbers of the plan, which are below 2**53.
    """
    match condition:
        case All():
            spans = [_span(one, name) for one in condition.operands]
            return max(low for low, _ in spans), min(high for _, high in spans)
        case Any():
            spans = [_span(one, name) for one in condition.operands]
            return min(low for low, _ in spans), max(high for _, high in spans)
        case Among(operand=Column(name=own)) if own == name:
            values = [one.value for one in condition.values]
            return _hull([value for value in values if isinstance(value, int)]) if values else _ENDLESS
        case Compare(left=Column(name=own), right=Constant(value=int(end))) if own == name:
            spans_below = {Comparison.EQUAL: (end, end), Comparison.LESS: (-math.inf, end - 1), Comparison.LESS_OR_EQUAL: (-math.inf, end)}
            return spans_below.get(condition.comparison, _ENDLESS)
        case Compare(left=Constant(value=int(end)), right=Column(name=own)) if own == name:
            spans_above = {Comparison.EQUAL: (end, end), Comparison.LESS: (end + 1, math.inf), Comparison.LESS_OR_EQUAL: (end, math.inf)}
            return spans_above.get(condition.comparison, _ENDLESS)
        case _:
            return _ENDLESS


def _hull(values: list[int]) -> tuple[float, float]:
    return (min(values), max(values)) if values else _ENDLESS
