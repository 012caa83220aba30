"""The report: what was measured, beside what, and whether it met its target."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.environments import NotRun
    from bench.probe import Cost

HEADINGS = ("workload", "engine", "measured", "ratio", "peak MB", "target", "met")
HOW = "How it is measured"
INTRODUCTION = """\
Each section was measured in one run of `make bench-full`, or of `python -m bench PART --write`, on the machine and day that it names.
Ratios are between lines of one section.
"""
NOTES = """\
CPU seconds are those of all threads, and of questions the fastest of three runs, for each engine alike; the peak is that of the whole
process until then. *Warm* means that another question was asked in the same process before. In the room, each run asks with
another ε, since the same question twice is free; an `ask` goes the whole way: check, compile, hold, commit, measure, sign, log. Plain
DuckDB runs the same SQL, without any privacy, over the Parquet files as the owners handed them in, with text identifiers.

Under a limit of memory, each process asks once and is not warm; the peak is that of the whole process, Python and all packages in it, of
which the limit is the part that tables and intermediate results may take. The 100 M rows are stored in the homes as admission would store
them, without owners' files. On the small room the figures are medians of thirty; the clock runs for everything, the syncing of durable
records to the disk and two quanta of 1 ms at most among it, and so for whatever else the machine is doing.

The data are synthetic and in an order that has nothing to do with persons. The contract clamps each person's total cost, so that the
engine adds up each person's rows before it adds up all. *By hand* means over the room's own storage: its encrypted tables, read as the
room reads them, with its codes of persons; nothing is proved, charged, noised, signed or logged there.

Squared errors are means over 100 releases with real noise, of the same people: all rows of the CUBE over three attributes together.
The splits ask for its eight tables one by one: with an eighth of the price each, or with the shares that make their total squared
error least.

Quantiles are those of visits' costs, five in one question. A story is the whole command, with five million made-up people; its memory is
that of its largest process. Noise is timed by the clock, not in CPU seconds.

The skewed join counts and adds up the rows of people of whom one in a thousand has more than 20, and a few have hundreds:
P(N ≥ n) = n^-2.27. Costs are log-normal and bounded by 1,000. Errors are relative to what all rows together are, so that they hold what a
cap takes away; that of count and sum is the mean of both. Every system adds Laplace noise for the same ε, half of it for the count. The
best cap that there is, known only afterwards, is the one with the least expected error of 200. Quantiles are off by as many rows as lie
between them and where they should stand. Errors are means over 10 releases with noise of their own, 100 for medians of peers and chosen
ones, ± their standard error.

Secure sums are timed by the clock, the work of all owners and of the aggregator one after the other in one process; over a network owners
compute beside each other.

Models are trained on real tables, whose bounds and domains are declared in `bench/learning_tables.py` as a contract would declare them, and
tested on a quarter of the rows. AUCs are means over eight such splits, with noise over three trainings of each; what is lost is against
scikit-learn on the pooled rows of all owners, on the same features. Settings were chosen while looking at other splits of the same tables.
Trees are tested on the same splits, without noise on three and with noise over two trainings of each; what is lost is against as
many of scikit-learn's, as deep, on the same bins. Rounds are summed in one process: what the network and the secure sum cost is not in it.

Trainings are poisoned by three of fifteen owners, to whom rows are dealt out at random; losses are means over splits, ± their standard
error. Attackers know what honest owners send. Where norms are verified, that is assumed, and not done; noise is normal there.

Peers run in environments of their own. OpenDP's planner and PipelineDP join no private tables: both start from rows already joined,
and the join is not counted. Tumult Analytics joins both tables by itself. OpenDP keeps a bounded number of rows of each person by the
cheapest of its rules, and selects quantiles among all numbers that there can be, each for its share of the ε; PipelineDP runs on its local
backend, and is told the bound of a person's sum where one was chosen. An `ask` in the room also keeps durable accounts and a log, and
signs its release; that is in its figures. The ratio of CPU is the peer's divided by that of `ask` at the same size.
"""


@dataclass(frozen=True)
class Row:
    """One line of the report: what was done by whom, how much it took, beside what; `met` is None without a target or a result."""

    workload: str
    engine: str
    measured: str
    ratio: str = ""
    peak_mb: float | None = None
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the line's texts."""
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        peak = "" if self.peak_mb is None else f"{self.peak_mb:.0f}"
        return (self.workload, self.engine, self.measured, self.ratio, peak, self.target, met)


def table(rows: Iterable[Row]) -> str:
    """Return the lines as a Markdown table whose columns line up."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [f"| {' | '.join(text.ljust(width) for text, width in zip(line, widths, strict=True))} |" for line in lines]
    rule = f"| {' | '.join('-' * width for width in widths)} |"
    return "\n".join([texts[0], rule, *texts[1:]])


def not_run(workload: str, engine: str, why: NotRun, target: str = "") -> Row:
    """Return the line of something that was not measured."""
    return Row(workload, engine, f"*not run*: {why}", target=target)


def seconds(cost: Cost) -> str:
    """Return the CPU seconds of a cost as text."""
    return f"{cost.cpu:.2f} CPU s"


def machine(packages: Sequence[str]) -> str:
    """Describe the machine, the versions and the day; nothing here names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; {today.isoformat()}."
    )


def section(title: str, rows: Iterable[Row], described: str) -> str:
    """Return a part of the page: what was measured in one run, on which machine and day."""
    return f"## {title}\n\n{described}\n\n{table(rows)}\n"


def page(sections: Mapping[str, str], before: str, titles: Sequence[str]) -> str:
    """Return the page of the documentation: new sections, and of the page before those that were not measured again.

    Args:
        sections: What was measured, by title.
        before: The page as it was.
        titles: All titles, in order.
    """
    kept = {text.partition("\n")[0]: f"## {text.rstrip()}\n" for text in before.split("\n## ")[1:]}
    found = [one for title in titles if (one := sections.get(title) or kept.get(title))]
    return "\n".join(["# Benchmarks\n", INTRODUCTION, *found, f"## {HOW}\n", NOTES])
