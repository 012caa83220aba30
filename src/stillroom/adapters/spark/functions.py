"""Functions of a plan as SQL of Spark's that cannot fail; `model.function` says what each means.

Spark's own functions are named by `function`, as they are: sqlglot does not get to translate them. Numbers that Spark counts as INT become
BIGINT at once, since what is computed of them would be INT otherwise, and fail beyond 2**31.
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
from stillroom.model.expression import Call, Divide
from stillroom.model.function import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.adapters.statements.dialect import WritesCall
    from stillroom.model.expression import Expression

DECIMAL_DIGITS = 38
"""The digits of Spark's longest decimals."""

LONGEST_TEXT = 2**30
"""No text has so many code points."""


def function(name: str, *operands: exp.Expr) -> exp.Expr:
    """Write a function of Spark's, of which sqlglot shall have no opinion."""
    return exp.Anonymous(this=name, expressions=list(operands))


def decimal(node: exp.Expr, digits: int, places: int, cast: type[exp.Cast] = exp.Cast) -> exp.Expr:
    """Write a cast to a decimal."""
    return cast(this=node, to=exp.DataType.build(f"DECIMAL({digits}, {places})", dialect="spark"))


def quotient(dividend: exp.Expr, divisor: exp.Expr, width: SqlType) -> exp.Expr:
    """Write the quotient of two numbers of a width, cut off towards zero; NULL for the divisor 0.

    `DIV` is a BIGINT, also that of decimals, of which it drops higher bits in silence. So the dividend without its remainder is divided:
    the quotient is whole, and exact if its type has room. That of two DECIMAL(38, 0) has six places, so no room for more than 32 digits;
    that of a thousandth has.
    """
    some = exp.Nullif(this=divisor, expression=whole(0, width))
    if width is SqlType.NARROW:
        return exp.paren(exp.IntDiv(this=dividend, expression=some), copy=False)
    multiple = exp.paren(exp.Sub(this=dividend, expression=function("TRY_MOD", dividend.copy(), divisor.copy())), copy=False)
    thousandth = exp.paren(exp.Mul(this=multiple, expression=decimal(exp.Literal.number("0.001"), 3, 3)), copy=False)
    divided = decimal(exp.Div(this=thousandth, expression=some), 38, 3)
    return sql_cast(exp.Mul(this=divided, expression=decimal(exp.Literal.number(1000), 4, 0)), SqlType.WIDE)


def repeats(node: Expression) -> bool:
    """Tell whether an operand of a node is written several times."""
    match node:
        case Divide() | Call(function=Function.QUOTIENT | Function.MONTHS):
            return True
        case Call(function=Function.FLOOR):
            return node.bound > 2**60
        case _:
            return False


def _quotient(_node: Call, operands: Sequence[Term]) -> Term:
    (left, right), width = numbers(operands)
    return Term(quotient(left, right, width), width)


def _remainder(_node: Call, operands: Sequence[Term]) -> Term:
    (left, right), width = numbers(operands)
    return Term(function("TRY_MOD", left, right), width)


def _floor(node: Call, operands: Sequence[Term]) -> Term:
    """Write floor(x / d) as (x + k·d) DIV d - k, where x + k·d is never below 0: DIV cuts off towards zero."""
    operand, divisor = operands[0], constant(node, 1)
    if divisor < 1:
        raise unsound()
    times = node.bound // divisor + 1
    wide = operand.type is SqlType.WIDE or within(node.bound + times * divisor) > LARGEST_NARROW
    width = SqlType.WIDE if wide else SqlType.NARROW
    raised = exp.paren(exp.Add(this=as_type(operand, width), expression=whole(times * divisor, width)), copy=False)
    cut = quotient(raised, whole(divisor, width), width)
    return Term(exp.paren(exp.Sub(this=cut, expression=whole(times, width)), copy=False), width)


def _extreme(kind: type[exp.Greatest | exp.Least]) -> WritesCall:
    """Return what writes GREATEST or LEAST of at least two; that of one is itself."""
    several = extreme(kind)
    return lambda node, operands: several(node, operands) if len(operands) > 1 else operands[0]


def _day(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), exp.DType.DATE)


def _int(node: exp.Expr) -> exp.Expr:
    return exp.TryCast(this=node, to=exp.DataType(this=exp.DType.INT))


def _date(node: Call, operand: Term) -> exp.Expr:
    """Write a day as a DATE. Its bound proves that it is one."""
    if node.bound >= DAY_LIMIT:
        raise unsound()
    return function("DATE_ADD", _day("1970-01-01"), _int(as_type(operand, SqlType.NARROW)))


def _since(date: exp.Expr) -> Term:
    """Write a DATE as days."""
    return Term(_counted(function("DATEDIFF", date, _day("1970-01-01"))), SqlType.NARROW)


def _counted(node: exp.Expr) -> exp.Expr:
    """Write an INT as a BIGINT."""
    return sql_cast(node, SqlType.NARROW)


def _part(name: str) -> WritesCall:
    """Return what writes a part of a date."""
    return lambda node, operands: Term(_counted(function(name, _date(node, operands[0]))), SqlType.NARROW)


def _months(node: Call, operands: Sequence[Term]) -> Term:
    date = _date(node, operands[0])
    years = exp.Mul(this=_counted(function("YEAR", date)), expression=whole(12))
    month = exp.Sub(this=_counted(function("MONTH", date.copy())), expression=whole(1))
    return Term(exp.paren(exp.Add(this=years, expression=exp.paren(month, copy=False)), copy=False), SqlType.NARROW)


def _month_start(node: Call, operands: Sequence[Term]) -> Term:
    if node.bound >= DAY_LIMIT:
        raise unsound()
    added = exp.paren(exp.Sub(this=as_type(operands[0], SqlType.NARROW), expression=whole(12)), copy=False)
    return _since(function("ADD_MONTHS", _day("0001-01-01"), _int(added)))


def _add_months(node: Call, operands: Sequence[Term]) -> Term:
    return _since(function("ADD_MONTHS", _date(node, operands[0]), _int(whole(constant(node, 1)))))


def _translated(before: str, after: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda text: function("TRANSLATE", text, exp.Literal.string(before), exp.Literal.string(after))


def _trimmed(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda text: function(name, exp.Literal.string(SPACES), text)


def _length(text: exp.Expr) -> exp.Expr:
    return _counted(function("LENGTH", text))


def _position(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    return _counted(function("INSTR", text, part))


def _place(node: Call, place: int) -> exp.Expr:
    """Write a constant place in a text, or number of code points, as an INT."""
    return exp.Literal.number(min(constant(node, place), LONGEST_TEXT))


def _substring(node: Call, operands: Sequence[Term]) -> Term:
    text = as_type(operands[0], SqlType.TEXT)
    return Term(function("SUBSTRING", text, *(_place(node, place) for place in range(1, len(operands)))), SqlType.TEXT)


def _right(node: Call, operands: Sequence[Term]) -> Term:
    return Term(function("RIGHT", as_type(operands[0], SqlType.TEXT), _place(node, 1)), SqlType.TEXT)


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
    exact = decimal(as_type(number(operands[0]), SqlType.WIDE), whole_digits, 0)
    unit = decimal(exp.Literal.string(format(Decimal(1).scaleb(-digits), "f")), digits, digits)
    return Term(sql_cast(exp.paren(exp.Mul(this=exact, expression=unit), copy=False), SqlType.TEXT), SqlType.TEXT)


def _date_text(node: Call, operands: Sequence[Term]) -> Term:
    return Term(sql_cast(_date(node, inside(operands[0], FIRST_DAY, LAST_DAY)), SqlType.TEXT), SqlType.TEXT)


def _text_number(node: Call, operands: Sequence[Term]) -> Term:
    """Read a number as a decimal, which is NULL where it does not fit, and rounded half away from zero. What is no number becomes ''.

    Sail reads no number with hundreds of decimal places. The first twenty are enough: the one after `places` decides.
    """
    digits, places = constant(node, 1), constant(node, 2)
    if not 0 <= places <= PLACES_LIMIT or not places <= digits <= LONGEST_DECIMAL:
        raise unsound()
    spelled = _spelled(operands[0], "[+-]?(?:[0-9]+(?:[.][0-9]{0,20})?|[.][0-9]{1,20})", "[0-9]*")
    read = decimal(spelled, max(digits, 1), places, exp.TryCast)
    unit = decimal(exp.Literal.number(10**places), places + 1, 0)
    return Term(sql_cast(exp.paren(exp.Mul(this=read, expression=unit), copy=False), SqlType.NARROW), SqlType.NARROW)


def _text_date(_node: Call, operands: Sequence[Term]) -> Term:
    """Read a date; Spark knows a year 0."""
    day = _spelled(operands[0], "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
    return inside(_since(exp.TryCast(this=day, to=exp.DataType(this=exp.DType.DATE))), FIRST_DAY, LAST_DAY)


def _text_timestamp(_node: Call, operands: Sequence[Term]) -> Term:
    """Read a timestamp, in the session's time zone, which is UTC; Spark knows a year 0."""
    read = exp.TryCast(this=_in_full(_spelled(operands[0], TIMESTAMP_AT_UTC)), to=exp.DataType(this=exp.DType.TIMESTAMPLTZ))
    return inside(Term(function("UNIX_SECONDS", read), SqlType.NARROW), FIRST_TIMESTAMP, LAST_TIMESTAMP)


def _in_full(timestamp: exp.Expr) -> exp.Expr:
    """Write a timestamp to its second: midnight is added to a day, and the beginning of the minute to a minute."""
    written = function("REGEXP_EXTRACT", timestamp, exp.Literal.string(WHOLE_SECONDS), exp.Literal.number(1))
    timed = function("REGEXP_REPLACE", written, exp.Literal.string("^(.{10})$"), exp.Literal.string("$1 00:00"))
    return function("LEFT", concatenated(timed, exp.Literal.string(":00")), exp.Literal.number(19))


def _text_truth(_node: Call, operands: Sequence[Term]) -> Term:
    lower = _translated(ascii_uppercase, ascii_lowercase)(as_type(operands[0], SqlType.TEXT))
    known = _spelled(Term(lower, SqlType.TEXT), "|".join((*TRUE, *FALSE)))
    return Term(exp.TryCast(this=known, to=exp.DataType(this=SqlType.TRUTH.value)), SqlType.TRUTH)


def _spelled(operand: Term, pattern: str, ignored: str = "") -> exp.Expr:
    r"""Write what of a text matches a pattern, between white space of ASCII; the empty text where it does not.

    `$` and `\v` would mean more to Java than elsewhere. The pattern is a raw string, which has no quotes in it: what a backslash means in
    others is a setting of the server.
    """
    space = r"[ \t\n\x0b\f\r\x1c-\x1f]*"
    matched = exp.Var(this=rf"r'\A{space}({pattern}){ignored}{space}\z'")
    return function("REGEXP_EXTRACT", sql_cast(as_type(operand, SqlType.TEXT), SqlType.TEXT), matched, exp.Literal.number(1))


WRITTEN: dict[Function, WritesCall] = {
    Function.ABSOLUTE: absolute,
    Function.QUOTIENT: _quotient,
    Function.REMAINDER: _remainder,
    Function.FLOOR: _floor,
    Function.ROOT: root,
    Function.GREATEST: _extreme(exp.Greatest),
    Function.LEAST: _extreme(exp.Least),
    Function.WITHIN: within_range,
    Function.LENGTH: plain(_length, SqlType.TEXT, gives=SqlType.NARROW),
    Function.LOWER: plain(_translated(ascii_uppercase, ascii_lowercase), SqlType.TEXT),
    Function.UPPER: plain(_translated(ascii_lowercase, ascii_uppercase), SqlType.TEXT),
    Function.TRIM_START: plain(_trimmed("LTRIM"), SqlType.TEXT),
    Function.TRIM_END: plain(_trimmed("RTRIM"), SqlType.TEXT),
    Function.SUBSTRING: _substring,
    Function.RIGHT: _right,
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
    Function.MONTHS: _months,
    Function.MONTH_START: _month_start,
    Function.DAY_OF_MONTH: _part("DAY"),
    Function.DAY_OF_YEAR: _part("DAYOFYEAR"),
    Function.WEEK: _part("WEEKOFYEAR"),
    Function.ADD_MONTHS: _add_months,
}
"""What writes each function."""
