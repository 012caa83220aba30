"""Windows over the rows of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.statements.sql import SqlType, Term, number, whole
from stillroom.adapters.statements.terms import term
from stillroom.model.relation import WindowFunction

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.adapters.statements.terms import Scope
    from stillroom.model.relation import Sort, Window, Windowed

_PLACED = frozenset({WindowFunction.ROW_NUMBER, WindowFunction.LAG, WindowFunction.LEAD})
"""What looks at a place in the order, whatever the frame."""

_FUNCTIONS: dict[WindowFunction, Callable[[exp.Expr, int], exp.Expr]] = {
    WindowFunction.ROW_NUMBER: lambda _value, _offset: exp.RowNumber(),
    WindowFunction.LAG: lambda value, offset: exp.Lag(this=value, offset=whole(offset)),
    WindowFunction.LEAD: lambda value, offset: exp.Lead(this=value, offset=whole(offset)),
    WindowFunction.FIRST: lambda value, _offset: exp.FirstValue(this=value),
    WindowFunction.LAST: lambda value, _offset: exp.LastValue(this=value),
    WindowFunction.COUNT: lambda value, _offset: exp.Count(this=value),
    WindowFunction.MIN: lambda value, _offset: exp.Min(this=value),
    WindowFunction.MAX: lambda value, _offset: exp.Max(this=value),
}

_TYPES = {
    WindowFunction.ROW_NUMBER: SqlType.NARROW,
    WindowFunction.COUNT: SqlType.NARROW,
    WindowFunction.SUM: SqlType.WIDE,
}
"""Types of results; all others have the type of the value. A sum is bounded by the compiler, like every number of a plan."""


def windowed(column: Windowed, window: Window, person: str, scope: Scope) -> Term:
    """Write what a window says of a row."""
    value = term(column.value, scope)
    if value.type is SqlType.NULL and column.function is not WindowFunction.COUNT:
        return value
    keys = [one.node for key in window.keys if (one := term(key, scope)).type is not SqlType.NULL]
    order = exp.Order(expressions=[_sorted(one, scope) for one in window.order]) if window.order else None
    summed = column.function is WindowFunction.SUM
    node = exp.Window(
        this=scope.dialect.total(number(value).node) if summed else _FUNCTIONS[column.function](value.node, column.offset),
        partition_by=[exp.column(person), *keys],
        order=order,
        spec=None if column.function in _PLACED else _frame(column),
    )
    return Term(node, _TYPES.get(column.function, value.type))


def _sorted(one: Sort, scope: Scope) -> exp.Ordered:
    return exp.Ordered(this=term(one.value, scope).node, desc=one.descending, nulls_first=one.nulls_first)


def _frame(column: Windowed) -> exp.WindowSpec:
    """Return which rows count: up to this one, or all."""
    end = {"end": "CURRENT ROW"} if column.running else {"end": "UNBOUNDED", "end_side": "FOLLOWING"}
    return exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", **end)
