"""Safe casts: NULL for what does not fit the type. CAST, TRY_CAST and `::` are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.admission.dates import FIRST_DAY, LAST_DAY
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP
from stillroom.errors import Code, Refusal
from stillroom.model.expression import Comparison
from stillroom.model.function import Function
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.comparisons import BOOLEAN, comparison_of, of_calendar
from stillroom.query.constants import NULL
from stillroom.query.functions.call import called, whole
from stillroom.query.functions.numbers import in_places, rounded
from stillroom.query.functions.spelling import as_text, told
from stillroom.query.functions.text import longest
from stillroom.query.functions.timestamps import date, days, seconds, timestamp
from stillroom.query.text.parse import only
from stillroom.query.typed import Typed, is_null, mismatch, number_type, scaled, span

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand

LARGEST = {"TINYINT": 2**7 - 1, "SMALLINT": 2**15 - 1, "INT": 2**31 - 1, "BIGINT": 2**63 - 1}
"""A type of whole numbers is from one less than the negative of this to it."""

INTEGER_DIGITS = 10
MOST_DIGITS, MOST_PLACES = 15, 12
"""The most digits of DECIMAL(p, s), and the most of them that are decimal places."""


def _cast(node: exp.Expr, operand: Operand) -> Typed:
    """Compile a cast."""
    only(node, {"this", "to", "safe"})
    value, kind = operand(node.this), node.args["to"].this.value
    if is_null(value) and kind in KINDS:
        return _null(KINDS[kind], node.args["to"])
    match kind:
        case "TEXT" | "VARCHAR":
            return as_text(value)
        case "TINYINT" | "SMALLINT" | "INT" | "BIGINT":
            return _as_integer(value, kind)
        case "DECIMAL":
            return _as_decimal(value, *decimal_digits(node.args["to"]))
        case "DATE":
            return _as_date(value)
        case "TIMESTAMP" | "TIMESTAMPNTZ":
            return _as_timestamp(value)
        case "BOOLEAN":
            return _as_truth(value)
        case "DOUBLE" | "FLOAT":
            fix = "Leave it out: numbers are exact, and quotients have decimal places. DECIMAL(p, s) rounds."
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, f"A cast to {kind} is of results only, and of numbers.", fix)
        case _:
            fix = "Use INTEGER, DECIMAL(p, s), TEXT, DATE, TIMESTAMP or BOOLEAN."
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, f"A cast to {kind} is of results only, and of numbers.", fix)


ROW_TYPES = ["TEXT", "VARCHAR", "INT", "DECIMAL", "DATE", "TIMESTAMP", "TIMESTAMPNTZ", "BOOLEAN"]
"""Types that values of rows are cast to."""

KINDS = {
    **dict.fromkeys(("TEXT", "VARCHAR"), Kind.TEXT),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPNTZ"), Kind.TIMESTAMP),
    **dict.fromkeys(LARGEST, Kind.INTEGER),
    "DECIMAL": Kind.DECIMAL,
    "DATE": Kind.DATE,
    "BOOLEAN": Kind.BOOLEAN,
}
"""The kinds of values that types of casts have."""


def _null(kind: Kind, to: exp.Expr) -> Typed:
    """Return NULL of a type."""
    digits = decimal_digits(to)[1] if kind is Kind.DECIMAL else 0
    ends = None if kind in {Kind.TEXT, Kind.BOOLEAN} else 0
    known = ColumnType(kind=Kind.INTEGER if kind is Kind.DECIMAL and not digits else kind, digits=digits, low=ends, high=ends)
    return replace(NULL, type=known.model_copy(update={"length": 0 if kind is Kind.TEXT else None}))


def decimal_digits(to: exp.Expr) -> tuple[int, int]:
    """Return how many digits a DECIMAL has, and how many of them are decimal places.

    Raises:
        Refusal: They are too many.
    """
    written = [parameter.name for parameter in to.expressions]
    known = [int(one) for one in written if one.isascii() and one.isdigit() and len(one) < INTEGER_DIGITS]
    match known:
        case [digits, places] if 1 <= digits <= MOST_DIGITS and places <= min(MOST_PLACES, digits):
            return digits, places
        case [digits] if 1 <= digits <= MOST_DIGITS:
            return digits, 0
        case _:
            raise Refusal(
                Code.EXPRESSION_NOT_ALLOWED,
                f"DECIMAL has at most {MOST_DIGITS} digits here, {MOST_PLACES} of them decimal places.",
                "Write DECIMAL(15, 2).",
            )


def _within(number: Typed, low: int, high: int) -> Typed:
    """Return a number that is NULL outside a range, if it can lie there."""
    first, last = number.type.low, number.type.high
    if first is not None and last is not None and low <= first and last <= high:
        return number
    ends = (low if first is None else min(max(first, low), high), high if last is None else max(min(last, high), low))
    return called(Function.WITHIN, number_type(number.type.digits, *ends, nullable=True), number, whole(low), whole(high))


def _as_integer(value: Typed, kind: str) -> Typed:
    """Return a whole number of a type; BIGINT, whose ends no plan can name, needs a number that is known to fit."""
    match value.type.kind:
        case Kind.INTEGER | Kind.DECIMAL:
            number = rounded(value, 10**value.type.digits) if value.type.digits else value
        case Kind.BOOLEAN:
            return told(value, whole(1), whole(0))
        case Kind.TEXT:
            number = _read(value, INTEGER_DIGITS, 0)
        case Kind.DATE | Kind.TIMESTAMP:
            raise mismatch("A date or a timestamp is no number.")
    if kind == "BIGINT":
        if value.type.kind is Kind.TEXT:
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A text is not read as a BIGINT.", "Write CAST(t AS DECIMAL(15, 0)).")
        if max(-span(number)[0], span(number)[1]) > LARGEST[kind]:
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A number may be too large for BIGINT.", "Leave the cast out: numbers are exact.")
        return number
    return _within(number, -LARGEST[kind] - 1, LARGEST[kind])


def _as_decimal(value: Typed, digits: int, places: int) -> Typed:
    match value.type.kind:
        case Kind.INTEGER | Kind.DECIMAL:
            known = value.type.digits
            number = scaled(value, places) if known <= places else in_places(rounded(value, 10 ** (known - places)), places)
        case Kind.TEXT:
            return in_places(_read(value, digits, places), places)
        case Kind.BOOLEAN | Kind.DATE | Kind.TIMESTAMP:
            raise mismatch("A date, timestamp or truth value is no decimal number.")
    return in_places(_within(number, 1 - 10**digits, 10**digits - 1), places)


def _read(text: Typed, digits: int, places: int) -> Typed:
    """Return the number that a text spells, in units."""
    longest(text)
    kind = number_type(0, 1 - 10**digits, 10**digits - 1, nullable=True)
    return called(Function.TEXT_NUMBER, kind, text, whole(digits), whole(places))


def _as_date(value: Typed) -> Typed:
    if value.type.kind is Kind.DATE:
        return value
    if value.type.kind is Kind.TIMESTAMP:
        return date(days(value, "CAST"))
    longest(value)
    return called(Function.TEXT_DATE, ColumnType(kind=Kind.DATE, low=FIRST_DAY, high=LAST_DAY), value)


def _as_timestamp(value: Typed) -> Typed:
    """Return a timestamp, of a date its beginning, of a text what it spells."""
    if value.type.kind is Kind.TEXT:
        longest(value)
        return called(Function.TEXT_TIMESTAMP, ColumnType(kind=Kind.TIMESTAMP, low=FIRST_TIMESTAMP, high=LAST_TIMESTAMP), value)
    return value if value.type.kind is Kind.TIMESTAMP else timestamp(seconds(of_calendar(value, Kind.TIMESTAMP), "CAST"))


def _as_truth(value: Typed) -> Typed:
    match value.type.kind:
        case Kind.BOOLEAN:
            return value
        case Kind.INTEGER | Kind.DECIMAL:
            return comparison_of(Comparison.NOT_EQUAL, value, whole(0))
        case Kind.TEXT:
            longest(value)
            return called(Function.TEXT_TRUTH, BOOLEAN, value)
        case Kind.DATE | Kind.TIMESTAMP:
            raise mismatch("A date or a timestamp is neither true nor false.")


CASTS: dict[str, Meaning] = {"Cast": _cast, "TryCast": _cast}
