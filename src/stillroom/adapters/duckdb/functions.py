"""Functions of a plan as SQL of DuckDB's that cannot fail; `model.function` says what each means.

Each operand is written once. DuckDB repeats the operand of BETWEEN and NULLIF itself; neither is used.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.statements.calls import (
    DAY_LIMIT,
    LONGEST_DECIMAL,
    PLACES_LIMIT,
    SPACES,
    WHOLE_SECONDS,
    absolute,
    concatenated,
    constant,
    extreme,
    inside,
    numbers,
    plain,
    root,
    within_range,
)
from stillroom.adapters.statements.sql import LARGEST_NARROW, SqlType, Term, as_type, number, sql_cast, unsound, whole, within
from stillroom.admission.cells import FALSE, TRUE
from stillroom.admission.dates import FIRST_DAY, LAST_DAY
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP, TIMESTAMP_AT_UTC
from stillroom.model.function import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.adapters.statements.dialect import WritesCall
    from stillroom.model.expression import Call

DECIMAL_DIGITS = 38
"""The digits of DuckDB's longest decimals."""


def _binary(operator: type[exp.Binary]) -> WritesCall:
    """Return what writes an operation of two numbers; for the divisor 0 it is NULL, as the connection says."""

    def written(_node: Call, operands: Sequence[Term]) -> Term:
        (left, right), width = numbers(operands)
        return Term(exp.paren(operator(this=left, expression=right), copy=False), width)

    return written


def _floor(node: Call, operands: Sequence[Term]) -> Term:
    """Write floor(x / d) as (x + k·d) // d - k, where x + k·d is never below 0: `//` cuts off towards zero."""
    operand, divisor = operands[0], constant(node, 1)
    if divisor < 1:
        raise unsound()
    times = node.bound // divisor + 1
    wide = operand.type is SqlType.WIDE or within(node.bound + times * divisor) > LARGEST_NARROW
    width = SqlType.WIDE if wide else SqlType.NARROW
    raised = exp.Add(this=as_type(operand, width), expression=whole(times * divisor, width))
    quotient = exp.IntDiv(this=exp.paren(raised, copy=False), expression=whole(divisor, width))
    return Term(exp.paren(exp.Sub(this=exp.paren(quotient, copy=False), expression=whole(times, width)), copy=False), width)


def _date(node: Call, operand: Term) -> exp.Expr:
    """Write a day as a DATE. Its bound proves that it is one."""
    if node.bound >= DAY_LIMIT:
        raise unsound()
    return exp.paren(exp.Add(this=_day("1970-01-01"), expression=_int(as_type(operand, SqlType.NARROW))), copy=False)


def _day(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), exp.DType.DATE)


def _int(node: exp.Expr) -> exp.Expr:
    return exp.TryCast(this=node, to=exp.DataType(this=exp.DType.INT))


def _since(date: exp.Expr) -> Term:
    """Write a DATE as days; months added to one make it a TIMESTAMP."""
    return Term(exp.paren(exp.Sub(this=exp.cast(date, exp.DType.DATE), expression=_day("1970-01-01")), copy=False), SqlType.NARROW)


def _part(function: str) -> WritesCall:
    """Return what writes a part of a date."""
    return lambda node, operands: Term(_function(function, _date(node, operands[0])), SqlType.NARROW)


def _months(node: Call, operands: Sequence[Term]) -> Term:
    """Write the months since January of the year 1, and those of the year 0."""
    since = _function("date_diff", exp.Literal.string("month"), _day("0001-01-01"), _date(node, operands[0]))
    return Term(exp.paren(exp.Add(this=since, expression=whole(12)), copy=False), SqlType.NARROW)


def _month_start(node: Call, operands: Sequence[Term]) -> Term:
    if node.bound >= DAY_LIMIT:
        raise unsound()
    added = exp.Sub(this=as_type(operands[0], SqlType.NARROW), expression=whole(12))
    return _since(_later(_day("0001-01-01"), exp.paren(added, copy=False)))


def _add_months(node: Call, operands: Sequence[Term]) -> Term:
    return _since(_later(_date(node, operands[0]), whole(constant(node, 1))))


def _later(date: exp.Expr, months: exp.Expr) -> exp.Expr:
    return exp.paren(exp.Add(this=date, expression=_function("to_months", _int(months))), copy=False)


def _function(name: str, *operands: exp.Expr) -> exp.Expr:
    """Write a function of DuckDB's."""
    return exp.func(name, *operands, dialect="duckdb")


def _position(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    """Write where a text stands in another, which is never below 0.

    Without ABS, DuckDB 2.0 makes `strpos(x, y) = 1` another function, and cannot when it asks itself what the condition is where y is the
    NULL of a side that an outer join did not find: whatever the rows, it fails.
    """
    return exp.Abs(this=_function("strpos", text, part))


def _reverse(text: exp.Expr) -> exp.Expr:
    """Write a text backwards by its code points; DuckDB's REVERSE keeps letters and their accents together."""
    pieces = _function("string_split", text, exp.Literal.string(""))
    return _function("array_to_string", _function("list_reverse", pieces), exp.Literal.string(""))


def _translated(before: str, after: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda text: _function("translate", text, exp.Literal.string(before), exp.Literal.string(after))


def _trimmed(function: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda text: _function(function, text, exp.Literal.string(SPACES))


def _number_text(node: Call, operands: Sequence[Term]) -> Term:
    """Write a number as text: as an exact decimal with its decimal places, which DuckDB writes in full."""
    digits = constant(node, 1)
    if digits == 0:
        return Term(sql_cast(number(operands[0]).node, SqlType.TEXT), SqlType.TEXT)
    if not 0 < digits <= PLACES_LIMIT or node.bound >= 10 ** (DECIMAL_DIGITS - digits):
        raise unsound()
    exact = _decimal(as_type(number(operands[0]), SqlType.WIDE), DECIMAL_DIGITS - digits, 0)
    unit = _decimal(exp.Literal.string(format(Decimal(1).scaleb(-digits), "f")), digits, digits)
    return Term(sql_cast(exp.paren(exp.Mul(this=exact, expression=unit), copy=False), SqlType.TEXT), SqlType.TEXT)


def _decimal(node: exp.Expr, digits: int, places: int, cast: type[exp.Cast] = exp.Cast) -> exp.Expr:
    return cast(this=node, to=exp.DataType.build(f"DECIMAL({digits}, {places})", dialect="duckdb"))


def _date_text(node: Call, operands: Sequence[Term]) -> Term:
    return Term(sql_cast(_date(node, inside(operands[0], FIRST_DAY, LAST_DAY)), SqlType.TEXT), SqlType.TEXT)


def _text_number(node: Call, operands: Sequence[Term]) -> Term:
    """Read a number as a decimal, which is NULL where it does not fit, and rounded half away from zero. What is no number becomes ''."""
    digits, places = constant(node, 1), constant(node, 2)
    if not 0 <= places <= PLACES_LIMIT or not places <= digits <= LONGEST_DECIMAL:
        raise unsound()
    read = _decimal(_spelled(operands[0], "[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)"), digits, places, exp.TryCast)
    wide = _decimal(read, DECIMAL_DIGITS - places - 1, places)
    unit = _decimal(exp.Literal.number(10**places), places + 1, 0)
    return Term(sql_cast(exp.paren(exp.Mul(this=wide, expression=unit), copy=False), SqlType.NARROW), SqlType.NARROW)


def _text_date(_node: Call, operands: Sequence[Term]) -> Term:
    """Read a date; DuckDB knows a year 0."""
    day = _spelled(operands[0], "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
    return inside(_since(exp.TryCast(this=day, to=exp.DataType(this=exp.DType.DATE))), FIRST_DAY, LAST_DAY)


def _text_timestamp(_node: Call, operands: Sequence[Term]) -> Term:
    """Read a timestamp; DuckDB knows a year 0."""
    written = _function("regexp_extract", _spelled(operands[0], TIMESTAMP_AT_UTC), exp.Literal.string(WHOLE_SECONDS), exp.Literal.number(1))
    read = _function("epoch_us", exp.TryCast(this=written, to=exp.DataType(this=exp.DType.TIMESTAMP)))
    seconds = exp.paren(exp.IntDiv(this=read, expression=whole(10**6)), copy=False)
    return inside(Term(seconds, SqlType.NARROW), FIRST_TIMESTAMP, LAST_TIMESTAMP)


def _text_truth(_node: Call, operands: Sequence[Term]) -> Term:
    lower = _translated(ascii_uppercase, ascii_lowercase)(as_type(operands[0], SqlType.TEXT))
    known = _spelled(Term(lower, SqlType.TEXT), "|".join((*TRUE, *FALSE)))
    return Term(exp.TryCast(this=known, to=exp.DataType(this=SqlType.TRUTH.value)), SqlType.TRUTH)


def _spelled(operand: Term, pattern: str, ignored: str = "") -> exp.Expr:
    """Write what of a text matches a pattern, between white space of ASCII; the empty text where it does not."""
    space = r"[ \t\n\v\f\r\x1c-\x1f]*"
    whole = exp.Literal.string(f"^{space}({pattern}){ignored}{space}$")
    return _function("regexp_extract", as_type(operand, SqlType.TEXT), whole, exp.Literal.number(1))


WRITTEN: dict[Function, WritesCall] = {
    Function.ABSOLUTE: absolute,
    Function.QUOTIENT: _binary(exp.IntDiv),
    Function.REMAINDER: _binary(exp.Mod),
    Function.FLOOR: _floor,
    Function.ROOT: root,
    Function.GREATEST: extreme(exp.Greatest),
    Function.LEAST: extreme(exp.Least),
    Function.WITHIN: within_range,
    Function.LENGTH: plain(partial(_function, "length"), SqlType.TEXT, gives=SqlType.NARROW),
    Function.LOWER: plain(_translated(ascii_uppercase, ascii_lowercase), SqlType.TEXT),
    Function.UPPER: plain(_translated(ascii_lowercase, ascii_uppercase), SqlType.TEXT),
    Function.TRIM_START: plain(_trimmed("ltrim"), SqlType.TEXT),
    Function.TRIM_END: plain(_trimmed("rtrim"), SqlType.TEXT),
    Function.SUBSTRING: plain(partial(_function, "substring"), SqlType.TEXT, SqlType.NARROW),
    Function.RIGHT: plain(partial(_function, "right"), SqlType.TEXT, SqlType.NARROW),
    Function.REVERSE: plain(_reverse, SqlType.TEXT),
    Function.CONCAT: plain(concatenated, SqlType.TEXT),
    Function.REPLACE: plain(partial(_function, "replace"), SqlType.TEXT),
    Function.NUMBER_TEXT: _number_text,
    Function.DATE_TEXT: _date_text,
    Function.TEXT_NUMBER: _text_number,
    Function.TEXT_DATE: _text_date,
    Function.TEXT_TIMESTAMP: _text_timestamp,
    Function.TEXT_TRUTH: _text_truth,
    Function.POSITION: plain(_position, SqlType.TEXT, gives=SqlType.NARROW),
    Function.MONTHS: _months,
    Function.MONTH_START: _month_start,
    Function.DAY_OF_MONTH: _part("day"),
    Function.DAY_OF_YEAR: _part("dayofyear"),
    Function.WEEK: _part("week"),
    Function.ADD_MONTHS: _add_months,
}
"""What writes each function."""
