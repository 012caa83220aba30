"""Functions of dates and timestamps: `col("day").dt.year()`. All are of the years 1 to 9999; what would be another is NULL."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, get_args

from stillroom.client.expressions.piece import P, Value, called, known, made, operand, whole

Unit: TypeAlias = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
"""Units of time; the first three are those of timestamps."""


class Dates(Generic[P]):
    """What is made of a date or a timestamp."""

    def __init__(self, of: P) -> None:
        """Take an expression; `dt` of it does."""
        self._of = of

    def year(self) -> P:
        """Return the year."""
        return called(self._of, "YEAR")

    def quarter(self) -> P:
        """Return the quarter, from 1 to 4."""
        return called(self._of, "QUARTER")

    def month(self) -> P:
        """Return the month, from 1 to 12."""
        return called(self._of, "MONTH")

    def week(self) -> P:
        """Return the week of ISO 8601."""
        return called(self._of, "WEEK")

    def day(self) -> P:
        """Return the day of the month."""
        return called(self._of, "DAY")

    def ordinal_day(self) -> P:
        """Return the day of the year."""
        return called(self._of, "DOY")

    def weekday(self) -> P:
        """Return the day of the week: Monday is 1, Sunday 7."""
        return called(self._of, "ISODOW")

    def day_from_sunday(self) -> P:
        """Return the day of the week: Sunday is 0, Saturday 6."""
        return called(self._of, "DOW")

    def hour(self) -> P:
        """Return the hour of a timestamp."""
        return called(self._of, "HOUR")

    def minute(self) -> P:
        """Return the minute of a timestamp."""
        return called(self._of, "MINUTE")

    def second(self) -> P:
        """Return the second of a timestamp."""
        return called(self._of, "SECOND")

    def epoch(self) -> P:
        """Return the seconds since 1970-01-01 began."""
        return called(self._of, "EPOCH")

    def date(self) -> P:
        """Return the day of a timestamp."""
        return made(self._of, f"CAST({self._of.sql} AS DATE)")

    def truncate(self, unit: Unit) -> P:
        """Return when the unit of time began: of a timestamp a timestamp, of a date a date."""
        return made(self._of, f"DATE_TRUNC('{known(unit, get_args(Unit))}', {self._of.sql})")

    def month_end(self) -> P:
        """Return the last day of the month."""
        return called(self._of, "LAST_DAY")

    def offset_by(self, count: int, unit: Unit) -> P:
        """Return the date or timestamp that is some units later, or below 0 earlier; months are cut to the last day of a shorter one.

        Raises:
            InvalidInput: It is no whole number, or no unit.
        """
        size, name = whole(count, "The length of an interval", least=None), known(unit, get_args(Unit)).upper()
        return made(self._of, f"({self._of.sql} {'-' if size < 0 else '+'} INTERVAL {abs(size)} {name})")

    def since(self, begin: Value, unit: Unit = "day") -> P:
        """Return how many units of time lie between a beginning and this: weeks that passed whole, of others those that began."""
        return made(self._of, f"DATE_DIFF('{known(unit, get_args(Unit))}', {operand(begin).sql}, {self._of.sql})")
