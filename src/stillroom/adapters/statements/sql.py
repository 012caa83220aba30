"""What statements are made of: SQL expressions with their types, numbers and casts. Nothing here depends on a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.errors import Code, Failed
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_NARROW = 2**63 - 1
"""The largest number of a BIGINT, and the least negated."""

NUMBER_LIMIT = 2**110
"""No number of a plan may reach this. A dividend is doubled and a result passes through 36 decimal digits, which hold it."""


class SqlType(Enum):
    """The types that occur. There is no floating point."""

    NARROW = exp.DType.BIGINT
    WIDE = exp.DType.INT128
    TEXT = exp.DType.TEXT
    TRUTH = exp.DType.BOOLEAN
    NULL = exp.DType.NULL
    """The type of a value that is always NULL; it becomes any other type."""


_TYPES = {
    Kind.INTEGER: SqlType.NARROW,
    Kind.DECIMAL: SqlType.NARROW,
    Kind.DATE: SqlType.NARROW,
    Kind.TIMESTAMP: SqlType.NARROW,
    Kind.TEXT: SqlType.TEXT,
    Kind.BOOLEAN: SqlType.TRUTH,
}


@dataclass(frozen=True)
class Term:
    """A SQL expression and its type."""

    node: exp.Expr
    type: SqlType


class Texts:
    """Text constants, bound to the statement as parameters: no text of a question or a contract becomes SQL."""

    def __init__(self) -> None:
        """Start without any."""
        self._names: dict[str, str] = {}

    def bind(self, text: str) -> exp.Expr:
        """Return a parameter that stands for a text."""
        name = self._names.setdefault(text, f"s{len(self._names)}")
        return sql_cast(exp.Placeholder(this=name), SqlType.TEXT)

    def parameters(self) -> dict[str, str]:
        """Return the value of each parameter."""
        return {name: text for text, name in self._names.items()}


def type_of(kind: Kind) -> SqlType:
    """Return the type in which columns of a kind are stored."""
    return _TYPES[kind]


def whole(value: int, width: SqlType = SqlType.NARROW) -> exp.Expr:
    """Return a constant number of a type. Engines give a bare literal the narrowest type, in which a sum of two could overflow."""
    literal = exp.Literal.number(abs(value))
    return sql_cast(exp.Neg(this=literal) if value < 0 else literal, width)


def all_of(source: exp.Expr, *more: exp.Expr) -> exp.Select:
    """Return all columns of an item of FROM, and some more."""
    return exp.select(exp.Star(), *more, copy=False).from_(source, copy=False)


def sql_cast(node: exp.Expr, to: SqlType) -> exp.Expr:
    """Return a cast."""
    return exp.Cast(this=node, to=exp.DataType(this=to.value))


def as_type(value: Term, to: SqlType) -> exp.Expr:
    """Return a term in a type that holds all its values.

    Raises:
        Failed: Not every value of the term has one in that type.
    """
    if value.type is to:
        return value.node
    if value.type is SqlType.NULL or (value.type, to) == (SqlType.NARROW, SqlType.WIDE):
        return sql_cast(value.node, to)
    raise unsound()


def number(value: Term) -> Term:
    """Return a term as a number.

    Raises:
        Failed: It is not one.
    """
    width = SqlType.WIDE if value.type is SqlType.WIDE else SqlType.NARROW
    return Term(as_type(value, width), width)


def common(terms: Iterable[Term]) -> SqlType:
    """Return the narrowest type that holds the values of all terms.

    Raises:
        Failed: There is none.
    """
    types = {value.type for value in terms} - {SqlType.NULL}
    if types == {SqlType.NARROW, SqlType.WIDE}:
        return SqlType.WIDE
    if len(types) > 1:
        raise unsound()
    return types.pop() if types else SqlType.NULL


def unsound() -> Failed:
    """Return the error for a plan that the compiler would never make. It depends on the plan only."""
    return Failed(
        Code.RUN_FAILED,
        "The plan mixes types, or has numbers beyond what the engine computes.",
        "Ask in another way, and report this question to the room's operator.",
    )


def within(bound: int, limit: int = NUMBER_LIMIT) -> int:
    """Return a bound of absolute values.

    Raises:
        Failed: It reaches the limit.
    """
    if bound >= limit:
        raise unsound()
    return bound
