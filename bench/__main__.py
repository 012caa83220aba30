"""`python -m bench [PART …] [--full] [--write]`: measure, and print one table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from bench.accuracy.compared import cubes, quantiles, skewed_join
from bench.engines import engines
from bench.learning import learning
from bench.ledger import ledger
from bench.noise import noise
from bench.poisoning import poisoning
from bench.probe import ROOT, say
from bench.report import Row, machine, page, table
from bench.selection import selection
from bench.speed import huge, imported, installed, large, small, small_room
from bench.stories import stories
from bench.sums import sums

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACKAGES = ("duckdb", "opendp", "pyarrow")
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"


class Part(NamedTuple):
    """What can be measured on its own.

    Attributes:
        rows: Measures it, with peers and at full size, or without; and returns its lines.
        always: Whether it is measured without being named, if not all is.
    """

    rows: Callable[..., list[Row]]
    always: bool = False


PARTS = {
    "large": Part(large, always=True),
    "import": Part(imported, always=True),
    "noise": Part(noise, always=True),
    "cube": Part(cubes, always=True),
    "skewed": Part(skewed_join),
    "quantiles": Part(quantiles),
    "learning": Part(learning),
    "poisoning": Part(poisoning),
    "sums": Part(sums),
    "selection": Part(selection),
    "stories": Part(stories),
    "room": Part(small_room, always=True),
    "ledger": Part(ledger, always=True),
    "engines": Part(engines),
    "huge": Part(huge),
    "installation": Part(installed),
    "small": Part(small),
}
"""In the order of the report."""

GROUPS = {
    "accuracy": ("cube", "skewed", "quantiles", "learning", "poisoning"),
    "speed": ("large", "import", "noise", "sums", "selection", "stories", "room", "ledger", "engines", "huge", "installation", "small"),
}
"""Names of several parts."""


def chosen(names: Sequence[str], *, full: bool) -> list[str]:
    """Return the parts to measure, in the order of the report: those that are named; without names all, or the quick ones."""
    wanted = {part for name in names for part in GROUPS.get(name, (name,))}
    return [name for name, part in PARTS.items() if name in wanted or (not names and (full or part.always))]


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed, memory and errors.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join([*PARTS, *GROUPS])}")
    parser.add_argument("--full", action="store_true", help="all parts at full size, with peers in environments of their own")
    parser.add_argument("--write", action="store_true", help="write the page of the documentation, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - {*PARTS, *GROUPS}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in chosen(arguments.parts, full=arguments.full):
        found = PARTS[name].rows(full=arguments.full)
        say(table(found))
        rows += found
    print(table(rows))
    if arguments.write:
        PAGE.write_text(page(rows, machine(PACKAGES)), encoding="utf-8")


if __name__ == "__main__":
    main()
