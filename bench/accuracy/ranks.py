"""Quantiles of some groups: one number of each person, whose order is asked for at one place or at nine.

Peers import this in environments of their own, which do not have DuckDB.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypeAlias

GROUPS = 20
PERSONS = 200_000
LARGEST = 4095
"""Numbers are whole, from 0 to this; the grid of each system has a bucket for each, and so have candidates."""

EPSILON = 1.0
MEDIAN = "the median"
PARTS = {MEDIAN: (0.5,), "nine deciles": tuple(tenth / 10 for tenth in range(1, 10))}
"""Which quantiles are asked for in one question, by its name."""

TIMES = {MEDIAN: 100, "nine deciles": 10}
"""How often each is asked. The best medians are a few hundredths of a row off on average, most of them not at all."""

FEW = 10
"""How often a median by counts is asked for, which is off by some rows."""

Released: TypeAlias = list[list[float]]
"""For each group, in the order of the groups, its quantiles."""


def file_of(folder: Path) -> Path:
    """Return the file of a folder: `id`, `ward` (1 to `GROUPS`), `age` in days of something."""
    return folder / "ranks.parquet"


def make(folder: Path) -> None:
    """Write the file; it is always the same."""
    from stillroom.demo_data.synthetic import identifier, uniform, whole, write

    normal = f"sqrt(-2 * ln(1 - {uniform('i', 'size')})) * cos(2 * pi() * {uniform('i', 'angle')})"
    value = f"CAST(least({LARGEST}, floor(exp(6 + 0.8 * {normal}))) AS INTEGER)"
    ward = whole("i", "ward", 1, GROUPS)
    write(file_of(folder), f"SELECT {identifier('i')} AS id, {ward} AS ward, {value} AS age FROM range({PERSONS}) AS p(i) ORDER BY hash(i)")


def truth(folder: Path) -> list[list[int]]:
    """Return the numbers of each group in their order."""
    from stillroom.demo_data.synthetic import read

    rows = read("SELECT list(age ORDER BY age) FROM people GROUP BY ward ORDER BY ward", people=file_of(folder))
    return [row[0] for row in rows]


def report(**released: list[Released]) -> None:
    """Print releases for the parent process, by the name of the question."""
    print(json.dumps(released))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
