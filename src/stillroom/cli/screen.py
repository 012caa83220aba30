"""What commands print: tables, prices and errors for people, or JSON for programs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.client.picture import remarks
from stillroom.model.question import Quantiles
from stillroom.privacy.words import chance_words, columns_named, selection_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from stillroom.errors import StillroomError
    from stillroom.model.price import CapsPrice, Price
    from stillroom.model.question import Question
    from stillroom.model.release import Cell, Heading, Release
    from stillroom.model.release import Table as ReleasedTable


UNBOUNDED = 100_000
"""Columns of what is no terminal: programs that read lines do not want them broken."""

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
        return _console(stderr=False)

    @property
    def err(self) -> Console:
        """The console for progress and errors."""
        return _console(stderr=True)

    def show(self, data: Any, *lines: object) -> None:  # noqa: ANN401 - any JSON data
        """Print a result: as JSON, or as lines (text or rich tables)."""
        self.clear()
        if self.as_json:
            self._dump(data)
            return
        for line in lines:
            out = self.out
            out.width = _width(out, line)
            out.print(line)

    def _dump(self, document: Any) -> None:  # noqa: ANN401 - any JSON data
        """Print JSON."""
        self.out.out(json.dumps(document, ensure_ascii=False, indent=2), highlight=False)

    def fail(self, error: StillroomError) -> int:
        """Print an error and return its exit code."""
        self.clear()
        if self.as_json:
            document = {"error": {"code": str(error.code), "reason": error.reason, "fix": error.fix}}
            self._dump(document)
        else:
            self.err.print(f"[bold red]{error.code}[/]  {plain(error.reason)}")
            self.err.print(f"  → {plain(error.fix)}")
        return error.exit_code

    def step(self, name: str) -> None:
        """Show progress, in place of the step before; the name of a step, never a number that depends on data."""
        err = self.err
        if _moves(err) and not self.as_json:
            self.clear()
            err.print(f"[dim]… {plain(name)}[/]", end="")

    def clear(self) -> None:
        """Take the last step's name off the screen."""
        from rich.control import Control
        from rich.segment import ControlType

        err = self.err
        if _moves(err) and not self.as_json:
            err.control(Control((ControlType.ERASE_IN_LINE, 2), ControlType.CARRIAGE_RETURN))


def _console(*, stderr: bool) -> Console:
    """Return a console that is as wide as its terminal or as COLUMNS says, and else has no end.

    What others wrote is shown as it is: a `:word:` in it, as in a fingerprint, does not become a picture.
    """
    from rich.console import Console

    class Paper(Console):
        """A console that lets `stillroom.cli.main` deal with readers who leave."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Paper(stderr=stderr, highlight=False, soft_wrap=False, emoji=False)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = UNBOUNDED
    return console


def _moves(console: Console) -> bool:
    """Tell whether what was printed can be erased again."""
    return console.is_terminal and not console.is_dumb_terminal


def _width(console: Console, line: object) -> int:
    """Return the width to print something at: a table that is not to be broken may stick out of a narrow terminal, but is not cut."""
    from rich.measure import Measurement
    from rich.table import Table

    if not isinstance(line, Table) or not all(column.no_wrap for column in line.columns):
        return console.width
    return max(console.width, Measurement.get(console, console.options.update(width=UNBOUNDED), line).maximum)


def plain_table(*headings: str, right: Sequence[str] = ()) -> Table:
    """Return a table without lines, whose cells are neither broken nor cut.

    Args:
        headings: The columns.
        right: Those that are set to the right.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", no_wrap=True)
    return table


def plain(text: str) -> str:
    """Return text that neither rich takes for markup nor a terminal for commands: what does not print is shown by its code point.

    What another party wrote is looked at before it is signed, so nothing in it may hide or move what stands beside it.
    """
    from rich.markup import escape

    return escape(printable(text))


def printable(text: str, kept: str = "\t\n") -> str:
    """Return text with what does not print shown by its code point, but for some characters."""
    return "".join(one if one.isprintable() or one in kept else f"\\u{ord(one):04x}" for one in text)


def question_text(question: Question) -> str:
    """Return what a party asks, with the constants that its parameters stand for, dialect and terms, as text that is safe to show."""
    values = ", ".join(f":{name} = {value!r}" for name, value in sorted(question.parameters.items()))
    spoken = f"  in the dialect {question.dialect}" if question.dialect is not type(question.dialect).DUCKDB else ""
    weights = ", ".join(f"{name} by {weight:g}" for name, weight in question.terms.weights.items())
    caps = ", ".join(f"{name} at {cap:g}" for name, cap in question.terms.caps.items())
    chosen = "" if question.terms.quantiles is Quantiles.TREE else f"{question.terms.quantiles}"
    further = (("  with ", values), ("", spoken), ("  weighing ", weights), ("  capping ", caps), ("  quantiles ", chosen))
    return plain(question.sql + "".join(word + text for word, text in further if text))


def release_table(release: Release) -> object:
    """Return the first rows of a release's table for the terminal: each noisy number with its interval."""
    return shown_table(release.table)


def shown_table(released: ReleasedTable) -> object:
    """Return the first rows of a table for the terminal."""
    table = plain_table()
    for heading in released.headings:
        table.add_column(plain(heading.name), justify="right" if heading.noisy else "left", no_wrap=True)
        if _bounded(heading):
            table.add_column("95 % interval", justify="right", style="dim", no_wrap=True)
    for row in released.rows[:ROWS_SHOWN]:
        table.add_row(*_texts(released, row))
    return table


def _bounded(heading: Heading) -> bool:
    """Tell whether the cells of a column have intervals: noisy numbers and dates do."""
    from stillroom.model.schema import ORDERED

    return heading.noisy and heading.kind in ORDERED


def _texts(released: ReleasedTable, row: Sequence[Cell]) -> list[str]:
    """Return one row's cells as texts; those with an interval take two."""
    texts = []
    for heading, cell in zip(released.headings, row, strict=True):
        texts.append("[dim]all[/]" if cell.totalled else plain(cell.value) if cell.value is not None else "[dim]NULL[/]")
        if _bounded(heading):
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
    before, after, selection = release.balance.before, release.balance.after, release.plan.selection
    further = f", δ {delta_units(before.delta)} → {delta_units(after.delta)}" if before.delta else ""
    balance = f"Contract balance: ρ {units(before.rho)} → {units(after.rho)}{further}."
    more = len(release.table.rows) - ROWS_SHOWN
    return [
        *([f"[dim]… and {more} more rows; --json prints them all.[/]"] if more > 0 else []),
        "" if release.table.rows else f"No rows: none passed {'selection, ' if selection else ''}HAVING, LIMIT or OFFSET.\n",
        *map(plain, remarks(release)),
        f"Charge: ε = {promise.epsilon:.4g} (a change: {promise.change_epsilon:.4g}){delta}. {balance}",
        *release.sentences,
        f"Plan {release.plan_digest[:19]}…, commit {release.commit_index} of the log of {plain(release.room)}.",
    ]


def units(rho: int) -> str:
    """Return units of 1e-12 ρ as a short decimal."""
    return f"{rho / 1e12:.5f}"


def delta_units(delta: int) -> str:
    """Return units of 1e-18 δ as a short decimal."""
    return f"{delta / 1e18:.3g}"


def price_lines(price: Price, beyond: float | None = None) -> list[str]:
    """Return a price as lines.

    Args:
        price: The price.
        beyond: The cap for one release, as ε, if the price is beyond it.
    """
    promise = price.promise
    delta = f" at δ = {promise.delta:g}" if promise.delta else " (pure)"
    bounded = f"{price.cells} cells; one person influences at most {price.groups_per_person}."
    lines = [
        f"Price: ε = {promise.epsilon:.4g}{delta}; a change of one person's rows in one dataset: ε = {promise.change_epsilon:.4g}.",
        f"Charged to: {', '.join(price.accounts)} and the contract. {bounded}",
    ]
    if price.selection is not None:
        chances = ", ".join(f"{chance_words(chance)} for {size}" for size, chance in price.selection.chances.items())
        lines += [
            selection_sentence(price.selection.threshold, price.selection.delta, price.selection.most),
            f"Chance that a group is shown, by persons in it: {chances}.",
        ]
    lines += [_caps_line(one) for one in price.caps]
    for error in price.errors:
        if error.half_width is not None:
            total = f", totals up to ± {error.total_half_width}" if error.total_half_width else ""
            lines.append(f"Expected error of {plain(error.name)}: ± {error.half_width} a cell{total} (95 %).")
        elif error.by_group_size:
            sizes = ", ".join(f"± {width} for {size}" for size, width in error.by_group_size.items())
            lines.append(f"Expected error of {plain(error.name)} by group size: {sizes} (95 %).")
        elif error.rank_half_width is not None:
            off = (
                f"by up to {error.rank_half_width} rows in the order of values (95 %), which are told apart in steps of {error.resolution}"
            )
            interval = "; chosen by the exponential mechanism, without an interval" if error.chosen else ""
            lines.append(f"Expected error of {plain(error.name)}: {off}{interval}.")
        else:
            lines.append(f"Expected error of {plain(error.name)}: depends on the values; each cell will carry its interval.")
    lines += [f"What clamping removes from {plain(one.name)} will be measured: ± {one.half_width} in all (95 %)." for one in price.clamped]
    if beyond is not None:
        lines.append(f"[yellow]This is more than one release may cost (ε = {beyond:g}): asking would be refused.[/]")
    return [*lines, *price.sentences]


def _caps_line(caps: CapsPrice) -> str:
    """Return what a cap is chosen from, and what comes of each."""
    what = "a person's number of cells" if caps.columns is None else f"a person's total in a cell of {plain(columns_named(caps.columns))}"
    errors = ", ".join(f"{cap} (± {width})" for cap, width in zip(caps.caps, caps.half_widths, strict=True))
    of = " of a count of persons" if caps.columns is None else ""
    paid = f"{units(caps.charge.rho)} ρ of the charge, by votes that are known to ± {caps.half_width}"
    noise = f"With each cap, the expected error{of} a cell: {errors}; what a cap cuts off is not in it."
    return f"The cap of {what} is chosen first, for {paid}. {noise}"
