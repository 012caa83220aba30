"""What becomes of one cell, given how the contract declares its column."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from stillroom.admission.dates import FIRST_DAY, LAST_DAY, day
from stillroom.admission.numbers import WHITE_SPACE, units
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP, timestamp
from stillroom.model.schema import Kind, column_type

if TYPE_CHECKING:
    import datetime
    from decimal import Decimal

    from stillroom.model.schema import Column, ColumnType, Scalar

Raw: TypeAlias = "str | bool | int | float | Decimal | datetime.date | None"
"""A cell as a file holds it."""

NUMBER_LIMIT = 2**53 - 1
"""Numbers without bounds are clamped to this many units on either side of zero."""

TRUE = ("true", "t", "yes", "y", "1")
"""Spellings of true, in any case of ASCII letters."""

FALSE = ("false", "f", "no", "n", "0")
"""Spellings of false."""

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Mark(IntEnum):
    """What happened to a cell, for its owner's eyes."""

    NOTHING = 0
    UNUSABLE = 1
    """It held something that is no value of the column: it became NULL, or the column's `other`."""
    CLAMPED = 2
    """It lay outside the bounds and became the nearer one."""


def admit(raw: Raw, column: Column) -> tuple[Scalar, Mark]:
    """Return what a cell becomes. Every cell becomes something: no value in a file can provoke an error.

    Absent is NULL, and the empty text. What cannot be read, is too long or is not listed becomes NULL. Numbers are rounded to the step,
    half away from zero, then clamped; dates and timestamps are clamped. Where the column declares `other`, that replaces NULL.
    """
    type_ = column_type(column)
    absent = raw is None or raw == ""
    value = None if absent else _read(raw, column, type_)
    if value is not None and type_.values is not None and value not in type_.values:
        value = None
    low, high = limits(type_)
    clamped = value
    if type_.kind not in {Kind.TEXT, Kind.BOOLEAN} and value is not None and not isinstance(value, str):
        clamped = min(max(value, low), high)
    if value is None:
        return replacement(column), Mark.NOTHING if absent else Mark.UNUSABLE
    return clamped, Mark.NOTHING if clamped == value else Mark.CLAMPED


def limits(type_: ColumnType) -> tuple[int, int]:
    """Return what numbers, dates and timestamps of a column are clamped to, in whole units."""
    high = NUMBER_LIMIT // type_.step * type_.step
    low, high = {Kind.DATE: (FIRST_DAY, LAST_DAY), Kind.TIMESTAMP: (FIRST_TIMESTAMP, LAST_TIMESTAMP)}.get(type_.kind, (-high, high))
    return low if type_.low is None else type_.low, high if type_.high is None else type_.high


def replacement(column: Column) -> Scalar:
    """Return what stands for NULL in a column, if the contract lists a value for it."""
    if column.other is None or column.type in {Kind.TEXT, Kind.BOOLEAN}:
        return column.other
    return int(column.other)


def _read(raw: Raw, column: Column, type_: ColumnType) -> Scalar:
    match column.type:
        case Kind.TEXT:
            return _text(raw, column)
        case Kind.BOOLEAN:
            return _truth(raw)
        case Kind.DATE:
            return day(raw)  # type: ignore[arg-type]  # the file's column types are checked before
        case Kind.TIMESTAMP:
            return timestamp(raw)  # type: ignore[arg-type]  # as above
        case Kind.INTEGER | Kind.DECIMAL:
            return units(raw, type_.digits, type_.step)  # type: ignore[arg-type]  # as above


def _text(raw: Raw, column: Column) -> str | None:
    text = str(raw)
    return text if column.max_length is None or len(text) <= column.max_length else None


def _truth(raw: Raw) -> bool | None:
    spelling = str(raw).strip(WHITE_SPACE).translate(_LOWER)
    if spelling in TRUE:
        return True
    return False if spelling in FALSE else None
