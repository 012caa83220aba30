"""A question in another dialect, as words of DuckDB's: what means something else there is refused.

The dialect's own tokenizer tells words, names and texts apart. The words are then those of DuckDB's dialect, which is parsed and compiled
as ever; so a question has one plan, whatever the dialect it is written in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.question import Dialect
from stillroom.query.text.dialects import SPOKEN
from stillroom.query.text.tokens import CALLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import Token, TokenType

    from stillroom.query.text.dialects import Spoken

_UNITS = frozenset({"YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE"})
"""What dates and timestamps are taken apart into alike, wherever a week begins."""

_OF_UNITS = frozenset({"EXTRACT", "DATE_TRUNC", "DATE_PART", "DATEDIFF"})

_CAST = frozenset({"INT", "BIGINT", "SMALLINT", "TINYINT", "DECIMAL", "TEXT", "VARCHAR", "DATE", "TIMESTAMPNTZ", "BOOLEAN"})
"""Kinds of types that a cast may name."""

_WRITTEN = frozenset({"STRING", "NUMBER", "IDENTIFIER"})
"""Kinds of tokens that are no words."""

_DOUBLE_QUOTE = '"'
_FIX = "Leave it out, or write the question in DuckDB's dialect; the SQL reference says what each dialect may use."


def tokens_of(sql: str, dialect: Dialect) -> list[Token]:
    """Return a question as tokens of DuckDB's dialect.

    Raises:
        Refusal: Something in it means something else in the dialect that it is written in.
        SqlglotError: It cannot be told apart into words.
    """
    from sqlglot import Dialect as Lexer

    tokens = Lexer.get_or_raise(dialect.value).tokenize(sql)
    if dialect is Dialect.DUCKDB:
        return _without_fetch(list(tokens))
    spoken = SPOKEN[dialect]
    for token in tokens:
        _check_sign(sql, token, spoken)
    words = [_as_word(token, spoken) for token in tokens]
    words = [_called(token, words[place + 1 : place + 3], spoken) for place, token in enumerate(words)]
    for place, token in enumerate(words):
        _check_cast(token, words[place + 1 : place + 3], spoken)
    return _with_limit(words)


def _check_sign(sql: str, token: Token, spoken: Spoken) -> None:
    """Refuse signs and texts that mean something else."""
    kind, raw = token.token_type.name, sql[token.start : token.end + 1]
    other = (
        (kind == "STRING" and "\\" in raw)
        or (kind == "STRING" and not spoken.empty and not token.text)
        or (raw.startswith(_DOUBLE_QUOTE) and not spoken.quotes)
        or (kind == "DPIPE" and not spoken.pipes)
        or (raw == "%" and not spoken.modulo)
        or (kind == "LIKE" and spoken.like is None)
    )
    if other:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, f"{raw[:10]!r} may mean something else in this dialect.", _FIX)


def _as_word(token: Token, spoken: Spoken) -> Token:
    """Return a word as DuckDB's tokenizer reads it."""
    from sqlglot import TokenType
    from sqlglot.dialects.duckdb import DuckDB

    if token.token_type.name in _WRITTEN or not token.text[:1].isidentifier():
        return token
    kind = DuckDB.Tokenizer.KEYWORDS.get(token.text.upper(), TokenType.VAR)
    if kind is TokenType.TIMESTAMPNTZ and kind.name not in spoken.types:
        kind = TokenType.VAR
    return _replaced(token, TokenType.ILIKE if kind is TokenType.LIKE and spoken.like is False else kind, token.text)


def _replaced(token: Token, kind: TokenType, text: str) -> Token:
    from sqlglot import Token

    return Token(kind, text, token.line, token.col, token.start, token.end)


def _called(token: Token, following: Sequence[Token], spoken: Spoken) -> Token:
    """Return a word; the name of a function is the one that it has here."""
    name = token.text.upper()
    if not following or following[0].token_type.name != "L_PAREN" or token.token_type.name in _WRITTEN:
        return token
    if name in spoken.renamed:
        return _replaced(token, token.token_type, spoken.renamed[name])
    if name in CALLS.split() and name not in spoken.calls:
        raise Refusal(Code.FUNCTION_NOT_ALLOWED, f"The function {name} is not there in this dialect, or means something else.", _FIX)
    unit = following[1].text.upper() if name in _OF_UNITS and len(following) > 1 else "DAY"
    if unit not in _UNITS and not spoken.weeks:
        raise Refusal(Code.FUNCTION_NOT_ALLOWED, f"{unit[:20]} of {name} may mean something else in this dialect.", _FIX)
    return token


def _check_cast(token: Token, following: Sequence[Token], spoken: Spoken) -> None:
    """Refuse casts to types that round or read otherwise: after `::`, and after AS before the end of a cast."""
    casts = token.token_type.name == "DCOLON" or (token.token_type.name == "ALIAS" and len(following) > 1)
    kind = following[0].token_type.name if casts and following else ""
    typed = kind in _CAST and following[-1].token_type.name in {"L_PAREN", "R_PAREN"}
    bare = kind == "DECIMAL" and following[-1].token_type.name != "L_PAREN"
    if (typed or token.token_type.name == "DCOLON") and (kind not in spoken.types.split() or (bare and spoken.types == kind)):
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "This cast may mean something else in this dialect.", "Cast to DECIMAL(p, s).")


def _with_limit(tokens: list[Token]) -> list[Token]:
    """Write TOP n and FETCH FIRST n ROWS ONLY of the outermost SELECT as LIMIT n."""
    from sqlglot import TokenType

    texts = [token.text.upper() for token in tokens]
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is TokenType.SELECT and texts[place + 1 : place + 2] == ["TOP"]:
            taken = tokens[place + 2 : place + 5]
            size = 3 if taken and taken[0].token_type is TokenType.L_PAREN else 1
            number = taken[size // 2 : size // 2 + 1]
            return _limited([*tokens[: place + 1], *tokens[place + 2 + size :]], token, number)
    return _without_fetch(tokens)


def _without_fetch(tokens: list[Token]) -> list[Token]:
    """Write FETCH FIRST n ROWS ONLY at the end of a question as LIMIT n."""
    from sqlglot import TokenType

    texts = [token.text.upper() for token in tokens]
    end = texts[-5:-3] in (["FETCH", "FIRST"], ["FETCH", "NEXT"]) and texts[-2] in {"ROW", "ROWS"} and texts[-1] == "ONLY"
    kept = tokens[:-5] if end else tokens
    if len(kept) > 2 and kept[-1].text.upper() in {"ROW", "ROWS"} and kept[-3].token_type is TokenType.OFFSET:  # noqa: PLR2004 - OFFSET n ROWS
        kept = kept[:-1]
    return _limited(kept, tokens[-5], tokens[-3:-2]) if end else kept


def _limited(tokens: list[Token], place: Token, number: Sequence[Token]) -> list[Token]:
    """Return tokens with LIMIT at their end."""
    from sqlglot import TokenType

    return [*tokens, _replaced(place, TokenType.LIMIT, "LIMIT"), *number]
