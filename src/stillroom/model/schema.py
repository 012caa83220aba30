"""Columns: what they hold, how they may be used, and which values they can take."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from pydantic import Field

from stillroom.model.value import BigInt, Value

EPOCH = datetime.date(1970, 1, 1)
SECONDS_OF_DAY = 86_400
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
DOMAIN_LIMIT = 100_000
"""The largest number of values a domain may list or enumerate."""

Scalar: TypeAlias = bool | int | str | None
"""A value inside a plan: fixed-point numbers, dates and timestamps are whole numbers."""


class Use(StrEnum):
    """What a question may do with a column. A column without uses cannot be mentioned."""

    GROUP = "group"
    FILTER = "filter"
    MEASURE = "measure"
    JOIN = "join"


class Kind(StrEnum):
    """The types of columns and expressions."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


CALENDAR = frozenset({Kind.DATE, Kind.TIMESTAMP})
"""Kinds whose values are days or seconds of a calendar. They are compared and have an order; differences alone are numbers."""

ORDERED = frozenset({Kind.INTEGER, Kind.DECIMAL}) | CALENDAR
"""Kinds whose noisy values have intervals."""


class Column(Value):
    """One column of a dataset, as the contract declares it.

    Attributes:
        type: What it holds.
        uses: What questions may do with it.
        values: The listed domain, in the order in which tables show it (text, integer or boolean columns).
        bounds: Lowest and highest value (numbers; dates and timestamps as ISO 8601 text). What lies outside is clamped at admission.
        step: Granularity of numbers; values are rounded to a multiple. Needed for decimals; 1 for integers.
        max_length: Longest text, in characters. Needed for text without listed values. Longer text becomes NULL.
        required: Rows without a value are dropped at admission; the column is then never NULL.
        other: The listed value that stands for everything outside the list, and for NULL.
        total: Lowest and highest per-person total of this column, for sums; clamped before aggregation.
        description: For people.
    """

    type: Kind
    uses: tuple[Use, ...] = ()
    values: tuple[bool | int | str, ...] | None = None
    bounds: tuple[int | float | str, int | float | str] | None = None
    step: int | float | None = None
    max_length: int | None = Field(default=None, ge=1, le=10_000)
    required: bool = False
    other: bool | int | str | None = None
    total: tuple[int | float, int | float] | None = None
    description: str = ""


class ColumnType(Value):
    """What is known, from the contract alone, about every value of a column or expression.

    Attributes:
        kind: Integer and decimal values are fixed-point; dates are days since 1970-01-01, timestamps seconds since it began.
        digits: Decimal places: a stored whole number n stands for n / 10**digits.
        low: Lowest whole number (numbers, dates and timestamps), or None.
        high: Highest whole number (numbers, dates and timestamps), or None.
        step: Numbers are multiples of this many units, counted from zero.
        values: Listed domain in display order, NULL excluded, or None.
        length: The most characters of a text, as far as that is known without its listed domain, or None.
        nullable: Whether NULL can occur.
    """

    kind: Kind
    digits: int = 0
    low: BigInt | None = None
    high: BigInt | None = None
    step: int = 1
    values: tuple[bool | int | str, ...] | None = None
    length: int | None = None
    nullable: bool = True

    @property
    def longest(self) -> int | None:
        """The most characters of a text, as far as that is known.

        What functions make of listed texts is bounded as if these were not listed: whoever checks a plan need not evaluate it.
        """
        if self.length is not None or self.values is None:
            return self.length
        return max((len(str(value)) for value in self.values), default=0)

    @property
    def numeric(self) -> bool:
        """Whether arithmetic applies."""
        return self.kind in {Kind.INTEGER, Kind.DECIMAL}

    def domain(self, limit: int = DOMAIN_LIMIT) -> tuple[Scalar, ...] | None:
        """Return every value that can occur, NULL last, or None when that is not known or more than `limit`."""
        listed: tuple[Scalar, ...] | None = self.values
        if listed is None and self.kind is Kind.BOOLEAN:
            listed = (False, True)
        if listed is None and self.low is not None and self.high is not None and (self.high - self.low) // self.step < limit:
            first = -(-self.low // self.step) * self.step
            listed = tuple(range(first, self.high + 1, self.step))
        if listed is None or len(listed) > limit:
            return None
        return (*listed, None) if self.nullable else listed


def to_units(number: float | str | Decimal, digits: int) -> int:
    """Return a number as whole units of 10**-digits, exactly.

    Raises:
        ValueError: The number has more decimal places than that, or is not finite.
    """
    scaled = Decimal(str(number)).scaleb(digits)
    whole = int(scaled) if scaled.is_finite() else None
    if whole is None or whole != scaled:
        message = "not a whole number of units"
        raise ValueError(message)
    return whole


def days(text: str) -> int:
    """Return an ISO 8601 date as days since 1970-01-01.

    Raises:
        ValueError: Not a date.
    """
    if not _DATE.fullmatch(text):
        message = "not a date"
        raise ValueError(message)
    return (datetime.date.fromisoformat(text) - EPOCH).days


def seconds(text: str) -> int:
    """Return an ISO 8601 timestamp of a day as seconds since 1970-01-01 began; a day is its beginning.

    Raises:
        ValueError: Not a timestamp, or one with a time zone or with parts of a second.
    """
    if not _TIMESTAMP.fullmatch(text):
        message = "not a timestamp in whole seconds, without a time zone"
        raise ValueError(message)
    timestamp = datetime.datetime.fromisoformat(text)
    return (timestamp.date() - EPOCH).days * SECONDS_OF_DAY + timestamp.hour * 3600 + timestamp.minute * 60 + timestamp.second


def calendar_text(kind: Kind, value: int) -> str:
    """Return how a date or a timestamp is written: `2026-01-31`, or `2026-01-31 08:15:00`.

    Raises:
        OverflowError: It is outside the years 1 to 9999.
    """
    if kind is Kind.DATE:
        return (EPOCH + datetime.timedelta(days=value)).isoformat()
    start = datetime.datetime(EPOCH.year, EPOCH.month, EPOCH.day)  # noqa: DTZ001  timestamps have no time zone
    return (start + datetime.timedelta(seconds=value)).isoformat(sep=" ")


def places(step: float) -> int:
    """Return how many decimal places a step has."""
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def column_type(column: Column) -> ColumnType:
    """Return what the contract says about every admitted value of a column.

    Raises:
        ValueError: The declaration is inconsistent (`policy.contract_problems` tells how).
    """
    nullable = not (column.required or column.other is not None)
    if column.type in {Kind.TEXT, Kind.BOOLEAN}:
        length = column.max_length if column.type is Kind.TEXT and column.values is None else None
        return ColumnType(kind=column.type, values=column.values, length=length, nullable=nullable)
    if column.type in CALENDAR:
        read = days if column.type is Kind.DATE else seconds
        low, high = (read(str(b)) for b in column.bounds) if column.bounds else (None, None)
        return ColumnType(kind=column.type, low=low, high=high, nullable=nullable)
    step = column.step if column.step is not None else 1
    digits = places(step)
    if column.values is not None:
        listed = tuple(to_units(v, digits) for v in column.values)
        return ColumnType(kind=column.type, digits=digits, low=min(listed), high=max(listed), values=listed, nullable=nullable)
    low, high = (to_units(b, digits) for b in column.bounds) if column.bounds else (None, None)
    return ColumnType(kind=column.type, digits=digits, low=low, high=high, step=to_units(step, digits), nullable=nullable)
