"""A release beside the truth: what the same SQL says of the owners' files, which a story knows since it made them up, and no party does."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stillroom.cli.stories.numbers import holds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stillroom.model.release import Cell, Table


@dataclass(frozen=True)
class Comparison:
    """How a release compares with the truth.

    Attributes:
        cells: How many noisy numbers it has.
        right: The intervals of how many hold the truth.
        median: The median of their relative errors, where the truth is not 0.
    """

    cells: int
    right: int
    median: float

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.right} of {self.cells} intervals hold the truth; median relative error {100 * self.median:.2g} %"


def compare(table: Table, question: str, files: Mapping[str, Path]) -> Comparison:
    """Compare every noisy number of a released table with what the question says of the files. Groups with nobody in them have zeros."""
    from stillroom.demo_data.synthetic import read

    keys = [place for place, heading in enumerate(table.headings) if not heading.noisy]
    true = {tuple(_text(row[place]) for place in keys): row for row in read(question, **files)}
    pairs = [(cell, truth) for row in table.rows for cell, truth in _pairs(table, row, true.get(_key(row, keys)))]
    errors = sorted(abs(float(cell.value or 0) - truth) / abs(truth) for cell, truth in pairs if truth)
    return Comparison(len(pairs), sum(holds(cell, truth) for cell, truth in pairs), errors[len(errors) // 2] if errors else 0)


def _key(row: Sequence[Cell], keys: Sequence[int]) -> tuple[str | None, ...]:
    """Return the keys of a row; None where one is totalled over."""
    return tuple(None if row[place].totalled else row[place].value for place in keys)


def _text(key: Any) -> str | None:  # noqa: ANN401  a value of any kind, as DuckDB gives it
    """Return a key as a release has it."""
    return None if key is None else str(key).lower() if isinstance(key, bool) else str(key)


def _pairs(table: Table, row: Sequence[Cell], truth: Sequence[Any] | None) -> list[tuple[Cell, float]]:
    """Return the noisy numbers of a row, each with the truth."""
    noisy = [place for place, heading in enumerate(table.headings) if heading.noisy]
    return [(row[place], float(truth[place] or 0) if truth else 0.0) for place in noisy]


def lines(table: Table, headings: Sequence[str]) -> list[str]:
    """Return a table as lines: keys, then each noisy number ± the half-width of its interval."""
    shown = [headings, *(tuple(_shown(cell) for cell in row) for row in table.rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(headings))]
    text = ["   ".join(_set(row[at], widths[at], left=not one.noisy) for at, one in enumerate(table.headings)) for row in shown]
    return [f"[bold]{text[0]}[/]", *text[1:]]


def listed(table: Table, names: Sequence[str]) -> list[str]:
    """Return the only row of a table as lines: a name and a number each."""
    numbers = [_shown(cell) for cell in table.rows[0]]
    across, wide = max(map(len, names)), max(map(len, numbers))
    return [f"{name:<{across}}   {number:>{wide}}" for name, number in zip(names, numbers, strict=True)]


def _set(text: str, width: int, *, left: bool) -> str:
    """Return a text in its column."""
    return text.ljust(width) if left else text.rjust(width)


def _shown(cell: Cell) -> str:
    """Return a key, or a number with its half-width, to as many digits as are of use."""
    if cell.totalled:
        return "all"
    if cell.low is None or cell.high is None:
        return cell.value or "NULL"
    value, half = Decimal(cell.value or 0), (Decimal(cell.high) - Decimal(cell.low)) / 2
    places = 0 if half >= 1 else 2
    return f"{value:,.{places}f} ± {half:,.{places}f}"
