"""Pieces of a question's text, and how names and constants are written in it. Nothing that is handed in becomes anything else."""

from __future__ import annotations

import datetime
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Flag
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from stillroom.client.expressions.scalars import plain_scalar
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_DIGITS = 100
"""The most digits of a number before its point, or after it; no question can be asked with so many."""

FIRST_PRINTABLE = 32
"""Characters below this control something; no question has any but those of lines and tabs."""

ROWS = "\x1a"
"""Stands in a window for the rows that it looks at, until it is known whose they are. No name, text or question has this character."""


class Takes(Flag):
    """What may follow a piece."""

    NOTHING = 0
    FILTER = 1
    OVER = 2


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a question.

    Attributes:
        sql: Its text, with `ROWS` for the rows that a window in it looks at.
        takes: What may follow: aggregates take conditions of their rows, they and functions of windows take windows.
    """

    sql: str
    takes: Takes = Takes.NOTHING


Value: TypeAlias = "Piece | bool | int | float | Decimal | str | datetime.date | None"
"""What may stand in an expression: another expression, or a constant."""

P = TypeVar("P", bound=Piece)


def made(piece: P, sql: str, takes: Takes = Takes.NOTHING) -> P:
    """Return a piece of the same kind, with another text."""
    return replace(piece, sql=sql, takes=takes)


def called(piece: P, name: str, *operands: Value, takes: Takes = Takes.NOTHING) -> P:
    """Return the call of a function, with a piece as its first operand."""
    return made(piece, f"{name}({', '.join([piece.sql, *(operand(one).sql for one in operands)])})", takes)


def operand(value: Value) -> Piece:
    """Return a value as a piece. Text stands as a constant, never as a column.

    Raises:
        InvalidInput: It is of no type that a question knows, or a number without a size, or with far too many digits.
    """
    match plain_scalar(value):
        case Piece() as piece:
            return piece
        case None:
            return Piece("NULL")
        case bool() as truth:
            return Piece("TRUE" if truth else "FALSE")
        case int() | Decimal() as exact:
            return Piece(_number(exact))
        case float() as number:
            return Piece(_number(Decimal(str(number))))
        case datetime.datetime() as time:
            return Piece(f"TIMESTAMP '{_timestamp(time)}'")
        case datetime.date() as day:
            return Piece(f"DATE '{datetime.date.isoformat(day)}'")
        case str() as text:
            return Piece("'" + plain(text, "A text").replace("'", "''") + "'")
        case _:
            raise InvalidInput(
                Code.SQL_INVALID,
                f"A question has no constants of the type {type(value).__name__}.",
                "Use a number, text, a truth value, a date, a timestamp or None.",
            )


def _timestamp(value: datetime.datetime) -> str:
    """Return a timestamp as SQL writes it.

    Raises:
        InvalidInput: It has a time zone, or parts of a second.
    """
    if value.tzinfo is not None or value.microsecond:
        fix = "Give it in UTC, without a time zone, in whole seconds: value.astimezone(UTC).replace(tzinfo=None, microsecond=0)."
        raise InvalidInput(Code.SQL_INVALID, "A timestamp in a question has no time zone and no parts of a second.", fix)
    return datetime.datetime.isoformat(value, sep=" ")


def _number(value: int | Decimal) -> str:
    """Return a number as SQL writes it."""
    exact = Decimal(value)
    if not exact.is_finite() or exact.adjusted() > MOST_DIGITS or -int(exact.as_tuple().exponent) > MOST_DIGITS:
        raise InvalidInput(
            Code.NUMBER_TOO_LARGE, f"A number is infinite, not a number, or has more than {MOST_DIGITS} digits.", "Use another number."
        )
    return f"{exact:f}"


def written(value: Piece) -> str:
    """Return the text of what must be an expression.

    Raises:
        InvalidInput: It is something else.
    """
    if not isinstance(value, Piece):
        raise InvalidInput(
            Code.SQL_INVALID,
            f"An expression was expected, not a value of the type {type(value).__name__}.",
            'Make one of a column, such as col("age") > 30 or col("cost").sum(), or with count().',
        )
    return value.sql


def plain(text: str, what: str) -> str:
    """Return a text of which every character can stand in a question.

    Raises:
        InvalidInput: It is no text, a kind of its own, or has characters that control something.
    """
    text = plain_scalar(text)
    if type(text) is not str:
        reason = f"{what} is plain text, not a value of the type {type(text).__name__}."
        raise InvalidInput(Code.SQL_INVALID, reason, "Give it as a str; str(…) makes one.")
    if any((ord(one) < FIRST_PRINTABLE and one not in "\t\n\r") or unicodedata.category(one) == "Cs" for one in text):
        raise InvalidInput(Code.SQL_INVALID, f"{what} has control characters, or halves of characters.", "Remove them.")
    return text


def quoted(name: str) -> str:
    """Return a name as SQL writes it.

    Raises:
        InvalidInput: It is no text, or has control characters, or is empty.
    """
    if not plain(name, "A name"):
        raise InvalidInput(Code.SQL_INVALID, "A name is empty.", "Give it a name.")
    return '"' + name.replace('"', '""') + '"'


def column(name: str) -> str:
    """Return a column by name, as SQL writes it; what stands before a point is the name of its table.

    Raises:
        InvalidInput: It is no name.
    """
    if not isinstance(name, str):
        raise InvalidInput(
            Code.SQL_INVALID, f"A column is named by text, not by a value of the type {type(name).__name__}.", "Name expressions: x=…."
        )
    return ".".join(quoted(part) for part in plain(name, "A name").split("."))


def no_position(sql: str) -> str:
    """Return a text that stands for its value where a number alone would be the place of a column: in GROUP BY and ORDER BY."""
    return f"({sql})" if sql[:1].isdigit() else sql


def whole(number: int, what: str, *, least: int | None = 0) -> int:
    """Return what must be a whole number.

    Raises:
        InvalidInput: It is something else, or too small.
    """
    number = plain_scalar(number)
    if type(number) is not int or (least is not None and number < least):
        bound = "" if least is None else f" from {least} on"
        raise InvalidInput(Code.SQL_INVALID, f"{what} is a whole number{bound}.", "Write a whole number.")
    return number


def known(word: str, words: Collection[str]) -> str:
    """Return a word that must be one of several.

    Raises:
        InvalidInput: It is none of them.
    """
    if type(word) is not str or word not in words:
        raise InvalidInput(Code.SQL_INVALID, f"There is no {word!r} here.", f"There are {', '.join(words)}.")
    return word
