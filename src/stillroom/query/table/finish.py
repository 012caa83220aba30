"""From noisy cells to the released table: totals, averages, HAVING, ORDER BY and LIMIT. It sees noisy cells only."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.expression import Average, Column
from stillroom.model.release import LARGEST, Cell, Heading, Removed, Table
from stillroom.model.schema import CALENDAR, calendar_text
from stillroom.query.clamped import columns_with, half_removed
from stillroom.query.scales import LEVEL
from stillroom.query.table.estimate import vague
from stillroom.query.table.orders import ranks
from stillroom.query.table.rows import Rows
from stillroom.query.table.totals import TOTALLED, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.plan import NoisyCells, Order, Output, Plan
    from stillroom.model.schema import Kind
    from stillroom.model.selection import Shown
    from stillroom.privacy.intervals import Derived
    from stillroom.query.table.estimate import Estimate, Plain


def finish(plan: Plan, headings: Sequence[str], cells: NoisyCells, shown: Sequence[Shown] = ()) -> Table:
    """Return the table that a plan's finish makes of noisy cells.

    Args:
        plan: The plan.
        headings: The names of the table's columns.
        cells: For each measure, its noisy leaf cells in canonical order.
        shown: The combinations of selected keys that are shown, in canonical order.
    """
    rows = _chosen(plan, Rows(plan, Totals(plan, cells, len(shown)), shown))
    columns = [_cells(plan, output, rows) for output in plan.finish.outputs]
    outputs = zip(headings, plan.finish.outputs, strict=True)
    return Table(
        headings=tuple(Heading(name=name, kind=o.kind, noisy=o.noisy) for name, o in outputs),
        rows=tuple(zip(*columns, strict=True)),
        shown=tuple(shown),
        clamped=tuple(_removed(plan, headings, number, cells[number][0][0]) for number in plan.removed),
    )


def _removed(plan: Plan, headings: Sequence[str], number: int, total: int) -> Removed:
    """Return what clamping removed from a sum: one noisy number for the whole table."""
    half, digits = half_removed(plan, number), plan.measures[number].digits
    value, low, high = (_fixed(units, digits) for units in (total, total - half, total + half))
    return Removed(columns=columns_with(plan, headings, number), value=value, low=low, high=high)


def _chosen(plan: Plan, rows: Rows) -> Rows:
    """Return the rows that HAVING and LIMIT leave, in their order."""
    finish = plan.finish
    if finish.having is not None:
        rows = rows.chosen(place for place, test in enumerate(rows.column(finish.having)) if test.value is True)
    for term in reversed(finish.order):
        rows = rows.chosen(_order(term, rows))
    if finish.limit is None and not finish.offset:
        return rows
    last = len(rows) if finish.limit is None else finish.offset + finish.limit
    return rows.chosen(range(len(rows))[finish.offset : last])


def _order(term: Order, rows: Rows) -> list[int]:
    """Return the places of rows in the order of a term; ties keep the order that they have."""
    return sorted(range(len(rows)), key=ranks(term, [one.value for one in rows.column(term.value)]).__getitem__)


def _cells(plan: Plan, output: Output, rows: Rows) -> list[Cell]:
    """Return a column of the table as text."""
    value, digits = output.value, output.digits
    if isinstance(value, Column) and value.name[0] == "k":
        return _keys(output, int(value.name[1:]), rows)
    if isinstance(value, Column) and value.name[0] == "m" and digits == plan.measures[int(value.name[1:])].digits + plan.finish.places:
        return [_measured(*ends, digits) for ends in rows.measured(int(value.name[1:]), LEVEL)]
    if isinstance(value, Average):
        return [_averaged(one, digits, 10**value.digits) for one in rows.averaged(value, LEVEL)]
    return [_computed(one, output) for one in rows.column(value)]


def _keys(output: Output, number: int, rows: Rows) -> list[Cell]:
    """Return a column of a key; rows share its cells."""
    known = [Cell(value=_text(one.value, output, ROUND_HALF_EVEN)) for one in rows.values(number)]
    known[TOTALLED] = Cell(value=None, totalled=True)
    return [known[position] for position in rows.positions(number)]


def _measured(total: int, low: int, high: int, digits: int) -> Cell:
    """Return a noisy total, which has as many decimal places as it is shown with."""
    return Cell(value=_fixed(total, digits), low=_fixed(low, digits), high=_fixed(high, digits))


def _averaged(ratio: Derived, digits: int, unit: int) -> Cell:
    """Return an average, known in units of 1/unit."""
    return Cell(
        value=decimal_text(ratio.value, digits, ROUND_HALF_EVEN, unit),
        low=decimal_text(ratio.low, digits, ROUND_FLOOR, unit),
        high=decimal_text(ratio.high, digits, ROUND_CEILING, unit),
        no_information=ratio.no_information,
    )


def _computed(one: Estimate, output: Output) -> Cell:
    """Return what was computed from keys and noisy totals; numbers and dates have intervals, and none is too long to be read again."""
    if any(isinstance(number, Fraction) and abs(number) >= LARGEST for number in (one.value, one.low, one.high)):
        one = vague(None)
    value = _text(one.value, output, ROUND_HALF_EVEN)
    if not output.noisy:
        return Cell(value=value)
    low, high = _text(one.low, output, ROUND_FLOOR), _text(one.high, output, ROUND_CEILING)
    if low is None or high is None:
        low = high = None
    return Cell(value=value, low=low, high=high, no_information=one.no_information)


def _text(value: Plain, output: Output, rounding: str) -> str | None:
    """Return a value as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if output.kind in CALENDAR:
        return _moment(output.kind, value, rounding)
    return decimal_text(value, output.digits, rounding)


def _moment(kind: Kind, value: Fraction, rounding: str) -> str | None:
    """Return a date or timestamp as text, a rounded end of an interval too; None for an end that is before the year 1 or after 9999."""
    if rounding == ROUND_HALF_EVEN:
        return calendar_text(kind, int(value))
    try:
        return calendar_text(kind, math.floor(value) if rounding == ROUND_FLOOR else math.ceil(value))
    except OverflowError:
        return None


def decimal_text(value: Fraction, digits: int, rounding: str, unit: int = 1) -> str:
    """Return value/unit with a fixed number of decimal places, correctly rounded."""
    top, bottom = value.numerator * 10**digits, value.denominator * unit
    whole, rest = divmod(top, bottom)
    if rounding == ROUND_CEILING:
        whole += int(rest > 0)
    elif rounding == ROUND_HALF_EVEN:
        whole += int(2 * rest > bottom or (2 * rest == bottom and whole % 2 == 1))
    return _fixed(whole, digits)


def _fixed(units: int, digits: int) -> str:
    """Return whole units of 10**-digits as decimal text; decimals write numbers of any length."""
    if digits == 0:
        return str(Decimal(units))
    shown = str(Decimal(abs(units))).rjust(digits + 1, "0")
    return f"{'-' if units < 0 else ''}{shown[:-digits]}.{shown[-digits:]}"
