"""How dates and timestamps are written, and when months begin."""

from __future__ import annotations

import datetime
import re

from stillroom.client.verification.outcome import Broken
from stillroom.model.schema import Kind

CALENDAR_KINDS = frozenset({Kind.DATE, Kind.TIMESTAMP})

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60

_CYCLE = 146_097
"""Days in 400 years."""

CALENDAR_DAYS = range(1 - _EPOCH, datetime.date.max.toordinal() - _EPOCH + 1)
"""The days of the years 1 to 9999."""

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def calendar_text(kind: Kind, value: int) -> str:
    """Return how a number of days since 1970-01-01 is written as a date; of a timestamp, a number of seconds.

    Raises:
        Broken: There is no such day.
    """
    day, second = divmod(value, _DAY) if kind is Kind.TIMESTAMP else (value, 0)
    if not 1 <= day + _EPOCH <= datetime.date.max.toordinal():
        raise Broken("a value of the plan is not a date")
    written = datetime.date.fromordinal(day + _EPOCH).isoformat()
    if kind is Kind.DATE:
        return written
    return f"{written} {second // _HOUR:02}:{second % _HOUR // _MINUTE:02}:{second % _MINUTE:02}"


def calendar_value(kind: Kind, text: str) -> int:
    """Return the number of days or seconds that a date or timestamp is, which is written as it must be.

    Raises:
        Broken: It is none.
    """
    try:
        read = datetime.datetime.fromisoformat(text)
        value = read.toordinal() - _EPOCH
        if kind is Kind.TIMESTAMP:
            value = value * _DAY + read.hour * _HOUR + read.minute * _MINUTE + read.second
    except ValueError:
        raise Broken("a cell is not a date") from None
    if calendar_text(kind, value) != text:
        raise Broken("a date is not written as it must be")
    return value


def day_number(text: str) -> int | None:
    """Return the number of a day that is written as YYYY-MM-DD; None for what is none."""
    try:
        return datetime.date.fromisoformat(text).toordinal() - _EPOCH if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def month_of(day: int) -> int:
    """Return how many months have begun from January of the year 0 to the month of a day. The calendar repeats after 400 years."""
    cycles, rest = divmod(day + _EPOCH - 1, _CYCLE)
    date = datetime.date.fromordinal(rest + 1)
    return 12 * (400 * cycles + date.year) + date.month - 1


def month_start(month: int) -> int:
    """Return the first day of such a month."""
    cycles, rest = divmod(month - 12, 12 * 400)
    return datetime.date(1 + rest // 12, 1 + rest % 12, 1).toordinal() - _EPOCH + _CYCLE * cycles


def later(day: int, months: int) -> int:
    """Return a day some months later; the last day of that month if it is shorter."""
    first, number = month_start(month_of(day) + months), day - month_start(month_of(day))
    return min(first + number, month_start(month_of(day) + months + 1) - 1)
