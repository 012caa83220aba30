"""Expressions are read as they were put together: whatever stands in whatever, no sign binds otherwise than Python had it."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from stillroom.client.expressions import Expression, col, lit, when
from stillroom.query.text.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    Shape: TypeAlias = "tuple[object, ...]"
    Made: TypeAlias = "tuple[Expression, Shape]"

BINARY: dict[str, Callable[[Expression, Expression], Expression]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
    "IntDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "EQ": operator.eq,
    "NEQ": operator.ne,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
    "And": operator.and_,
    "Or": operator.or_,
    "NullSafeEQ": lambda one, other: one.eq_missing(other),
    "NullSafeNEQ": lambda one, other: one.ne_missing(other),
    "Nullif": lambda one, other: one.nullif(other),
    "StrPosition": lambda one, other: one.str.position(other),
}
UNARY: dict[str, Callable[[Expression], Expression]] = {
    "Neg": operator.neg,
    "Not": operator.invert,
    "Abs": operator.abs,
    "Floor": lambda one: one.floor(),
    "Lower": lambda one: one.str.lower(),
    "Year": lambda one: one.dt.year(),
}
NULL = ("Null",)


def shape(node: exp.Expr) -> Shape:
    """Return what stands in what, without parentheses."""
    match node:
        case exp.Paren():
            return shape(node.this)
        case exp.Column():
            return ("Column", node.name)
        case exp.Literal():
            return ("Literal", node.this)
        case _:
            return (type(node).__name__, *map(shape, node.iter_expressions()))


def number(value: int) -> Made:
    """Return a constant."""
    size = ("Literal", str(abs(value)))
    return lit(value), size if value >= 0 else ("Neg", size)


LEAVES = st.sampled_from(["a", "b"]).map(lambda name: (col(name), ("Column", name))) | st.integers(-9, 9).map(number)


def larger(parts: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    """Return what is put together of some parts."""
    return st.one_of(
        st.builds(lambda name, one: (UNARY[name](one[0]), (name, one[1])), st.sampled_from(sorted(UNARY)), parts),
        st.builds(
            lambda name, one, other: (BINARY[name](one[0], other[0]), (name, one[1], other[1])),
            st.sampled_from(sorted(BINARY)),
            parts,
            parts,
        ),
        st.builds(lambda one: (one[0].is_null(), ("Is", one[1], NULL)), parts),
        st.builds(lambda one: (one[0].is_not_null(), ("Not", ("Is", one[1], NULL))), parts),
        st.builds(lambda one: (one[0].is_in([3]), ("In", one[1], ("Literal", "3"))), parts),
        st.builds(lambda one: (one[0].like("x%"), ("Like", one[1], ("Literal", "x%"))), parts),
        st.builds(lambda one, low, high: (one[0].is_between(low[0], high[0]), ("Between", one[1], low[1], high[1])), parts, parts, parts),
        st.builds(
            lambda test, one, other: (
                when(test[0], one[0]).otherwise(other[0]),
                ("Case", ("If", test[1], one[1]), other[1]),
            ),
            parts,
            parts,
            parts,
        ),
        st.builds(
            lambda one: (
                one[0].clip(1),
                ("Case", ("If", ("Is", one[1], NULL), NULL), ("Greatest", one[1], ("Literal", "1"))),
            ),
            parts,
        ),
        st.builds(lambda one: (one[0].dt.offset_by(-3, "month"), ("Sub", one[1], ("Interval", ("Literal", "3"), ("Var",)))), parts),
    )


@given(st.recursive(LEAVES, larger, max_leaves=8))
def test_an_expression_is_read_as_it_is_put_together(made: Made) -> None:
    expression, expected = made
    read = parse(f"SELECT {expression.sql} FROM members", {}).expressions[0]
    assert shape(read) == expected, expression.sql
