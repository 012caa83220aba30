"""What commands print: tables, prices and errors for people, or JSON for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from stillroom.errors import StillroomError
    from stillroom.model.price import Price
    from stillroom.model.release import Cell, Release

ROWS_SHOWN = 1_000
"""The most rows of a table that are shown to people."""


@dataclass
class Screen:
    """Where a command prints: results on standard output, progress and errors on standard error.

    Attributes:
        as_json: Whether results are printed as JSON, one document a command.
    """

    as_json: bool = False

    @property
    def out(self) -> Console:
        """The console for results. Colours follow the terminal and NO_COLOR."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=False)

    @property
    def err(self) -> Console:
        """The console for progress and errors."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def show(self, data: Any, *lines: object) -> None:  # noqa: ANN401 - any JSON data
        """Print a result: as JSON, or as lines (text or rich tables)."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
            return
        for line in lines:
            self.out.print(line)

    def fail(self, error: StillroomError) -> int:
        """Print an error and return its exit code."""
        if self.as_json:
            document = {"error": {"code": str(error.code), "reason": error.reason, "fix": error.fix}}
            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        else:
            self.err.print(f"[bold red]{error.code}[/]  {plain(error.reason)}")
            self.err.print(f"  → {plain(error.fix)}")
        return error.exit_code

    def step(self, name: str) -> None:
        """Show progress; the name of a step, never a number that depends on data."""
        if not self.as_json and self.err.is_terminal:
            self.err.print(f"[dim]… {name}[/]")


def plain(text: str) -> str:
    """Return text that neither rich takes for markup nor a terminal for commands: what does not print is shown by its code point.

    What another party wrote is looked at before it is signed, so nothing in it may hide or move what stands beside it.
    """
    from rich.markup import escape

    return escape("".join(one if one.isprintable() or one in "\t\n" else f"\\u{ord(one):04x}" for one in text))


def release_table(release: Release) -> object:
    """Return the first rows of a release's table for the terminal: each noisy value with its interval."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in release.table.headings:
        table.add_column(plain(heading.name), justify="right" if heading.noisy else "left")
        if heading.noisy:
            table.add_column("95 % interval", justify="right", style="dim")
    for row in release.table.rows[:ROWS_SHOWN]:
        table.add_row(*_texts(release, row))
    return table


def _texts(release: Release, row: Sequence[Cell]) -> list[str]:
    """Return one row's cells as texts; noisy ones take two."""
    texts = []
    for heading, cell in zip(release.table.headings, row, strict=True):
        texts.append("[dim]all[/]" if cell.totalled else plain(cell.value) if cell.value is not None else "[dim]NULL[/]")
        if heading.noisy:
            texts.append(interval(cell))
    return texts


def interval(cell: Cell) -> str:
    """Return an interval as text."""
    if cell.no_information:
        return "no information"
    if cell.low is None or cell.high is None:
        return ""
    return f"{cell.low} to {cell.high}"


def release_lines(release: Release) -> list[str]:
    """Return what stands below a table: how much of it is not shown, charge, guarantee, and where it can be checked."""
    promise = release.promise
    delta = f", δ = {promise.delta:g}" if promise.delta else " (pure)"
    balance = f"Contract balance: ρ {units(release.balance.before.rho)} → {units(release.balance.after.rho)}."
    more = len(release.table.rows) - ROWS_SHOWN
    return [
        *([f"[dim]… and {more} more rows; --json prints them all.[/]"] if more > 0 else []),
        "",
        f"Charge: ε = {promise.epsilon:.4g} (a change: {promise.change_epsilon:.4g}){delta}. {balance}",
        *release.sentences,
        f"Plan {release.plan_digest[:19]}…, commit {release.commit_index} of the log of {plain(release.room)}.",
    ]


def units(rho: int) -> str:
    """Return units of 1e-12 ρ as a short decimal."""
    return f"{rho / 1e12:.5f}"


def price_lines(price: Price) -> list[str]:
    """Return a price as lines."""
    promise = price.promise
    delta = f" at δ = {promise.delta:g}" if promise.delta else " (pure)"
    bounded = f"{price.cells} cells; one person influences at most {price.groups_per_person}."
    lines = [
        f"Price: ε = {promise.epsilon:.4g}{delta}; a change of one person's rows in one dataset: ε = {promise.change_epsilon:.4g}.",
        f"Charged to: {', '.join(price.accounts)} and the contract. {bounded}",
    ]
    for error in price.errors:
        if error.half_width is not None:
            total = f", totals up to ± {error.total_half_width}" if error.total_half_width else ""
            lines.append(f"Expected error of {plain(error.name)}: ± {error.half_width} a cell{total} (95 %).")
        elif error.by_group_size:
            sizes = ", ".join(f"± {width} for {size}" for size, width in error.by_group_size.items())
            lines.append(f"Expected error of {plain(error.name)} by group size: {sizes} (95 %).")
        else:
            lines.append(f"Expected error of {plain(error.name)}: depends on the values; each cell will carry its interval.")
    return [*lines, *price.sentences]
