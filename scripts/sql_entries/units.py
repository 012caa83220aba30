"""Units of time: what dates and timestamps are taken apart into, cut off at and moved by. The lists are the compiler's own."""

from __future__ import annotations

from scripts.sql_entries.entry import Entry, Listing
from scripts.sql_entries.rows import IN_A_ROW
from stillroom.query.functions.dates import DAYS_OF, EPOCH, MONTHS_OF, PARTS
from stillroom.query.functions.timestamps import TIME_OF_DAY, UNITS_OF_DAY

MEANINGS = {
    "YEAR": "from 1 to 9999",
    "QUARTER": "from 1 to 4",
    "MONTH": "from 1 to 12",
    "WEEK": "of ISO 8601, from 1 to 53; it begins on Monday",
    "DAY": "of the month, from 1 to 31",
    "DOY": "the day of the year, from 1 to 366",
    "ISODOW": "the day of the week: Monday is 1",
    "DOW": "the day of the week: Sunday is 0",
    "HOUR": "from 0 to 23",
    "MINUTE": "from 0 to 59",
    "SECOND": "from 0 to 59",
    "EPOCH": "seconds since 1970-01-01 began, as a whole number",
}
"""What each says as a part of a date or a timestamp."""


def _entry(unit: str) -> Entry:
    """Return what a unit is for."""
    name = unit.lower()
    dated = unit in {*PARTS, EPOCH}
    begins = unit in {*DAYS_OF, *MONTHS_OF}
    examples = [f"EXTRACT({name} FROM {'day' if dated else 'tapped'})"]
    if begins or unit in UNITS_OF_DAY:
        column = "day" if begins else "tapped"
        examples += [
            f"DATE_TRUNC('{name}', {column})",
            f"{column} + INTERVAL 2 {unit}",
            f"DATE_DIFF('{name}', DATE '2024-01-31', {column})",
        ]
    of = "dates and timestamps" if dated else "timestamps"
    return Entry(f"`{name}`", MEANINGS[unit], tuple(examples), (of, "yes" if len(examples) > 1 else "no"))


UNITS = Listing(
    "units",
    ("unit", "as a part", "of", "cut off at it, moved by it"),
    IN_A_ROW,
    tuple(map(_entry, dict.fromkeys((*PARTS, *TIME_OF_DAY, EPOCH, *DAYS_OF, *MONTHS_OF, *UNITS_OF_DAY)))),
)
