"""Conditions as keys of ROLLUP, CUBE and GROUPING SETS, which the parser reads in parentheses only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot import Token, TokenType

_SETS = frozenset({"ROLLUP", "CUBE", "GROUPING_SETS"})
"""Kinds of tokens that sets of keys follow, in parentheses."""

_TESTS = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "IS", "IN", "NOT", "BETWEEN", "LIKE", "ILIKE", "AND", "OR"})
"""Kinds of tokens that make a condition of a key."""


@dataclass
class _Item:
    """A key that is read: where it begins, and whether anything in it, but for what is in parentheses, makes it a condition."""

    begin: int
    tests: bool = False


def with_conditions_apart(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens in which a condition that is a key by itself stands in parentheses: ROLLUP (a, b > 3) means ROLLUP (a, (b > 3))."""
    from sqlglot import TokenType

    found: list[Token] = []
    conditions = list(_conditions(tokens))
    begins, ends = {begin for begin, _ in conditions}, {end for _, end in conditions}
    for place, token in enumerate(tokens):
        if place in ends:
            found.append(_like(found[-1], TokenType.R_PAREN, ")"))
        if place in begins:
            found.append(_like(token, TokenType.L_PAREN, "("))
        found.append(token)
    return found


def _conditions(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield where each key that is a condition begins, and where the sign stands that ends it, in one pass however deep sets are."""
    from sqlglot import TokenType

    items: list[_Item | None] = []
    before = ""
    for place, token in enumerate(tokens):
        kind, item = token.token_type, items[-1] if items else None
        if kind is TokenType.L_PAREN:
            items.append(_Item(place + 1) if before in _SETS else None)
        elif kind in {TokenType.COMMA, TokenType.R_PAREN}:
            if item is not None:
                if item.tests:
                    yield item.begin, place
                items[-1] = _Item(place + 1)
            if items and kind is TokenType.R_PAREN:
                items.pop()
        elif item is not None and kind.name in _TESTS:
            item.tests = True
        before = kind.name


def _like(token: Token, kind: TokenType, text: str) -> Token:
    """Return a sign at the place of a token."""
    from sqlglot import Token

    return Token(kind, text, token.line, token.col, token.start, token.end)
