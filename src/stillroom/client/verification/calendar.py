"""How dates and timestamps are written."""

from __future__ import annotations

import datetime

from stillroom.client.verification.outcome import Broken
from stillroom.model.schema import Kind

CALENDAR_KINDS = frozenset({Kind.DATE, Kind.TIMESTAMP})

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


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
