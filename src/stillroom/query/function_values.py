"""The value of a function for given operands, in plain Python; `model.function` says what each means."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any

from stillroom.admission.cells import FALSE, TRUE
from stillroom.admission.dates import FIRST_DAY, LAST_DAY, day
from stillroom.admission.numbers import WHITE_SPACE
from stillroom.admission.timestamps import TIMESTAMP_AT_UTC, timestamp
from stillroom.model.function import Function
from stillroom.model.schema import EPOCH
from stillroom.query import calendar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.schema import Scalar

_NUMBER = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?")
_TIMESTAMP = re.compile(TIMESTAMP_AT_UTC)

LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)

SPACES = "\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""The spaces that TRIM takes away."""


def function_value(function: Function, operands: Sequence[Scalar]) -> Scalar:
    """Return the value of a function.

    Raises:
        TypeError: Operands are of kinds that the function does not take.
    """
    known = [operand for operand in operands if operand is not None]
    if function in _LENIENT:
        return _LENIENT[function](known) if known else None
    return _STRICT[function](*known) if len(known) == len(operands) else None


def _quotient(dividend: int, divisor: int) -> int | None:
    if divisor == 0:
        return None
    magnitude = abs(dividend) // abs(divisor)
    return magnitude if (dividend < 0) == (divisor < 0) else -magnitude


def _remainder(dividend: int, divisor: int) -> int | None:
    quotient = _quotient(dividend, divisor)
    return None if quotient is None else dividend - quotient * divisor


def _replace(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


def _number_text(number: int, digits: int) -> str:
    figures = str(abs(number)).rjust(digits + 1, "0")
    point = len(figures) - digits
    return f"{'-' if number < 0 else ''}{figures[:point]}{'.' if digits else ''}{figures[point:]}"


def _text_number(text: str, precision: int, digits: int) -> int | None:
    """Read a number. The first decimal place that does not count says how the last is rounded."""
    spelled = _NUMBER.fullmatch(text.strip(WHITE_SPACE))
    if spelled is None:
        return None
    whole, places = spelled[2].lstrip("0"), spelled[3] or ""
    if len(whole) > precision:
        return None
    magnitude = int((whole + places[:digits].ljust(digits, "0")) or "0") + int(places[digits : digits + 1] >= "5")
    return None if magnitude >= 10**precision else -magnitude if spelled[1] == "-" else magnitude


def _date_text(day: int) -> str | None:
    return (EPOCH + timedelta(days=day)).isoformat() if FIRST_DAY <= day <= LAST_DAY else None


def _text_timestamp(text: str) -> int | None:
    spelled = text.strip(WHITE_SPACE)
    return timestamp(spelled) if _TIMESTAMP.fullmatch(spelled) else None


def _text_truth(text: str) -> bool | None:
    spelled = text.strip(WHITE_SPACE).translate(LOWER)
    return True if spelled in TRUE else False if spelled in FALSE else None


def _within(number: int, low: int, high: int) -> int | None:
    return number if low <= number <= high else None


_LENIENT: dict[Function, Callable[[list[Any]], Scalar]] = {Function.GREATEST: max, Function.LEAST: min}
"""Functions of what is not NULL among their operands."""

_STRICT: dict[Function, Callable[..., Scalar]] = {
    Function.ABSOLUTE: abs,
    Function.QUOTIENT: _quotient,
    Function.REMAINDER: _remainder,
    Function.FLOOR: lambda number, divisor: number // divisor,
    Function.ROOT: lambda number: math.isqrt(number) if number >= 0 else None,
    Function.WITHIN: _within,
    Function.LENGTH: len,
    Function.LOWER: lambda text: text.translate(LOWER),
    Function.UPPER: lambda text: text.translate(UPPER),
    Function.TRIM_START: lambda text: text.lstrip(SPACES),
    Function.TRIM_END: lambda text: text.rstrip(SPACES),
    Function.SUBSTRING: lambda text, start, length: text[start - 1 : start - 1 + length],
    Function.RIGHT: lambda text, length: text[max(len(text) - length, 0) :],
    Function.REVERSE: lambda text: text[::-1],
    Function.CONCAT: lambda *texts: "".join(texts),
    Function.REPLACE: _replace,
    Function.POSITION: lambda text, part: text.find(part) + 1,
    Function.NUMBER_TEXT: _number_text,
    Function.DATE_TEXT: _date_text,
    Function.TEXT_NUMBER: _text_number,
    Function.TEXT_DATE: day,
    Function.TEXT_TIMESTAMP: _text_timestamp,
    Function.TEXT_TRUTH: _text_truth,
    Function.MONTHS: calendar.months,
    Function.MONTH_START: calendar.month_start,
    Function.DAY_OF_MONTH: calendar.day_of_month,
    Function.DAY_OF_YEAR: calendar.day_of_year,
    Function.WEEK: calendar.week,
    Function.ADD_MONTHS: calendar.add_months,
}
"""Functions that are NULL as soon as an operand is."""
