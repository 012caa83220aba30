"""Windows over the rows of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars.terms import term
from stillroom.adapters.polars.values import Term, Type, number
from stillroom.model.relation import WindowFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.polars.values import Scope
    from stillroom.model.relation import Window, Windowed

_TYPES = {
    WindowFunction.ROW_NUMBER: Type.NARROW,
    WindowFunction.COUNT: Type.NARROW,
    WindowFunction.SUM: Type.WIDE,
}
"""Types of results; all others have the type of the value. A sum is bounded by the compiler, like every number of a plan."""


def partition(window: Window, person: str, scope: Scope) -> list[pl.Expr]:
    """Return what rows have in common that look at each other; a key that is always NULL tells none apart."""
    keys = [one.node for key in window.keys if (one := term(key, scope)).type is not Type.NULL]
    return [pl.col(person), *map(scope.bind, keys)]


def in_order(frame: pl.LazyFrame, window: Window, scope: Scope) -> pl.LazyFrame:
    """Put rows in the window's order: the rows of each partition, wherever they stand, are in it."""
    terms = [(scope.bind(one.node), sort) for sort in window.order if (one := term(sort.value, scope)).type is not Type.NULL]
    frame = scope.onto(frame)
    if not terms:
        return frame
    return frame.sort(
        [node for node, _ in terms],
        descending=[sort.descending for _, sort in terms],
        nulls_last=[not sort.nulls_first for _, sort in terms],
    )


def windowed(column: Windowed, among: Sequence[pl.Expr], place: pl.Expr, scope: Scope) -> Term:
    """Write what a window says of a row, given what its partition has in common and where rows stand."""
    value = term(column.value, scope)
    if value.type is Type.NULL and column.function is not WindowFunction.COUNT:
        return value
    if column.function is WindowFunction.SUM:
        value = Term(number(value).node.cast(Type.WIDE.value), Type.WIDE)
    kind = _TYPES.get(column.function, value.type)
    said = _said(column, scope.bind(value.node)).over(among, order_by=place)
    return Term(said.cast(kind.value), kind)


def _said(column: Windowed, value: pl.Expr) -> pl.Expr:
    match column.function:
        case WindowFunction.ROW_NUMBER:
            return pl.int_range(1, pl.len() + 1, dtype=Type.NARROW.value)
        case WindowFunction.LAG:
            return value.shift(column.offset)
        case WindowFunction.LEAD:
            return value.shift(-column.offset)
        case WindowFunction.FIRST:
            return value.first()
        case WindowFunction.LAST:
            return value if column.running else value.last()
        case _:
            return _running(column.function, value) if column.running else _total(column.function, value)


def _total(function: WindowFunction, value: pl.Expr) -> pl.Expr:
    """Write what is made of all rows. A sum of none is NULL."""
    match function:
        case WindowFunction.COUNT:
            return value.count()
        case WindowFunction.SUM:
            return pl.when(value.count() > 0).then(value.sum())
        case WindowFunction.MIN:
            return value.min()
        case _:
            return value.max()


def _running(function: WindowFunction, value: pl.Expr) -> pl.Expr:
    """Write what is made of the rows up to each; where a row has no value, nothing changes."""
    match function:
        case WindowFunction.COUNT:
            return value.cum_count()
        case WindowFunction.SUM:
            return value.cum_sum().forward_fill()
        case WindowFunction.MIN:
            return value.cum_min().forward_fill()
        case _:
            return value.cum_max().forward_fill()
