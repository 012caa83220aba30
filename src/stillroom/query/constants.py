"""Constants as they are written: numbers, text, dates, timestamps, truth values and NULL."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.schema import Kind, days, seconds
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, constant, too_large

if TYPE_CHECKING:
    from sqlglot import exp

LITERAL_LENGTH = 40
"""The most characters of a written number."""

EXPONENT_LENGTH = 4
"""The most digits of its exponent."""

LARGEST_EXPONENT = 15
"""Written numbers are below 10 to the power of one more than this."""

MOST_DECIMALS = 12
"""The most decimal places of a written number."""

_WRITTEN = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?([0-9]+))?")
_EXACTLY = Context(prec=2 * LITERAL_LENGTH)

NULL = constant(None, Kind.TEXT)


def constant_expression(node: exp.Expr) -> Typed:
    """Compile a constant: a number, text, a date, a timestamp, TRUE, FALSE or NULL.

    Raises:
        Refusal: It is a cast other than DATE '…' and TIMESTAMP '…'.
        InvalidInput: The number is too large, or the date or timestamp is not one.
    """
    from sqlglot import exp

    match node:
        case exp.Literal():
            return _literal(node)
        case exp.Boolean():
            return constant(bool(node.this), Kind.BOOLEAN)
        case exp.Null():
            return NULL
        case exp.Cast():
            return _written_calendar(node)
        case _:
            raise unsupported(node)


def _literal(node: exp.Expr) -> Typed:
    """Compile a number or text. A written number has no sign; that of a parameter may."""
    if node.args["is_string"]:
        return constant(node.this, Kind.TEXT)
    value = decimal_literal(node.this.removeprefix("-"))
    digits = _decimals(value)
    value = -value if node.this.startswith("-") else value
    return constant(int(value.scaleb(digits, _EXACTLY)), Kind.DECIMAL if digits else Kind.INTEGER, digits)


def decimal_literal(text: str) -> Decimal:
    """Return a written number, exactly.

    Raises:
        InvalidInput: It is not a plain number, or too large, or has too many decimal places.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise InvalidInput(Code.SQL_INVALID, "A number in the question is not written as one.", "Write digits, such as 12 or 0.5.")
    if len(text) > LITERAL_LENGTH or len(written[1] or "") > EXPONENT_LENGTH:
        raise too_large()
    value = Decimal(text)
    if value.adjusted() > LARGEST_EXPONENT:
        raise too_large()
    if _decimals(value) > MOST_DECIMALS:
        reason = f"A number in the question has more than {MOST_DECIMALS} decimal places."
        raise InvalidInput(Code.NUMBER_TOO_LARGE, reason, "Write fewer of them.")
    return value


def _decimals(value: Decimal) -> int:
    """Return how many decimal places a number needs."""
    exponent = value.normalize(_EXACTLY).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def date_constant(text: str) -> Typed:
    """Return a constant date.

    Raises:
        InvalidInput: The text is not an ISO 8601 date.
    """
    try:
        day = days(text)
    except ValueError:
        raise InvalidInput(Code.SQL_INVALID, "A date in the question is not of the form YYYY-MM-DD.", "Write DATE '2026-01-31'.") from None
    return constant(day, Kind.DATE)


def timestamp_constant(text: str) -> Typed:
    """Return a constant timestamp.

    Raises:
        InvalidInput: The text is not an ISO 8601 timestamp in whole seconds, without a time zone.
    """
    try:
        return constant(seconds(text), Kind.TIMESTAMP)
    except ValueError:
        what = "A timestamp in the question is not of the form YYYY-MM-DD HH:MM:SS."
        raise InvalidInput(Code.SQL_INVALID, what, "Write TIMESTAMP '2026-01-31 08:15:00'.") from None


def is_calendar_constant(node: exp.Expr) -> bool:
    """Tell whether a node is DATE '…' or TIMESTAMP '…', which are parsed as casts."""
    from sqlglot import exp

    known = type(node) is exp.Cast and node.args["to"].this in {exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ}
    return known and isinstance(node.this, exp.Literal) and bool(node.this.is_string)


def _written_calendar(node: exp.Expr) -> Typed:
    """Compile DATE '…' or TIMESTAMP '…', the casts that are constants."""
    from sqlglot import exp

    only(node, {"this", "to"})
    if not is_calendar_constant(node):
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "CAST is not supported here.", "Cast in the rows, before they are aggregated.")
    return date_constant(node.this.this) if node.args["to"].this is exp.DType.DATE else timestamp_constant(node.this.this)
