"""The order of rows: columns and expressions, from the least to the greatest or the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from stillroom.client.expressions.piece import Piece, column, no_position, written
from stillroom.client.expressions.scalars import listed
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Ordered:
    """A term of an order, as `desc` and `asc` make it; nothing can be computed of it.

    Attributes:
        sql: Its text.
    """

    sql: str


Term: TypeAlias = "str | Piece | Ordered"
"""What rows may be ordered by: a column by name, an expression, or one with a direction."""


def directed(piece: Piece, *, descending: bool, nulls_last: bool | None) -> Ordered:
    """Return a term with a direction; nothing said of NULL, it comes last."""
    nulls = "" if nulls_last is None else f" NULLS {'LAST' if nulls_last else 'FIRST'}"
    return Ordered(f"{no_position(piece.sql)}{' DESC' if descending else ''}{nulls}")


def terms(
    by: Sequence[Term | Sequence[Term]], *, descending: bool | Sequence[bool] = False, name: Callable[[str], str] = column
) -> tuple[str, ...]:
    """Return the terms of an order, as SQL writes them.

    Args:
        by: The terms, one by one or in lists, the most important first.
        descending: Whether they go from the greatest to the least: all, or one by one.
        name: What a name stands for.

    Raises:
        InvalidInput: There is none, or one is something else; there are more or fewer directions than terms, or two for one.
    """
    each = listed(by)
    if not each:
        raise InvalidInput(Code.SQL_INVALID, "An order has no terms.", 'Name a column, or an expression such as col("n").desc().')
    return tuple(_term(one, name, descending=way) for one, way in zip(each, _directions(descending, len(each)), strict=True))


def _directions(descending: object, count: int) -> list[bool]:
    """Return whether each of some terms goes from the greatest to the least."""
    given = list(descending) if isinstance(descending, list | tuple) else [descending] * count
    ways = [one for one in given if isinstance(one, bool)]
    if len(given) != count or len(ways) != count:
        reason = "descending is True, False, or one of these for each term."
        raise InvalidInput(Code.SQL_INVALID, reason, "Give as many as there are terms.")
    return ways


def _term(term: Term, name: Callable[[str], str], *, descending: bool) -> str:
    if isinstance(term, Ordered) and descending:
        raise InvalidInput(Code.SQL_INVALID, "A term of an order has two directions.", "Leave out desc() and asc(), or descending.")
    if isinstance(term, Ordered):
        return term.sql
    return (name(term) if isinstance(term, str) else no_position(written(term))) + (" DESC" if descending else "")
