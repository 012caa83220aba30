"""Released tables as HTML, each noisy value with an error bar drawn as inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from stillroom.model.expression import columns_of
from stillroom.model.schema import Kind
from stillroom.privacy.words import cap_sentence, selection_sentence
from stillroom.query.advised import shares_beyond

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.release import Cell, Heading, Release, Removed, Table

WIDTH = 160
HEIGHT = 14
MARGIN = 4
ROWS_SHOWN = 1_000
"""The most rows of a table that are drawn."""


@dataclass(frozen=True)
class Scale:
    """Places the numbers of one column on a line of `WIDTH` pixels."""

    low: float
    high: float

    @staticmethod
    def of(cells: Sequence[Cell]) -> Scale | None:
        """Return the scale that holds all values and intervals and zero, or None without any interval."""
        ends = [float(end) for cell in cells for end in (cell.low, cell.value, cell.high) if end is not None and cell.low is not None]
        return Scale(min(*ends, 0.0), max(*ends, 0.0)) if ends else None

    def place(self, number: str) -> float:
        """Return the position of a number."""
        span = (self.high - self.low) or 1.0
        return MARGIN + (float(number) - self.low) / span * (WIDTH - 2 * MARGIN)


def table_html(release: Release) -> str:
    """Return the first rows of a release's table as HTML, with what it guarantees below."""
    notes = "".join(f"<p>{escape(sentence)}</p>" for sentence in (*remarks(release), *release.sentences))
    return f"<div>{rows_html(release.table)}{notes}</div>"


def rows_html(table: Table) -> str:
    """Return the first rows of a table as HTML."""
    headings, rows = table.headings, table.rows[:ROWS_SHOWN]
    scales = [Scale.of([row[position] for row in rows]) if _measured(heading) else None for position, heading in enumerate(headings)]
    head = "".join(f"<th>{escape(heading.name)}{' (95 %)' if scale else ''}</th>" for heading, scale in zip(headings, scales, strict=True))
    body = "".join(f"<tr>{''.join(_cell(*parts) for parts in zip(headings, row, scales, strict=True))}</tr>" for row in rows)
    more = len(table.rows) - len(rows)
    left_out = f"<p>… and {more} more rows, in the release's table.</p>" if more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{left_out}"


def remarks(release: Release) -> list[str]:
    """Return what else is to know about the rows and numbers of a table."""
    rule, found = release.table.selection or release.plan.selection, []
    if rule is not None:
        found.append(selection_sentence(rule.threshold, rule.delta / 1e18, rule.most))
    found += _chosen_caps(release)
    if release.plan.finish.nonnegative:
        found.append("No count is below 0, nor any sum that cannot be, as asked for: small ones come out too large, on average.")
    if any(one.part is not None for one in release.noise):
        found.append("Each quantile was chosen by the exponential mechanism: it is near the true one in rank, and has no interval.")
    return [*found, *map(_removed, release.table.clamped), *(["No sum is clamped."] if _nothing_clamped(release) else [])]


def _removed(found: Removed) -> str:
    """Return what clamping removed, in words."""
    columns, interval = ", ".join(found.columns), f"95 % interval {found.low} to {found.high}"
    return f"Clamping removed {found.value} in all ({interval}) from what {columns} adds up; no error bar of the table covers it."


def _nothing_clamped(release: Release) -> bool:
    return release.question.terms.clamped and not release.table.clamped


def _chosen_caps(release: Release) -> list[str]:
    """Return each cap that was chosen, in words."""
    plan, chosen, found = release.plan, release.table.advised, []
    for advice, one, beyond in zip(plan.advice, chosen, shares_beyond(plan, chosen), strict=True):
        digits = 0 if advice.measure is None else plan.measures[advice.measure].digits
        outputs = zip(release.table.headings, plan.finish.outputs, strict=True)
        names = tuple(heading.name for heading, output in outputs if f"m{advice.measure}" in columns_of(output.value))
        found.append(cap_sentence(None if advice.measure is None else names, f"{Decimal(one.cap).scaleb(-digits):f}", beyond))
    return found


def _cell(heading: Heading, cell: Cell, scale: Scale | None) -> str:
    """Return one table cell."""
    if cell.totalled:
        return "<td><em>all</em></td>"
    text = "NULL" if cell.value is None else escape(cell.value)
    if cell.no_information:
        return f"<td>{text} <em>no information</em></td>"
    if not heading.noisy or cell.low is None or cell.high is None or cell.value is None:
        return f"<td>{text}</td>"
    bar = "" if scale is None else f" {_bar(cell.low, cell.value, cell.high, scale)}"
    return f'<td style="white-space: nowrap" title="95 % interval {cell.low} to {cell.high}">{text}{bar}</td>'


def _measured(heading: Heading) -> bool:
    """Tell whether a column has noisy numbers, which can be drawn beside zero; a date has no zero."""
    return heading.noisy and heading.kind in {Kind.INTEGER, Kind.DECIMAL}


def _bar(low: str, value: str, high: str, scale: Scale) -> str:
    """Draw an interval as a line with a dot at the estimate, and a tick at zero."""
    left, dot, right, zero = (scale.place(number) for number in (low, value, high, "0"))
    middle = HEIGHT / 2
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{low} to {high}">'
        f'<line x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{HEIGHT}" stroke="#bbb"/>'
        f'<line x1="{left:.1f}" y1="{middle}" x2="{right:.1f}" y2="{middle}" stroke="#36c" stroke-width="3"/>'
        f'<circle cx="{dot:.1f}" cy="{middle}" r="3.5" fill="#036"/></svg>'
    )
