"""The calendar of ISO 8601 in whole numbers: days since 1970-01-01, and months since January of the year 0.

It has no first and no last day: every whole number is a day, and every one a month.
"""

from __future__ import annotations

DAYS_OF_CYCLE = 146_097
"""Days in 400 years, after which the calendar repeats."""

_MARCH = 719_468
"""Days from 1 March of the year 0 to 1970-01-01."""

_WEEK = 7
_YEAR = 12


def months(day: int) -> int:
    """Return the month of a day: twelve times its year, and how many months of it have passed.

    Years that begin in March have their leap day last, so that the months of all years have the same lengths: those before the n-th
    are (153 n + 2) // 5 days (H. Hinnant, "chrono-compatible low-level date algorithms").
    """
    cycles, of_cycle = divmod(day + _MARCH, DAYS_OF_CYCLE)
    year = (of_cycle - of_cycle // 1460 + of_cycle // 36_524 - of_cycle // 146_096) // 365
    of_year = of_cycle - (365 * year + year // 4 - year // 100)
    return (400 * cycles + year) * _YEAR + (5 * of_year + 2) // 153 + 2


def month_start(month: int) -> int:
    """Return the first day of a month."""
    years, passed = divmod(month - 2, _YEAR)
    cycles, year = divmod(years, 400)
    return cycles * DAYS_OF_CYCLE + 365 * year + year // 4 - year // 100 + (153 * passed + 2) // 5 - _MARCH


def day_of_month(day: int) -> int:
    """Return the day within its month, from 1 on."""
    return day - month_start(months(day)) + 1


def day_of_year(day: int) -> int:
    """Return the day within its year, from 1 on."""
    return day - month_start(months(day) // _YEAR * _YEAR) + 1


def week(day: int) -> int:
    """Return the week of ISO 8601 within its year: weeks begin on Monday, and belong to the year of their Thursday."""
    thursday = day - (day + 3) % _WEEK + 3
    return (day_of_year(thursday) - 1) // _WEEK + 1


def add_months(day: int, added: int) -> int:
    """Return the same day of another month, or the last day of that month if it is shorter."""
    month = months(day) + added
    return min(month_start(month) + day_of_month(day), month_start(month + 1)) - 1
