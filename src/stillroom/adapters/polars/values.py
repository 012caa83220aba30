"""What expressions become: typed columns of Polars. Nothing here depends on a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.statements.sql import LARGEST_NARROW, unsound
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Type(Enum):
    """The types that occur. There is no floating point."""

    NARROW = pl.Int64()
    WIDE = pl.Int128()
    TEXT = pl.String()
    TRUTH = pl.Boolean()
    NULL = pl.Null()
    """The type of a value that is always NULL; it becomes any other type."""


_TYPES = {
    Kind.INTEGER: Type.NARROW,
    Kind.DECIMAL: Type.NARROW,
    Kind.DATE: Type.NARROW,
    Kind.TIMESTAMP: Type.NARROW,
    Kind.TEXT: Type.TEXT,
    Kind.BOOLEAN: Type.TRUTH,
}


@dataclass(frozen=True)
class Term:
    """An expression of Polars and its type."""

    node: pl.Expr
    type: Type


class Names:
    """Makes up the name of every column, each once: no name of a contract or question can be taken for another."""

    def __init__(self) -> None:
        """Start counting."""
        self._numbers = count()

    def new(self) -> str:
        """Return a new name."""
        return f"c{next(self._numbers)}"


class Scope:
    """What the names in expressions stand for, and the columns that must be there before the expressions can be computed."""

    def __init__(self, columns: Mapping[str, Term], names: Names) -> None:
        """Start with the columns of some rows."""
        self.columns = columns
        self._names = names
        self._bound: list[pl.Expr] = []

    def bind(self, node: pl.Expr) -> pl.Expr:
        """Give an expression a column, so that what is made of it may read it more than once: trees are never written twice."""
        name = self._names.new()
        self._bound.append(node.alias(name))
        return pl.col(name)

    def onto(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add all bound columns to the rows, in order, since later ones may read earlier ones."""
        for node in self._bound:
            frame = frame.with_columns(node)
        return frame


def type_of(kind: Kind) -> Type:
    """Return the type in which columns of a kind are kept."""
    return _TYPES[kind]


def null(to: Type = Type.NULL) -> pl.Expr:
    """Return NULL in a type."""
    return pl.lit(None, dtype=to.value)


def constant(value: bool | int | str | None) -> Term:  # noqa: FBT001  a value, not a switch
    """Return a constant in the narrowest type that holds it."""
    match value:
        case None:
            return Term(null(), Type.NULL)
        case bool():
            return Term(pl.lit(value, dtype=Type.TRUTH.value), Type.TRUTH)
        case int():
            width = Type.NARROW if abs(value) <= LARGEST_NARROW else Type.WIDE
            return Term(whole(value, width), width)
        case str():
            return Term(pl.lit(value, dtype=Type.TEXT.value), Type.TEXT)


def whole(value: int, width: Type = Type.NARROW) -> pl.Expr:
    """Return a constant number of a type."""
    return pl.lit(value, dtype=width.value)


def as_type(value: Term, to: Type) -> pl.Expr:
    """Return a term in a type that holds all its values.

    Raises:
        Failed: Not every value of the term has one in that type.
    """
    if value.type is to:
        return value.node
    if value.type is Type.NULL:
        return null(to)
    if (value.type, to) == (Type.NARROW, Type.WIDE):
        return value.node.cast(to.value)
    raise unsound()


def number(value: Term) -> Term:
    """Return a term as a number.

    Raises:
        Failed: It is not one.
    """
    width = Type.WIDE if value.type is Type.WIDE else Type.NARROW
    return Term(as_type(value, width), width)


def common(terms: Iterable[Term]) -> Type:
    """Return the narrowest type that holds the values of all terms.

    Raises:
        Failed: There is none.
    """
    types = {value.type for value in terms} - {Type.NULL}
    if types == {Type.NARROW, Type.WIDE}:
        return Type.WIDE
    if len(types) > 1:
        raise unsound()
    return types.pop() if types else Type.NULL


def alike(terms: Iterable[Term]) -> tuple[list[pl.Expr], Type]:
    """Bring terms to one type, and return that; where all are NULL, any will do."""
    known = list(terms)
    shared = common(known)
    shared = Type.TRUTH if shared is Type.NULL else shared
    return [as_type(value, shared) for value in known], shared
