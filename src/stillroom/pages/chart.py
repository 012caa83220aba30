"""Where the bars of a chart are: numbers for templates, which draw them as SVG. Bars stretch with the page, text is the page's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.client.views import AccountLine
    from stillroom.model.release import Cell, Table

WIDTH = 1000
"""How wide a bar's drawing is, in its own units."""

ROWS_DRAWN = 60
"""The most rows of a chart; the table has the others."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart.

    Attributes:
        label: The row's keys.
        value: The estimate, as in the table.
        low: The lower end of its interval.
        high: The upper end.
        left: Where the bar begins.
        width: How wide it is.
        from_: Where its interval begins.
        to: Where it ends.
        known: Whether the number says more than the contract does.
    """

    label: str
    value: str
    low: str
    high: str
    left: float = 0.0
    width: float = 0.0
    from_: float = 0.0
    to: float = 0.0
    known: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of one column.

    Attributes:
        name: The column.
        zero: Where 0 is.
        bars: The bars, as the rows of the table.
        more: How many rows are not drawn.
    """

    name: str
    zero: float
    bars: tuple[Bar, ...]
    more: int


def charts_of(table: Table) -> tuple[Chart, ...]:
    """Return a chart for each column of noisy numbers with intervals."""
    found = []
    for position, heading in enumerate(table.headings):
        cells = [row[position] for row in table.rows[:ROWS_DRAWN]]
        if heading.noisy and heading.kind in {Kind.INTEGER, Kind.DECIMAL} and any(_drawn(cell) for cell in cells):
            found.append(_chart(table, heading.name, cells))
    return tuple(found)


def _chart(table: Table, name: str, cells: Sequence[Cell]) -> Chart:
    ends = [float(text) for cell in cells if _drawn(cell) for text in (cell.value, cell.low, cell.high) if text is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0

    def place(text: str | None) -> float:
        return round((float(text or 0) - low) / span * WIDTH, 1)

    zero = place("0")
    bars = tuple(_bar(label, cell, zero, place) for label, cell in zip(_labels(table), cells, strict=False))
    return Chart(name, zero, bars, max(0, len(table.rows) - ROWS_DRAWN))


def _bar(label: str, cell: Cell, zero: float, place: Callable[[str | None], float]) -> Bar:
    if not _drawn(cell):
        return Bar(label, cell.value or "NULL", cell.low or "", cell.high or "", known=False)
    at = place(cell.value)
    texts = label, cell.value or "", cell.low or "", cell.high or ""
    return Bar(*texts, min(zero, at), round(abs(at - zero), 1), place(cell.low), place(cell.high))


def _drawn(cell: Cell) -> bool:
    """Tell whether a cell has a value and an interval that says something."""
    return None not in {cell.value, cell.low, cell.high} and not cell.no_information


def _labels(table: Table) -> list[str]:
    """Return what the rows are called: their keys."""
    keys = [position for position, heading in enumerate(table.headings) if not heading.noisy]
    return [" · ".join(_key(row[position]) for position in keys) or "all" for row in table.rows]


def _key(cell: Cell) -> str:
    return "all" if cell.totalled else "no value" if cell.value is None else cell.value


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of an account is used, as places on a bar of `WIDTH`.

    Attributes:
        spent: Where what is spent ends.
        held: Where what is held ends, after that.
        percent: How much of it is gone, in whole per cent, rounded up.
    """

    spent: float
    held: float
    percent: int


def gauge_of(line: AccountLine) -> Gauge:
    """Return how much of an account's ρ is spent and held."""
    cap = max(1, line.cap.rho)
    spent, both = min(line.spent.rho, cap), min(line.spent.rho + line.held.rho, cap)
    return Gauge(round(spent / cap * WIDTH, 1), round(both / cap * WIDTH, 1), -(-both * 100 // cap))
