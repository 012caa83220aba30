"""Reading a released table of counts, with totals over its keys: the last column is the count, all others are keys."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.audit.findings import NoisyTable
    from stillroom.model.release import Cell, Table

Key = tuple[str | None, ...]

FEW = 2
"""Sums of no more parts than this make a poor example."""


def by_key(table: Table) -> dict[Key, Cell]:
    """Return the counts by their keys, where None stands for all values of a key."""
    return {tuple(None if cell.totalled else cell.value for cell in row[:-1]): row[-1] for row in table.rows}


def with_error(cell: Cell) -> str:
    """Return a cell as value ± half-width."""
    half = (Decimal(cell.high or 0) - Decimal(cell.low or 0)) // 2
    return f"{cell.value} ± {half:<2}"


def value(cell: Cell) -> Decimal:
    """Return a noisy value."""
    return Decimal(cell.value or 0)


def holds(cell: Cell, truth: float) -> bool:
    """Tell whether the interval of a cell holds the true value."""
    return (cell.low is None or Decimal(cell.low) <= truth) and (cell.high is None or truth <= Decimal(cell.high))


def true_totals(leaves: Mapping[tuple[str, ...], int], keys: Sequence[Key]) -> dict[Key, int]:
    """Return the true number of each key, totals too.

    Args:
        leaves: The true number of each combination of values.
        keys: The keys of a released table.
    """
    return {key: sum(number for leaf, number in leaves.items() if _among(leaf, key)) for key in keys}


def sums(table: Table) -> str:
    """Say how many totals are the sums of their parts, with an example: the first that has the fewest parts, but more than two."""
    cells = by_key(table)
    totals = {key: [cell for leaf, cell in cells.items() if None not in leaf and _among(leaf, key)] for key in cells if None in key}
    right = sum(sum(map(value, parts)) == value(cells[key]) for key, parts in totals.items())
    example = min((key for key, parts in totals.items() if len(parts) > FEW), key=lambda key: len(totals[key]))
    sum_ = f"{' + '.join(str(value(part)) for part in totals[example])} = {value(cells[example])}"
    return f"{right} of {len(totals)} totals are the sums of their parts: {sum_}."


def _among(leaf: Key, key: Key) -> bool:
    """Tell whether a total adds up this leaf, among others."""
    return all(whole is None or whole == part for whole, part in zip(key, leaf, strict=True))


def noisy_tables(table: Table, names: Sequence[str]) -> list[NoisyTable]:
    """Return every table of a release: one for each choice of keys that it totals over."""
    from stillroom.audit.findings import Estimate, NoisyTable

    found: dict[tuple[str, ...], dict[tuple[str, ...], Estimate]] = {}
    for key, cell in by_key(table).items():
        shown = [(name, part) for name, part in zip(names, key, strict=True) if part is not None]
        estimate = Estimate(round(value(cell)), floor(Decimal(cell.low or 0)), ceil(Decimal(cell.high or 0)))
        found.setdefault(tuple(name for name, _ in shown), {})[tuple(part for _, part in shown)] = estimate
    return [NoisyTable(attributes, cells) for attributes, cells in found.items()]
