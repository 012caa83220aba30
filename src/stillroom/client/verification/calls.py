"""Functions of rows where they stand after the noise, written down once more: of whole numbers, truth values and texts."""

from __future__ import annotations

import datetime
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stillroom.client.verification.calendar import CALENDAR_DAYS, day_number, later, month_of, month_start
from stillroom.client.verification.functions import Known, sure
from stillroom.client.verification.numerals import decimal_text
from stillroom.client.verification.outcome import Broken
from stillroom.model.function import Function

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.client.verification.functions import Plain
    from stillroom.model.expression import Call

_WHITE = " \t\n\v\f\r\x1c\x1d\x1e\x1f"
_BLANKS = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""What has Unicode's category Zs."""

_DAY_TEXT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.[0-9]{1,9})?)?(?:Z|[+-]00(?::?00)?)?")
_NUMBER = re.compile(r"([+-]?)([0-9]*)\.?([0-9]*)")
_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
_DATE_LENGTH = 10
_DAY = 86_400


def called(node: Call, operands: list[Known]) -> Known:
    """Return what a function makes of its operands, with its interval where only the first is noisy and it rises with that.

    Raises:
        Broken: It is none that stands after the noise, or its operands are not what it takes.
    """
    function, values = node.function, [operand.value for operand in operands]
    value = _value(function, values)
    if not any(operand.noisy for operand in operands):
        return sure(value)
    ends = operands[0].ends
    if ends is None or any(operand.noisy for operand in operands[1:]) or not isinstance(value, Fraction):
        return Known(value)
    low, high = (_value(function, [end, *values[1:]]) for end in ends)
    if not isinstance(low, Fraction) or not isinstance(high, Fraction) or not _rises(function, ends, values[1:]):
        return Known(value)
    return Known(value, low, high)


def _rises(function: Function, ends: tuple[Fraction, Fraction], rest: list[Plain]) -> bool:
    """Tell whether a function never falls from the one end to the other."""
    match function:
        case Function.FLOOR | Function.WITHIN | Function.MONTHS | Function.MONTH_START | Function.ADD_MONTHS:
            return True
        case Function.QUOTIENT:
            return isinstance(rest[0], Fraction) and rest[0] > 0
        case Function.REMAINDER:
            return _value(Function.QUOTIENT, [ends[0], *rest]) == _value(Function.QUOTIENT, [ends[1], *rest])
        case _:
            return False


def _value(function: Function, values: list[Plain]) -> Plain:
    """Return the value of a function; NULL where an operand is."""
    if function not in _MEANINGS:
        raise Broken("a column is made of what has no meaning after the noise")
    if None in values:
        return None
    found = _MEANINGS[function](*map(_whole, values))
    return Fraction(found) if isinstance(found, int) and not isinstance(found, bool) else found


def _whole(value: Plain) -> bool | int | str | None:
    if isinstance(value, Fraction) and value.denominator != 1:
        raise Broken("a function is of a number that is not whole")
    return value.numerator if isinstance(value, Fraction) else value


def _cut(number: int, divisor: int) -> int | None:
    return None if divisor == 0 else math.trunc(Fraction(number, divisor))


def _left(number: int, divisor: int) -> int | None:
    rest = abs(number) % abs(divisor) if divisor else None
    return rest if rest is None or number >= 0 else -rest


def _letters(text: str, first: str, last: str, shift: int) -> str:
    """Return a text in which the letters of a range are others."""
    return "".join(chr(ord(sign) + shift) if first <= sign <= last else sign for sign in text)


def _read_number(text: str, digits: int, places: int) -> int | None:
    """Return the number that a text spells, in units, rounded half away from zero."""
    spelled = _NUMBER.fullmatch(text.strip(_WHITE))
    if spelled is None or not (spelled[2] or spelled[3]):
        return None
    whole, figures = spelled[2].lstrip("0"), spelled[3][: places + 1].ljust(places + 1, "0")
    if len(whole) > digits:
        return None
    units: int = (int(whole + figures) + 5) // 10
    if units >= 10**digits:
        return None
    return -units if spelled[1] == "-" else units


def _read_day(text: str) -> int | None:
    spelled = _DAY_TEXT.fullmatch(text.strip(_WHITE))
    return None if spelled is None else day_number(spelled[1])


def _read_second(text: str) -> int | None:
    spelled = text.strip(_WHITE)
    day = day_number(spelled[:_DATE_LENGTH])
    if len(spelled) == _DATE_LENGTH or day is None:
        return None if day is None else day * _DAY
    time = _TIME.fullmatch(spelled[_DATE_LENGTH + 1 :]) if spelled[_DATE_LENGTH] in "T " else None
    return None if time is None else day * _DAY + int(time[1]) * 3600 + int(time[2]) * 60 + int(time[3] or 0)


def _read_truth(text: str) -> bool | None:
    spelled = _letters(text.strip(_WHITE), "A", "Z", 32)
    return spelled in _TRUE if spelled in _TRUE | _FALSE else None


def _date(day: int) -> datetime.date:
    """Return a day as a date of the same place in the calendar, which repeats after 400 years."""
    return datetime.date.fromordinal((day - CALENDAR_DAYS.start) % 146_097 + 1)


_MEANINGS: dict[Function, Callable[..., Any]] = {
    Function.ABSOLUTE: abs,
    Function.QUOTIENT: _cut,
    Function.REMAINDER: _left,
    Function.FLOOR: lambda number, divisor: math.floor(Fraction(number, divisor)),
    Function.WITHIN: lambda number, low, high: number if low <= number <= high else None,
    Function.MONTHS: month_of,
    Function.MONTH_START: month_start,
    Function.DAY_OF_MONTH: lambda day: _date(day).day,
    Function.DAY_OF_YEAR: lambda day: _date(day).timetuple().tm_yday,
    Function.WEEK: lambda day: _date(day).isocalendar().week,
    Function.ADD_MONTHS: later,
    Function.LENGTH: len,
    Function.LOWER: lambda text: _letters(text, "A", "Z", 32),
    Function.UPPER: lambda text: _letters(text, "a", "z", -32),
    Function.TRIM_START: lambda text: text.lstrip(_BLANKS),
    Function.TRIM_END: lambda text: text.rstrip(_BLANKS),
    Function.SUBSTRING: lambda text, start, length: text[start - 1 :][:length],
    Function.RIGHT: lambda text, length: text[-length:] if length else "",
    Function.REVERSE: lambda text: "".join(reversed(text)),
    Function.CONCAT: lambda *texts: "".join(texts),
    Function.REPLACE: lambda text, old, new: new.join(text.split(old)) if old else text,
    Function.POSITION: lambda text, part: text.find(part) + 1,
    Function.NUMBER_TEXT: decimal_text,
    Function.DATE_TEXT: lambda day: datetime.date.fromordinal(day - CALENDAR_DAYS.start + 1).isoformat() if day in CALENDAR_DAYS else None,
    Function.TEXT_NUMBER: _read_number,
    Function.TEXT_DATE: _read_day,
    Function.TEXT_TIMESTAMP: _read_second,
    Function.TEXT_TRUTH: _read_truth,
}
