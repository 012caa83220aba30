"""Typed parameters of a question: `:name` and `$name` stand for constants.

A parameter is put in the place of its name as one token, whatever its value, between the tokenizer and the parser. The parser sees a mark
in the place of text, which must come out as a constant: no text of a parameter becomes a name, or any other SQL. The plan holds the value
as it holds a constant that is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import NAME
from stillroom.model.question import SQL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlglot import Token, exp

    from stillroom.model.question import Parameter

_MARK = "\x01"
"""Begins what stands for the text of a parameter. It is not in any question."""

_SIGNS = frozenset({"COLON", "PARAMETER"})
_NOT_NAMES = frozenset({"STRING", "NUMBER", "IDENTIFIER", "HEREDOC_STRING"})


def with_parameters(tokens: Sequence[Token], parameters: Mapping[str, Parameter]) -> list[Token]:
    """Return tokens with constants in the place of parameters.

    Raises:
        InvalidInput: A parameter has no value, a value has no place, or all of them together are too long.
    """
    found: list[Token] = []
    used: list[str] = []
    for token in tokens:
        name = _name(found[-1], token) if found else None
        if name is None:
            found.append(token)
            continue
        if name not in parameters:
            raise InvalidInput(Code.SQL_INVALID, f"The parameter {name} has no value.", f"Give one: --param {name}=…, or parameters={{…}}.")
        found[-1] = _constant(found[-1], name, parameters[name])
        used.append(name)
    if sum(len(str(parameters[name])) for name in used) > SQL_LIMIT:
        raise InvalidInput(Code.SQL_TOO_LARGE, f"With its parameters, the question is longer than {SQL_LIMIT} characters.", "Shorten them.")
    idle = sorted(parameters.keys() - set(used))
    if idle:
        raise InvalidInput(Code.SQL_INVALID, f"The question does not have the parameter {idle[0]}.", f"Write :{idle[0]}, or leave it out.")
    return found


def with_texts(statement: exp.Expr, parameters: Mapping[str, Parameter]) -> None:
    """Put the texts of parameters in the place of their marks, in a statement that is parsed.

    Raises:
        InvalidInput: A mark has become something else than a constant.
    """
    from sqlglot import exp

    for node in statement.walk():
        if isinstance(node, exp.Literal) and node.is_string and node.this.removeprefix(_MARK) in parameters and node.this.startswith(_MARK):
            node.set("this", str(parameters[node.this.removeprefix(_MARK)]))
        elif any(_MARK in value for value in node.args.values() if isinstance(value, str)):
            raise InvalidInput(
                Code.SQL_INVALID, "A parameter stands where no constant may.", "Write names, units and types into the question."
            )


def _name(sign: Token, token: Token) -> str | None:
    """Return the name of the parameter that a sign and the word right behind it are, if they are one; ASCII names fold to lower case."""
    if sign.token_type.name not in _SIGNS or token.token_type.name in _NOT_NAMES or token.start != sign.end + 1:
        return None
    name = token.text.lower() if token.text.isascii() else token.text
    return name if re.fullmatch(NAME, name) else None


def _constant(sign: Token, name: str, value: Parameter) -> Token:
    """Return the token of a constant, in the place of a parameter's sign. A number has its sign in it: one token, not two."""
    from sqlglot import Token, TokenType

    if isinstance(value, bool):
        kind, text = (TokenType.TRUE, "TRUE") if value else (TokenType.FALSE, "FALSE")
    elif isinstance(value, str):
        kind, text = TokenType.STRING, _MARK + name
    else:
        kind, text = TokenType.NUMBER, repr(value)
    return Token(kind, text, sign.line, sign.col, sign.start, sign.end)
