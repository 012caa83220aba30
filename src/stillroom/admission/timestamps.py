"""How a cell is read as a timestamp: the second that it names, as seconds since 1970-01-01 began. Timestamps have no time zone."""

from __future__ import annotations

import datetime
import re

from stillroom.admission.dates import FIRST_DAY, LAST_DAY, day
from stillroom.admission.numbers import WHITE_SPACE
from stillroom.model.schema import EPOCH, SECONDS_OF_DAY

FIRST_TIMESTAMP = FIRST_DAY * SECONDS_OF_DAY
"""0001-01-01 00:00:00."""

LAST_TIMESTAMP = LAST_DAY * SECONDS_OF_DAY + SECONDS_OF_DAY - 1
"""9999-12-31 23:59:59."""

COMMON_TIMESTAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?Z?"
"""How most timestamps are spelled: without an offset from UTC, or at UTC itself."""

TIMESTAMP_AT_UTC = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,9})?)?(?:Z|[+-]00(?::?00)?)?)?"
)
"""How every timestamp is spelled that has no offset from UTC, or none but zero: what has one means several things to several readers."""

_TIMESTAMP = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:\.[0-9]{1,9})?)?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):?(?P<minutes>[0-5][0-9])?)?)?"
)


def timestamp(value: str | datetime.date | None) -> int | None:
    """Read a timestamp as seconds since 1970-01-01 began; parts of a second are cut off.

    Args:
        value: A timestamp, a date, which is its beginning, or text in the form `2027-12-31 08:15:00`, `2027-12-31T08:15:00.25+02:00` or
            `2027-12-31`. With an offset from UTC, or a time zone, the timestamp in UTC counts; else the one that is written.

    Returns:
        Seconds; None for what is no timestamp of the years 1 to 9999.
    """
    if isinstance(value, datetime.datetime):
        return _within(_of_datetime(value))
    if isinstance(value, str):
        return _parsed(value.strip(WHITE_SPACE))
    known = day(value)
    return None if known is None else known * SECONDS_OF_DAY


def _of_datetime(value: datetime.datetime) -> int:
    offset = value.utcoffset() or datetime.timedelta(0)
    start = (value.date() - EPOCH).days * SECONDS_OF_DAY
    written = datetime.timedelta(seconds=start + value.hour * 3600 + value.minute * 60 + value.second, microseconds=value.microsecond)
    return (written - offset) // datetime.timedelta(seconds=1)


def _parsed(text: str) -> int | None:
    found = _TIMESTAMP.fullmatch(text)
    known = day(found["day"]) if found is not None else None
    if found is None or known is None:
        return None
    hour, minute, second, hours, minutes = (int(found[name] or 0) for name in ("hour", "minute", "second", "hours", "minutes"))
    offset = (hours * 3600 + minutes * 60) * (-1 if found["sign"] == "-" else 1)
    return _within(known * SECONDS_OF_DAY + hour * 3600 + minute * 60 + second - offset)


def _within(seconds: int) -> int | None:
    return seconds if FIRST_TIMESTAMP <= seconds <= LAST_TIMESTAMP else None
