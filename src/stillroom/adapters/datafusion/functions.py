"""Functions of a plan as SQL of DataFusion's that cannot fail; `model.function` says what each means.

DataFusion's own functions are named by `function`, as they are: sqlglot does not get to translate them. Numbers that DataFusion counts as
INT become BIGINT at once, since what is computed of them would be INT otherwise, and wrap beyond 2**31.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.datafusion.months import MONTH_START, MONTHS
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
"""The digits of DataFusion's longest decimals of 128 bits."""


def function(name: str, *operands: exp.Expr) -> exp.Expr:
    """Write a function of DataFusion's."""
    return exp.Anonymous(this=name, expressions=list(operands))


def divided(dividend: exp.Expr, divisor: exp.Expr) -> exp.Expr:
    """Write a quotient; NULL for the divisor 0.

    That of two BIGINT is cut off towards zero. That of two WIDE has four places, and is cut off behind them: the dividend, below 2**110,
    has room for four digits more.
    """
    width = SqlType.WIDE
    return exp.paren(exp.Div(this=dividend, expression=exp.Nullif(this=divisor, expression=whole(0, width)), typed=True), copy=False)


def _cut(dividend: exp.Expr, divisor: exp.Expr, width: SqlType) -> exp.Expr:
    """Write the quotient of two numbers of a width, cut off towards zero; NULL for the divisor 0."""
    if width is SqlType.WIDE:
        return sql_cast(function("TRUNC", divided(dividend, divisor)), width)
    some = exp.Nullif(this=divisor, expression=whole(0))
    return exp.paren(exp.Div(this=dividend, expression=some, typed=True), copy=False)


def _quotient(_node: Call, operands: Sequence[Term]) -> Term:
    (left, right), width = numbers(operands)
    return Term(_cut(left, right, width), width)


def _remainder(_node: Call, operands: Sequence[Term]) -> Term:
    (left, right), width = numbers(operands)
    some = exp.Nullif(this=right, expression=whole(0, width))
    return Term(exp.paren(exp.Mod(this=left, expression=some), copy=False), width)


def _floor(node: Call, operands: Sequence[Term]) -> Term:
    """Write floor(x / d) as (x + k·d) / d - k, where x + k·d is never below 0 and the quotient is cut off."""
    operand, divisor = operands[0], constant(node, 1)
    if divisor < 1:
        raise unsound()
    times = node.bound // divisor + 1
    wide = operand.type is SqlType.WIDE or within(node.bound + times * divisor) > LARGEST_NARROW
    width = SqlType.WIDE if wide else SqlType.NARROW
    raised = exp.paren(exp.Add(this=as_type(operand, width), expression=whole(times * divisor, width)), copy=False)
    cut = _cut(raised, whole(divisor, width), width)
    return Term(exp.paren(exp.Sub(this=cut, expression=whole(times, width)), copy=False), width)


def _date(node: Call, operand: Term) -> exp.Expr:
    """Write a day as a DATE. Its bound proves that it is one."""
    if node.bound >= DAY_LIMIT:
        raise unsound()
    return exp.cast(exp.cast(as_type(operand, SqlType.NARROW), exp.DType.INT), exp.DType.DATE)


def _since(date: exp.Expr) -> exp.Expr:
    """Write a DATE as days."""
    return _counted(exp.cast(date, exp.DType.INT))


def _counted(node: exp.Expr) -> exp.Expr:
    """Write an INT as a BIGINT."""
    return sql_cast(node, SqlType.NARROW)


def _part(name: str) -> WritesCall:
    """Return what writes a part of a date."""

    def written(node: Call, operands: Sequence[Term]) -> Term:
        return Term(_counted(function("DATE_PART", exp.Literal.string(name), _date(node, operands[0]))), SqlType.NARROW)

    return written


def _ours(name: str) -> WritesCall:
    """Return what writes a function of months, which DataFusion does not have."""

    def written(node: Call, operands: Sequence[Term]) -> Term:
        if node.bound >= DAY_LIMIT:
            raise unsound()
        return Term(function(name, as_type(operands[0], SqlType.NARROW)), SqlType.NARROW)

    return written


def _add_months(node: Call, operands: Sequence[Term]) -> Term:
    months = exp.cast(exp.Literal.string(f"{constant(node, 1)} months"), exp.DType.INTERVAL)
    return Term(_since(exp.paren(exp.Add(this=_date(node, operands[0]), expression=months), copy=False)), SqlType.NARROW)


def _translated(before: str, after: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda text: function("TRANSLATE", text, exp.Literal.string(before), exp.Literal.string(after))


def _trimmed(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda text: function(name, text, exp.Literal.string(SPACES))


def _length(text: exp.Expr) -> exp.Expr:
    return _counted(function("CHARACTER_LENGTH", text))


def _position(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    return _counted(function("STRPOS", text, part))


def _number_text(node: Call, operands: Sequence[Term]) -> Term:
    """Write a number as text: as an exact decimal with its decimal places, which are written in full.

    A product has one digit more than its factors together, and no more than 38.
    """
    digits = constant(node, 1)
    if digits == 0:
        return Term(sql_cast(number(operands[0]).node, SqlType.TEXT), SqlType.TEXT)
    whole_digits = DECIMAL_DIGITS - 1 - digits
    if not 0 < digits <= PLACES_LIMIT or node.bound >= 10**whole_digits:
        raise unsound()
    exact = _decimal(as_type(number(operands[0]), SqlType.WIDE), whole_digits, 0)
    unit = _decimal(exp.Literal.string(format(Decimal(1).scaleb(-digits), "f")), digits, digits)
    return Term(sql_cast(exp.paren(exp.Mul(this=exact, expression=unit), copy=False), SqlType.TEXT), SqlType.TEXT)


def _decimal(node: exp.Expr, digits: int, places: int) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build(f"DECIMAL({digits}, {places})", dialect="duckdb"))


def _date_text(node: Call, operands: Sequence[Term]) -> Term:
    return Term(sql_cast(_date(node, inside(operands[0], FIRST_DAY, LAST_DAY)), SqlType.TEXT), SqlType.TEXT)


def _text_number(node: Call, operands: Sequence[Term]) -> Term:
    """Read a number as a decimal, which is NULL where it does not fit, and rounded half away from zero.

    It is read without leading zeros and without what comes behind the digit that rounds, so that no length is too long for DataFusion.
    Expressions that differ in the type of a TRY_CAST alone have one name there, and are refused beside each other; those of a function do
    not.
    """
    digits, places = constant(node, 1), constant(node, 2)
    if not 0 <= places <= PLACES_LIMIT or not places <= digits <= LONGEST_DECIMAL:
        raise unsound()
    spelled = _spelled(operands[0], "[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)")
    shortest = exp.Literal.string(f"^([+-]?)0*([0-9]*)(?:[.]([0-9]{{0,{places + 1}}})[0-9]*)?$")
    short = function("REGEXP_REPLACE", spelled, shortest, exp.Literal.string("${1}0${2}.${3}0"))
    read = function("ARROW_TRY_CAST", short, exp.Literal.string(f"Decimal128({max(digits, 1)}, {places})"))
    unit = _decimal(exp.Literal.number(10**places), places + 1, 0)
    return Term(sql_cast(exp.paren(exp.Mul(this=read, expression=unit), copy=False), SqlType.NARROW), SqlType.NARROW)


def _text_date(_node: Call, operands: Sequence[Term]) -> Term:
    """Read a date; DataFusion knows a year 0."""
    day = _spelled(operands[0], "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
    return inside(Term(_since(exp.TryCast(this=day, to=exp.DataType(this=exp.DType.DATE))), SqlType.NARROW), FIRST_DAY, LAST_DAY)


def _text_timestamp(_node: Call, operands: Sequence[Term]) -> Term:
    """Read a timestamp; DataFusion knows a year 0, and none without hours, minutes and seconds."""
    read = function("ARROW_TRY_CAST", _in_full(_spelled(operands[0], TIMESTAMP_AT_UTC)), exp.Literal.string("Timestamp(Second, None)"))
    return inside(Term(sql_cast(read, SqlType.NARROW), SqlType.NARROW), FIRST_TIMESTAMP, LAST_TIMESTAMP)


def _in_full(timestamp: exp.Expr) -> exp.Expr:
    """Write a timestamp to its second: midnight is added to a day, and the beginning of the minute to a minute."""
    written = function("ARRAY_ELEMENT", function("REGEXP_MATCH", timestamp, exp.Literal.string(WHOLE_SECONDS)), exp.Literal.number(1))
    timed = function("REGEXP_REPLACE", written, exp.Literal.string("^(.{10})$"), exp.Literal.string("${1} 00:00"))
    return function("LEFT", concatenated(timed, exp.Literal.string(":00")), exp.Literal.number(19))


def _text_truth(_node: Call, operands: Sequence[Term]) -> Term:
    lower = _translated(ascii_uppercase, ascii_lowercase)(as_type(operands[0], SqlType.TEXT))
    known = _spelled(Term(lower, SqlType.TEXT), "|".join((*TRUE, *FALSE)))
    return Term(exp.TryCast(this=known, to=exp.DataType(this=SqlType.TRUTH.value)), SqlType.TRUTH)


def _spelled(operand: Term, pattern: str, ignored: str = "") -> exp.Expr:
    """Write what of a text matches a pattern, between white space of ASCII; NULL where it does not."""
    space = r"[ \t\n\v\f\r\x1c-\x1f]*"
    whole_pattern = exp.Literal.string(f"^{space}({pattern}){ignored}{space}$")
    return function("ARRAY_ELEMENT", function("REGEXP_MATCH", as_type(operand, SqlType.TEXT), whole_pattern), exp.Literal.number(1))


WRITTEN: dict[Function, WritesCall] = {
    Function.ABSOLUTE: absolute,
    Function.QUOTIENT: _quotient,
    Function.REMAINDER: _remainder,
    Function.FLOOR: _floor,
    Function.ROOT: root,
    Function.GREATEST: extreme(exp.Greatest),
    Function.LEAST: extreme(exp.Least),
    Function.WITHIN: within_range,
    Function.LENGTH: plain(_length, SqlType.TEXT, gives=SqlType.NARROW),
    Function.LOWER: plain(_translated(ascii_uppercase, ascii_lowercase), SqlType.TEXT),
    Function.UPPER: plain(_translated(ascii_lowercase, ascii_uppercase), SqlType.TEXT),
    Function.TRIM_START: plain(_trimmed("LTRIM"), SqlType.TEXT),
    Function.TRIM_END: plain(_trimmed("RTRIM"), SqlType.TEXT),
    Function.SUBSTRING: plain(partial(function, "SUBSTR"), SqlType.TEXT, SqlType.NARROW),
    Function.RIGHT: plain(partial(function, "RIGHT"), SqlType.TEXT, SqlType.NARROW),
    Function.REVERSE: plain(partial(function, "REVERSE"), SqlType.TEXT),
    Function.CONCAT: plain(concatenated, SqlType.TEXT),
    Function.REPLACE: plain(partial(function, "REPLACE"), SqlType.TEXT),
    Function.NUMBER_TEXT: _number_text,
    Function.DATE_TEXT: _date_text,
    Function.TEXT_NUMBER: _text_number,
    Function.TEXT_DATE: _text_date,
    Function.TEXT_TIMESTAMP: _text_timestamp,
    Function.TEXT_TRUTH: _text_truth,
    Function.POSITION: plain(_position, SqlType.TEXT, gives=SqlType.NARROW),
    Function.MONTHS: _ours(MONTHS),
    Function.MONTH_START: _ours(MONTH_START),
    Function.DAY_OF_MONTH: _part("day"),
    Function.DAY_OF_YEAR: _part("doy"),
    Function.WEEK: _part("week"),
    Function.ADD_MONTHS: _add_months,
}
"""What writes each function."""
