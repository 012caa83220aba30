"""Conditions as keys of ROLLUP, CUBE and GROUPING SETS, which the parser reads in parentheses only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import Token, TokenType

_SETS = frozenset({"ROLLUP", "CUBE", "GROUPING_SETS"})
"""Kinds of tokens that sets of keys follow, in parentheses."""

_TESTS = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "IS", "IN", "NOT", "BETWEEN", "LIKE", "ILIKE", "AND", "OR"})
"""Kinds of tokens that make a condition of a key."""


def with_conditions_apart(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens in which a condition that is a key by itself stands in parentheses: ROLLUP (a, b > 3) means ROLLUP (a, (b > 3))."""
    from sqlglot import TokenType

    found = list(tokens)
    for place in range(len(tokens) - 2, -1, -1):
        if tokens[place].token_type.name in _SETS and tokens[place + 1].token_type is TokenType.L_PAREN:
            for begin, end in reversed(_conditions(found, place + 2)):
                found.insert(end, _like(found[end - 1], TokenType.R_PAREN, ")"))
                found.insert(begin, _like(found[begin], TokenType.L_PAREN, "("))
    return found


def _conditions(tokens: Sequence[Token], begin: int) -> list[tuple[int, int]]:
    """Return where each item with a condition begins and ends, of those between an opening parenthesis and the one that closes it."""
    from sqlglot import TokenType

    found, depth, tests = [], 0, False
    for place in range(begin, len(tokens)):
        kind = tokens[place].token_type
        if depth == 0 and kind in {TokenType.COMMA, TokenType.R_PAREN}:
            found += [(begin, place)] if tests else []
            begin, tests = place + 1, False
            if kind is TokenType.R_PAREN:
                break
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        tests = tests or (depth == 0 and kind.name in _TESTS)
    return found


def _like(token: Token, kind: TokenType, text: str) -> Token:
    """Return a sign at the place of a token."""
    from sqlglot import Token

    return Token(kind, text, token.line, token.col, token.start, token.end)
