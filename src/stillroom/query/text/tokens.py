"""The words of a question, checked on a list before they are parsed.

The parser knows far more SQL than questions may use. It reads some of it in time exponential in its nesting, and fails at some of it in
ways of its own. It sees the words and signs listed here and nothing else; what they mean, the compiler decides.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.query.text.instead import instead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot import Token, TokenType

WORDS = """
    SELECT DISTINCT FROM WHERE HAVING LIMIT OFFSET WITH ALIAS ASC DESC FIRST GROUP_BY ORDER_BY ROLLUP CUBE GROUPING_SETS
    JOIN INNER LEFT OUTER ON USING FULL RIGHT CROSS NATURAL SEMI ANTI ASOF RECURSIVE EXISTS
    AND OR NOT IN IS LIKE ILIKE BETWEEN CASE WHEN THEN ELSE END NULL TRUE FALSE DATE TIMESTAMP TIMESTAMPNTZ
    UNION ALL OVER PARTITION_BY ROWS RANGE QUALIFY WINDOW INTERVAL FILTER
    VAR IDENTIFIER STRING NUMBER
"""
"""Kinds of words. Some are here because the compiler refuses them with a better reason."""

SIGNS = "L_PAREN R_PAREN COMMA DOT PLUS DASH STAR SLASH DIV MOD DPIPE DCOLON EQ NEQ LT LTE GT GTE"
"""Kinds of signs."""

CALLS = """
    COUNT SUM AVG MIN MAX MEDIAN QUANTILE_CONT PERCENTILE_CONT GROUPING ROW_NUMBER LAG LEAD FIRST_VALUE LAST_VALUE
    RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE NTH_VALUE
    COUNT_IF COUNTIF BOOL_AND BOOL_OR LOGICAL_AND LOGICAL_OR ANY_VALUE FIRST LAST ARG_MIN ARG_MAX ARGMIN ARGMAX MIN_BY MAX_BY MODE
    VARIANCE VAR_SAMP VAR_POP STDDEV STDDEV_SAMP STDDEV_POP COVAR_POP COVAR_SAMP CORR REGR_SLOPE REGR_INTERCEPT
    COALESCE IFNULL NULLIF IF IIF GREATEST LEAST
    MOD ABS SIGN FLOOR CEIL CEILING ROUND TRUNC SQRT WIDTH_BUCKET LN LOG LOG10 LOG2 EXP POWER POW
    CBRT PI DEGREES RADIANS
    EXTRACT YEAR QUARTER MONTH WEEK DAY DOW DOY ISODOW DAYOFMONTH DAYOFYEAR DAYOFWEEK WEEKOFYEAR DATE_PART DATEPART
    DATE_TRUNC DATETRUNC DATE_DIFF DATEDIFF LAST_DAY HOUR MINUTE SECOND EPOCH
    LENGTH LEN CHAR_LENGTH CHARACTER_LENGTH LOWER LCASE UPPER UCASE TRIM LTRIM RTRIM SUBSTRING SUBSTR LEFT RIGHT CONCAT REPLACE
    CAST TRY_CAST POSITION STRPOS INSTR STARTS_WITH PREFIX ENDS_WITH SUFFIX CONTAINS REVERSE
"""
"""Functions."""

BEFORE_PARENTHESIS = """
    SELECT DISTINCT FROM WHERE HAVING LIMIT OFFSET ALIAS GROUP_BY ORDER_BY ROLLUP CUBE GROUPING_SETS JOIN ON USING EXISTS
    AND OR NOT IN LIKE ILIKE BETWEEN CASE WHEN THEN ELSE STRING NUMBER UNION ALL OVER PARTITION_BY QUALIFY
"""
"""Kinds of words that are not called where they stand before a parenthesis."""

BEFORE_CONSTANTS = {"DATE": "STRING", "TIMESTAMP": "STRING", "TIMESTAMPNTZ": "STRING", "INTERVAL": "STRING NUMBER"}
"""Kinds of words that stand before a constant only, and of what kind that is."""

OPERAND_AFTER_FROM = {"EXTRACT", "SUBSTRING", "SUBSTR", "TRIM"}
"""Functions in whose parentheses FROM stands before an operand."""

TYPES = "INT BIGINT SMALLINT TINYINT INT128 DECIMAL FLOAT DOUBLE TEXT VARCHAR DATE TIMESTAMP TIMESTAMPNTZ BOOLEAN"
"""Kinds of types that values are cast to; INT128, FLOAT and DOUBLE after the noise only."""

JOIN_LIMIT = 12
"""The most joins of a question."""


def only_statement(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens of the one SELECT statement.

    Raises:
        Refusal: There is none, or more than one, or another statement.
    """
    from sqlglot import TokenType

    ends = [-1, *(place for place, token in enumerate(tokens) if token.token_type is TokenType.SEMICOLON), len(tokens)]
    statements = [list(tokens[start + 1 : end]) for start, end in pairwise(ends) if end > start + 1]
    if len(statements) != 1:
        raise Refusal(Code.STATEMENT_NOT_ALLOWED, "A question is exactly one statement.", "Ask one SELECT at a time.")
    if statements[0][0].token_type not in _kinds("SELECT WITH FROM L_PAREN"):
        raise Refusal(Code.STATEMENT_NOT_ALLOWED, "Only SELECT statements can be asked.", "Ask with SELECT … FROM ….")
    return statements[0]


def listed_tokens(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens of a statement as the parser may see them: types are names, but where a value is cast.

    Raises:
        InvalidInput: Something is missing beside a comma.
        Refusal: A word, sign or call is not on the list, or stands where the parser could take long over it.
    """
    from sqlglot import TokenType

    calls = _calls(tokens)
    kept = _casts(tokens, calls) | _lengths(tokens, calls)
    listed = [token if place in kept else _listed(token, following) for place, (token, following) in enumerate(_pairs(tokens))]
    for (token, following), before, call in zip(_pairs(listed), [None, *listed], ["", *calls], strict=False):
        if following is not None and following.token_type is TokenType.L_PAREN:
            _check_call(token, None if call in OPERAND_AFTER_FROM else before)
    _check_commas(listed)
    _check_joins(listed)
    return listed


def _pairs(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token | None]]:
    """Yield each token and the one that follows."""
    return zip(tokens, [*tokens[1:], None], strict=True)


def _calls(tokens: Sequence[Token]) -> list[str]:
    """Return for each token what is called in whose parentheses it stands: nothing for the others."""
    from sqlglot import TokenType

    calls, found = [""], []
    for place, token in enumerate(tokens):
        if token.token_type is TokenType.R_PAREN and len(calls) > 1:
            calls.pop()
        found.append(calls[-1])
        if token.token_type is TokenType.L_PAREN:
            calls.append(tokens[place - 1].text.upper() if place else "")
    return found


def _casts(tokens: Sequence[Token], calls: Sequence[str]) -> frozenset[int]:
    """Return the places of types: after `::`, and after AS in the parentheses of a cast.

    Raises:
        Refusal: Something else stands there.
    """
    from sqlglot import TokenType

    places = [
        place + 1
        for place, (token, call) in enumerate(zip(tokens, calls, strict=True))
        if token.token_type is TokenType.DCOLON or (token.token_type is TokenType.ALIAS and call in {"CAST", "TRY_CAST"})
    ]
    for place in places:
        if place < len(tokens) and tokens[place].token_type not in _kinds(TYPES):
            fix = "Use INTEGER, DECIMAL(p, s), TEXT, DATE, TIMESTAMP or BOOLEAN."
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, f"A cast to {tokens[place].text[:40]} is not supported.", fix)
    return frozenset(places)


def _lengths(tokens: Sequence[Token], calls: Sequence[str]) -> frozenset[int]:
    """Return the places of FOR in SUBSTRING(text FROM start FOR length)."""
    from sqlglot import TokenType

    pairs = enumerate(zip(tokens, calls, strict=True))
    return frozenset(place for place, (token, call) in pairs if token.token_type is TokenType.FOR and call in {"SUBSTRING", "SUBSTR"})


def _listed(token: Token, following: Token | None) -> Token:
    """Return a token that is on the list."""
    from sqlglot import Token, TokenType
    from sqlglot.parser import Parser

    kind = token.token_type
    next_kind = following.token_type if following is not None else None
    alone = kind.name in BEFORE_CONSTANTS and next_kind not in _kinds(BEFORE_CONSTANTS[kind.name])
    opens = next_kind is TokenType.L_PAREN and _called(token)
    called = kind is TokenType.VAR and token.text.upper() in Parser.NO_PAREN_FUNCTION_PARSERS and not opens
    if kind in _kinds(WORDS) | _kinds(SIGNS) and not alone and not called:
        return token
    if kind in Parser.TYPE_TOKENS - _kinds("UNION INTERVAL") or (kind is TokenType.REPLACE and opens):
        return Token(TokenType.VAR, token.text, token.line, token.col, token.start, token.end)
    if token.text[:1].isidentifier():
        fix = instead(token.text, "Leave it out; a column of that name is written in double quotes.")
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{token.text.upper()[:40]} is not supported.", fix)
    raise Refusal(Code.EXPRESSION_NOT_ALLOWED, f"{token.text[:10]!r} is not supported.", instead(token.text))


def _check_call(token: Token, before: Token | None) -> None:
    """Refuse a word before a parenthesis, unless it may be called or belongs there."""
    kind = token.token_type
    if kind in _kinds("FILTER") and before is not None and before.token_type in _kinds("R_PAREN"):
        return
    if (token.text.upper(), before.text.upper() if before is not None else "") == ("GROUP", "WITHIN"):
        return
    if (
        kind in _kinds(BEFORE_PARENTHESIS) | _kinds(SIGNS)
        or (kind in _kinds("VAR LEFT RIGHT FIRST") and _called(token))
        or kind in _kinds("DECIMAL")
    ):
        return
    if before is not None and before.token_type in _kinds("FROM JOIN"):
        raise Refusal(Code.DATASET_UNKNOWN, "Functions and files cannot stand after FROM.", "Use a dataset of the contract.")
    behind = before is not None and before.token_type in _kinds("ALIAS WITH R_PAREN")
    fix = "If these are names of columns, write them by AS in the SELECT." if behind else instead(token.text)
    raise Refusal(Code.FUNCTION_NOT_ALLOWED, f"The function {token.text} is not supported.", fix)


def _check_commas(tokens: Sequence[Token]) -> None:
    """Refuse commas with nothing in between, which the parser passes over, so that later operands move up."""
    for token, following in pairwise(tokens):
        kinds = token.token_type, following.token_type
        if (kinds[1] in _kinds("COMMA") and kinds[0] in _kinds("COMMA L_PAREN SELECT")) or (
            kinds[0] in _kinds("COMMA") and kinds[1] in _kinds("R_PAREN")
        ):
            raise InvalidInput(
                Code.SQL_INVALID,
                f"Something is missing at a comma near line {following.line}, column {following.col}.",
                "Write what is missing, or leave the comma out.",
            )


def _check_joins(tokens: Sequence[Token]) -> None:
    """Refuse many joins, tables apart by commas among them, and LIMIT inside parentheses."""
    from sqlglot import TokenType

    among_tables, joins = [False], 0
    for place, token in enumerate(tokens):
        kind = token.token_type
        joins += kind is TokenType.JOIN or (kind is TokenType.COMMA and among_tables[-1])
        if joins > JOIN_LIMIT:
            raise Refusal(Code.JOIN_NOT_ALLOWED, f"The question has more than {JOIN_LIMIT} joins.", "Split it into smaller questions.")
        if kind in _kinds("LIMIT OFFSET") and len(among_tables) > 1:
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{token.text.upper()} is not supported inside parentheses.", "Move it to the end.")
        if kind is TokenType.L_PAREN:
            among_tables.append(False)
        elif kind is TokenType.R_PAREN and len(among_tables) > 1:
            among_tables.pop()
        elif kind in _kinds("FROM JOIN SELECT WHERE GROUP_BY HAVING WINDOW QUALIFY ORDER_BY LIMIT OFFSET") and not _compares(tokens, place):
            among_tables[-1] = kind in _kinds("FROM JOIN")


def _compares(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a word is the last of IS [NOT] DISTINCT FROM."""
    kinds = [token.token_type.name for token in tokens[max(place - 2, 0) : place + 1]]
    return kinds in (["IS", "DISTINCT", "FROM"], ["NOT", "DISTINCT", "FROM"])


def _called(token: Token) -> bool:
    """Tell whether a word is the name of a function."""
    return token.text.upper() in CALLS.split()


@cache
def _kinds(names: str) -> frozenset[TokenType]:
    """Return kinds of tokens by their names."""
    from sqlglot import TokenType

    return frozenset(TokenType[name] for name in names.split())
