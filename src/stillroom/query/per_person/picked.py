"""What one of a person's rows says: the first or last of them, the one with the least or most of something, or the most frequent value.

A window says it in every row of the group, and the total is the least of these equal values. The order of rows is completed as that of any
window is, so that it depends on nothing but the rows; where several have as little or as much, or as many, it is the least of their
values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.relation import Sort, WindowFunction
from stillroom.query.aggregate_types import ROW
from stillroom.query.constants import NULL
from stillroom.query.expressions import absent, row_expression
from stillroom.query.functions.call import whole
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, choice
from stillroom.query.windows import sort, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from stillroom.query.windows import Windows

PICKED = frozenset({"first", "last", "argmin", "argmax", "mode"})
"""Aggregates that say what one row says, by the names of their syntax nodes."""


def picked(node: exp.Expr, given: Typed | None, windows: Windows, keys: Sequence[Typed]) -> Typed:
    """Return the column that says in every row of a group what one of them says.

    Args:
        node: The aggregate.
        given: The condition of its FILTER.
        windows: The rows.
        keys: What they are grouped by besides the person.

    Raises:
        Refusal: It is not written in a supported form.
    """
    if node.key in {"first", "last"}:
        return _first(node, given, windows, keys)
    if node.key == "mode":
        return _most_frequent(node, given, windows, keys)
    only(node, {"this", "expression"})
    if node.this is None or node.expression is None:
        raise unsupported(node)
    value, by = (where(given, row_expression(operand, windows.frame)) for operand in (node.this, node.expression))
    return _best(value, by, windows, keys, most=node.key == "argmax")


def _first(node: exp.Expr, given: Typed | None, windows: Windows, keys: Sequence[Typed]) -> Typed:
    """Return what the first or the last row of an order says, NULL included."""
    from sqlglot import exp

    only(node, {"this"})
    if not isinstance(node.this, exp.Order):
        name = node.key.upper()
        fix = f"Write {name}(column ORDER BY …), or MIN(column), which depends on no order."
        raise Refusal(Code.AGGREGATE_NOT_ALLOWED, f"{name} without an order could be of any row.", fix)
    only(node.this, {"this", "expressions"})
    terms = [sort(term, windows.frame) for term in node.this.expressions]
    if node.key == "last":
        terms = [(typed, _reversed(term)) for typed, term in terms]
    if given is not None:
        chosen = choice([(given, whole(1))], whole(2))
        terms = [(chosen, Sort(value=chosen.expression)), *terms]
    value = where(given, row_expression(node.this.this, windows.frame))
    return windows.add(keys, terms, [(WindowFunction.FIRST, value)])[0]


def _reversed(term: Sort) -> Sort:
    return term.model_copy(update={"descending": not term.descending, "nulls_first": not term.nulls_first})


def _most_frequent(node: exp.Expr, given: Typed | None, windows: Windows, keys: Sequence[Typed]) -> Typed:
    """Return the value that most rows have, the least of several."""
    only(node, {"this"})
    if node.this is None:
        raise unsupported(node)
    value = where(given, row_expression(node.this, windows.frame))
    times = windows.add([*keys, value], [], [(WindowFunction.COUNT, ROW)])[0]
    return _best(value, times, windows, keys, most=True)


def _best(value: Typed, by: Typed, windows: Windows, keys: Sequence[Typed], *, most: bool) -> Typed:
    """Return the value of the row that has the least or the most of something, of rows that have both; NULL without one."""
    value, by = choice([(absent(by), NULL)], value), choice([(absent(value), NULL)], by)
    terms = [(by, Sort(value=by.expression, descending=most)), (value, Sort(value=value.expression))]
    return windows.add(keys, terms, [(WindowFunction.FIRST, value)])[0]
