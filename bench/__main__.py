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
from bench.report import Row, machine, page, section, table
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
        title: What its section of the page is called.
        rows: Measures it, with peers and at full size, or without; and returns its lines.
        always: Whether it is measured without being named, if not all is.
    """

    title: str
    rows: Callable[..., list[Row]]
    always: bool = False


PARTS = {
    "large": Part("Large joins", large, always=True),
    "import": Part("Importing", imported, always=True),
    "noise": Part("Noise", noise, always=True),
    "cube": Part("Totals that agree", cubes, always=True),
    "skewed": Part("Skewed joins", skewed_join),
    "quantiles": Part("Quantiles", quantiles),
    "learning": Part("Learning", learning),
    "poisoning": Part("Poisoned trainings", poisoning),
    "sums": Part("Secure sums", sums),
    "selection": Part("Keys without a domain", selection),
    "stories": Part("Stories", stories),
    "room": Part("A small room", small_room, always=True),
    "ledger": Part("Commits", ledger, always=True),
    "engines": Part("Engines", engines),
    "huge": Part("A hundred million rows", huge),
    "installation": Part("Installation", installed),
    "small": Part("Beside peers", small),
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
    parser.add_argument("--write", action="store_true", help="write the sections of the page of the documentation, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - {*PARTS, *GROUPS}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    rows: dict[str, list[Row]] = {}
    for name in chosen(arguments.parts, full=arguments.full):
        rows[PARTS[name].title] = PARTS[name].rows(full=arguments.full)
        say(table(rows[PARTS[name].title]))
    print(table(row for found in rows.values() for row in found))
    if arguments.write:
        sections = {title: section(title, found, machine(PACKAGES)) for title, found in rows.items()}
        before, titles = PAGE.read_text(encoding="utf-8"), [part.title for part in PARTS.values()]
        PAGE.write_text(page(sections, before, titles), encoding="utf-8")


if __name__ == "__main__":
    main()
