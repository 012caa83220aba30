"""Functions of days and timestamps. Days count from 1970-01-01, as those of Polars do, in 32 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars.operands import constant_number, inside, text
from stillroom.adapters.polars.texts import spelled
from stillroom.adapters.polars.values import Term, Type, as_type, whole
from stillroom.adapters.statements.calls import DAY_LIMIT, WHOLE_SECONDS
from stillroom.adapters.statements.sql import unsound
from stillroom.admission.dates import FIRST_DAY, LAST_DAY
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP, TIMESTAMP_AT_UTC
from stillroom.model.schema import SECONDS_OF_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.polars.values import Scope
    from stillroom.model.expression import Call

DATE = "%Y-%m-%d"


def _date(node: Call, operand: Term) -> pl.Expr:
    """Write a day as a date. Its bound proves that it is one."""
    if node.bound >= DAY_LIMIT:
        raise unsound()
    return as_type(operand, Type.NARROW).cast(pl.Int32).cast(pl.Date)


def _narrow(node: pl.Expr) -> Term:
    return Term(node.cast(Type.NARROW.value), Type.NARROW)


def _since(date: pl.Expr) -> Term:
    """Write a date as days."""
    return _narrow(date.cast(pl.Int32))


def day_of_month(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write the day within its month."""
    return _narrow(_date(node, operands[0]).dt.day())


def day_of_year(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write the day within its year."""
    return _narrow(_date(node, operands[0]).dt.ordinal_day())


def week(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write the week of ISO 8601."""
    return _narrow(_date(node, operands[0]).dt.week())


def months(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Write twelve times the year, and the months of it that have passed."""
    date = scope.bind(_date(node, operands[0]))
    return Term(_narrow(date.dt.year()).node * whole(12) + _narrow(date.dt.month()).node - whole(1), Type.NARROW)


def month_start(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Write the first day of a month."""
    if node.bound >= DAY_LIMIT:
        raise unsound()
    month = scope.bind(as_type(operands[0], Type.NARROW))
    return _since(pl.date(month // whole(12), month % whole(12) + whole(1), 1))


def add_months(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write the same day of another month, or its last."""
    return _since(_date(node, operands[0]).dt.offset_by(f"{constant_number(node, 1)}mo"))


def date_text(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Write how a day is spelled."""
    return Term(_date(node, inside(operands[0], FIRST_DAY, LAST_DAY, scope)).dt.to_string(DATE), Type.TEXT)


def text_date(_node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Read a date; Polars knows a year 0."""
    day = spelled(text(operands[0]), "[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
    return inside(_since(day.str.to_date(DATE, strict=False)), FIRST_DAY, LAST_DAY, scope)


def text_timestamp(_node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Read a timestamp: its day, and hours, minutes and seconds as far as they are written."""
    written = scope.bind(spelled(text(operands[0]), TIMESTAMP_AT_UTC).str.extract(WHOLE_SECONDS, 1))
    read = _since(written.str.slice(0, 10).str.to_date(DATE, strict=False)).node * whole(SECONDS_OF_DAY)
    for place, unit in ((11, 3_600), (14, 60), (17, 1)):
        read += written.str.slice(place, 2).cast(Type.NARROW.value, strict=False).fill_null(0) * whole(unit)
    return inside(Term(read, Type.NARROW), FIRST_TIMESTAMP, LAST_TIMESTAMP, scope)
