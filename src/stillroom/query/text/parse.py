"""SQL text to a syntax tree, decided on allow-lists: a node or a part of one that is not listed is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.question import SQL_LIMIT, Dialect
from stillroom.query.text.dialects import SPOKEN
from stillroom.query.text.grouping_sets import with_conditions_apart
from stillroom.query.text.instead import LISTED, instead
from stillroom.query.text.parameters import with_parameters, with_texts
from stillroom.query.text.patterns import with_patterns_joined
from stillroom.query.text.said import fix_of, name_of, part_fix, part_of
from stillroom.query.text.spoken import tokens_of
from stillroom.query.text.tokens import listed_tokens, only_statement

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlglot import Token, exp

    from stillroom.model.question import Parameter
    from stillroom.query.text.dialects import Spoken

NODE_LIMIT = 5_000
"""The most syntax nodes of a question."""

FIRST_PRINTABLE = 32
"""Code points below this are control characters."""

DEPTH_LIMIT = 60
"""The deepest nesting of a question."""

CURVE_LIMIT = 100
"""The most logarithms, exponentials, cube roots and powers: in rows, each is computed for some hundred values when it is compiled."""

NEEDED = {"Substring": ("start",), "Replace": ("replacement",), "WidthBucket": ("min_value", "max_value", "num_buckets")}
"""Operands that other dialects let one leave out, by node."""


def parse(sql: str, parameters: Mapping[str, Parameter], spoken: Dialect = Dialect.DUCKDB) -> exp.Select:
    """Return the one SELECT statement of a question, with constants in the place of its parameters.

    Args:
        sql: Its text.
        parameters: Its parameters.
        spoken: The dialect that it is written in.

    Raises:
        InvalidInput: The text is not SQL, or too large.
        Refusal: It is SQL, but not one SELECT statement.
    """
    from sqlglot import exp

    if len(sql) > SQL_LIMIT:
        raise InvalidInput(Code.SQL_TOO_LARGE, f"The question is longer than {SQL_LIMIT} characters.", "Shorten it.")
    texts = (sql, *(value for value in parameters.values() if isinstance(value, str)))
    if any(ord(character) < FIRST_PRINTABLE and character not in "\t\n\r" for text in texts for character in text):
        raise InvalidInput(Code.SQL_INVALID, "The question contains control characters.", "Remove them.")
    statement = _statement(sql, parameters, spoken)
    if isinstance(statement, exp.SetOperation):
        fix = "Write one SELECT: totals beside their parts with ROLLUP or GROUPING SETS, rows of several datasets in a subquery."
        raise Refusal(Code.STATEMENT_NOT_ALLOWED, "Tables are not put together by UNION.", fix)
    if not isinstance(statement, exp.Select):
        raise Refusal(Code.STATEMENT_NOT_ALLOWED, "Only SELECT statements can be asked.", "Ask with SELECT … FROM ….")
    _check_size(statement)
    _check_curves(statement)
    _check_complete(statement)
    with_texts(statement, parameters)
    with_patterns_joined(statement)
    _mark(statement, SPOKEN[spoken])
    return statement


def _statement(sql: str, parameters: Mapping[str, Parameter], spoken: Dialect) -> exp.Expr | None:
    """Parse, with errors that show the place but nothing else."""
    from sqlglot import Dialect as Parsed
    from sqlglot.errors import SqlglotError

    dialect = Parsed.get_or_raise("duckdb")
    dialect.NULL_ORDERING = SPOKEN[spoken].nulls
    try:
        tokens = with_conditions_apart(listed_tokens(with_parameters(only_statement(tokens_of(sql, spoken)), parameters)))
        _check_length(tokens)
        return dialect.parser().parse(tokens, sql)[0]
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        line, column = details[0].get("line"), details[0].get("col")
        place = f" near line {line}, column {column}" if line else ""
        raise InvalidInput(Code.SQL_INVALID, f"The question is not valid SQL{place}.", "Correct the statement.") from None
    except RecursionError:
        raise _too_deep() from None


def _mark(statement: exp.Expr, spoken: Spoken) -> None:
    """Mark what the compiler has to tell apart by types: quotients of whole numbers, and arithmetic of dates; UNKNOWN is NULL.

    Raises:
        Refusal: AVG could be cut off to whole numbers in the dialect.
    """
    from sqlglot import exp

    for node in statement.walk():
        if isinstance(node, exp.Div):
            node.set("typed", spoken.whole)
        elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Column) and node.expression.sql().upper() == "UNKNOWN":
            node.set("expression", exp.Null())
        elif isinstance(node, exp.Add | exp.Sub):
            node.set("typed", not spoken.days)
        elif isinstance(node, exp.Avg) and not spoken.averages and not decimal_by_sign(node.this):
            fix = "Write AVG(x * 1.0), or the question in DuckDB's dialect."
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "AVG of whole numbers is a whole number in this dialect.", fix)


def _check_length(tokens: Sequence[Token]) -> None:
    """Refuse what would have too many nodes before it is parsed, which takes far longer: each name and each constant is a node."""
    from sqlglot import TokenType

    named = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.NUMBER, TokenType.STRING}
    if sum(token.token_type in named for token in tokens) > NODE_LIMIT:
        raise _too_deep()


def _check_size(statement: exp.Select) -> None:
    """Refuse trees that would take long to walk or overflow the stack."""
    level: list[exp.Expr] = [statement]
    count = depth = 0
    while level:
        count, depth = count + len(level), depth + 1
        if count > NODE_LIMIT or depth > DEPTH_LIMIT * 2:
            raise _too_deep()
        level = [child for node in level for child in node.iter_expressions()]


def _check_curves(statement: exp.Select) -> None:
    """Refuse many functions that take long."""
    from sqlglot import exp

    if sum(1 for _ in statement.find_all(exp.Ln, exp.Log, exp.Exp, exp.Cbrt, exp.Pow)) > CURVE_LIMIT:
        reason = f"The question has more than {CURVE_LIMIT} logarithms, exponentials, cube roots and powers."
        raise InvalidInput(Code.SQL_TOO_LARGE, reason, "Name them once, in a subquery, or split it into smaller questions.")


def _check_complete(statement: exp.Select) -> None:
    """Refuse functions without all their operands; the parser lets some pass, and makes up what it takes to be left out."""
    for node in statement.walk():
        wanted = NEEDED.get(type(node).__name__, ())
        if node.error_messages() or any(node.args.get(name) is None for name in wanted):
            raise InvalidInput(Code.SQL_INVALID, f"{name_of(node)} lacks an operand.", "The SQL reference lists what each function takes.")


def _too_deep() -> InvalidInput:
    """Return the error for questions that are too large to compile."""
    return InvalidInput(Code.SQL_TOO_LARGE, "The question has too many parts or is nested too deeply.", "Split it into smaller questions.")


def check_whole(node: exp.Expr, *digits: int) -> None:
    """Refuse a quotient of numbers that have no decimal places, given these, where the question's dialect may cut it off.

    Raises:
        Refusal: It does.
    """
    if node.args.get("typed") and not any(digits) and not decimal_by_sign(node):
        raise Refusal(
            Code.EXPRESSION_NOT_ALLOWED,
            "This dialect cuts off quotients of whole numbers.",
            "Write x * 1.0 / y; or the question in DuckDB's dialect, where x // y is cut off and x / y is not.",
        )


def decimal_by_sign(node: exp.Expr) -> bool:
    """Tell whether a number has decimal places in any dialect, by a constant or cast that is written in it."""
    from sqlglot import exp

    match node:
        case exp.Literal():
            return not node.is_string and "." in node.this
        case exp.Cast():
            return bool(node.to.this is exp.DType.DECIMAL)
        case exp.Paren() | exp.Neg() | exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
            return any(map(decimal_by_sign, node.iter_expressions()))
        case exp.Case():
            results = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
            return any(decimal_by_sign(result) for result in results if result is not None)
        case _:
            return False


def only(node: exp.Expr, allowed: Collection[str]) -> None:
    """Refuse a node that carries any part beyond those listed.

    Raises:
        Refusal: The node has another part.
    """
    for name, value in node.args.items():
        if name not in allowed and value not in (None, False, []):
            fix = part_fix(node, name, "Leave it out; the SQL reference lists what is supported.")
            what = _sentence(f"{part_of(node, name)} of {name_of(node)}")
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{what} is not supported.", fix)


def identifier(node: object) -> str:
    """Return a name as the contract spells it: ASCII names fold to lower case, others stay and so match nothing.

    Raises:
        Refusal: It is not a plain name.
    """
    from sqlglot import exp

    if not isinstance(node, exp.Identifier) or not isinstance(node.this, str):
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A plain name was expected.", "Use the names in the contract.")
    name = node.this
    return name.lower() if name.isascii() else name


def alias_of(node: exp.Expr) -> str | None:
    """Return the alias of a table, if it has one."""
    alias = node.args.get("alias")
    if alias is None:
        return None
    only(alias, {"this"})
    return identifier(alias.this)


def unsupported(node: exp.Expr) -> Refusal:
    """Return the refusal of a syntax node that is not on the list."""
    from sqlglot import exp

    name = name_of(node)
    if isinstance(node, exp.AggFunc):
        return Refusal(
            Code.AGGREGATE_NOT_ALLOWED,
            f"{name} cannot stand here.",
            "Aggregates stand in SELECT, HAVING and ORDER BY; the SQL reference lists them.",
        )
    if isinstance(node, exp.Subquery | exp.Select | exp.Exists | exp.SetOperation):
        fix = "Group it by the person and join it in FROM; for a share of all, write COUNT(*) / SUM(COUNT(*)) OVER ()."
        return Refusal(Code.SUBQUERY_NOT_ALLOWED, "A subquery cannot be used as a value.", fix)
    if isinstance(node, exp.Tuple):
        return Refusal(Code.EXPRESSION_NOT_ALLOWED, "Several values in parentheses are not compared.", "Compare one by one, with AND.")
    if isinstance(node, exp.Func):
        return Refusal(Code.FUNCTION_NOT_ALLOWED, f"The function {name} is not supported.", instead(name))
    return Refusal(Code.EXPRESSION_NOT_ALLOWED, f"{_sentence(name)} is not supported here.", fix_of(node, LISTED))


def _sentence(words: str) -> str:
    """Return words as they begin a sentence."""
    return words[:1].upper() + words[1:]
