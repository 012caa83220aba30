"""How a cell is read as a date: the ISO 8601 day that it names, as days since 1970-01-01."""

from __future__ import annotations

import datetime
import re

from stillroom.admission.numbers import WHITE_SPACE
from stillroom.model.schema import EPOCH

FIRST_DAY = (datetime.date.min - EPOCH).days
"""0001-01-01."""

LAST_DAY = (datetime.date.max - EPOCH).days
"""9999-12-31."""

DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?"
"""A day, or a moment of which the day counts as it is written."""

_DATE = re.compile(DATE_PATTERN)


def day(value: str | datetime.date | None) -> int | None:
    """Read a date as days since 1970-01-01.

    Args:
        value: A date, a moment (with a time zone, its day in UTC counts), or text in the form `2027-12-31` or `2027-12-31T08:15:00Z`.

    Returns:
        Days; None for what is no day of the years 1 to 9999.
    """
    if isinstance(value, datetime.datetime):
        return _days(value.astimezone(datetime.UTC).date() if value.tzinfo else value.date())
    if isinstance(value, str):
        return _parsed(value.strip(WHITE_SPACE))
    return None if value is None else _days(value)


def _parsed(text: str) -> int | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return _days(datetime.date.fromisoformat(text[:10]))
    except ValueError:
        return None


def _days(date: datetime.date) -> int:
    return (date - EPOCH).days
