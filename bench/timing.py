"""`python -m bench.timing [--size mid] [--size large]`: how much the time of an answer tells of one person, with and without the quantum.

Two rooms hold neighbouring data: in one, somebody is in both tables with as many rows as the contract allows; in the other, not at all.
Both are asked the same questions, in random order, through the signed door. What is measured is how long the work takes that an answer
waits for: from the moment at which the measuring begins, a multiple of the quantum, to the moment at which everything is stored.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
from scipy.stats import mannwhitneyu

from bench.data import GENDERS, LARGEST_COST, ROWS_PER_PERSON, WARDS, Files, make
from bench.questions import BY_VISIT, WARM_UP
from bench.report import machine
from bench.room import OWNERS, add
from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.audit.empirical import Claim, collect, judge
from stillroom.audit.evidence import at_most
from stillroom.client.access import LocalAccess
from stillroom.client.session import Session
from stillroom.room.door import Silent

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = {"small": (2_700, 2_100, 200), "mid": (100_000, 1_000_000, 200), "large": (1_000_000, 10_000_000, 60)}
"""Persons, rows, and how often each room is asked."""

SMALLEST = 0.001
"""The quantum of the rooms that are timed: the smallest that a contract may have."""

QUANTA = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
CONFIDENCE = 0.95


@dataclass
class Stopwatch:
    """The machine's clock, which remembers how long the work took between one wait and the next, in seconds of the clock and of the CPU."""

    took: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    _begun: tuple[float, float] | None = None

    def now(self) -> float:
        """Return the time now."""
        return time.time()

    def steady(self) -> float:
        """Return how many seconds have passed since some moment."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Wait; the first time, the work begins afterwards, the second time it has ended before."""
        ended = time.perf_counter(), time.process_time()
        if self._begun is not None:
            self.took.append(ended[0] - self._begun[0])
            self.worked.append(ended[1] - self._begun[1])
        while (left := moment - time.time()) > 0:
            time.sleep(left)
        self._begun = None if self._begun is not None else (time.perf_counter(), time.process_time())


def rooms(folder: Path, persons: int, rows: int) -> tuple[Path, Path]:
    """Make both rooms, and return their folders: with somebody, and without."""
    found = folder / "with", folder / "without"
    found[1].mkdir()
    make(found[1], persons=persons, rows=rows)
    shutil.copytree(found[1], found[0])
    files = Files.in_folder(found[0])
    ward = f"{list(WARDS)}[CAST(1 + i % {len(WARDS)} AS BIGINT)]"
    _append(files.members, f"SELECT 'P-somebody', CAST(40 AS INTEGER), '{GENDERS[0]}', '{WARDS[0]}', CAST(1 AS INTEGER)")
    _append(files.visits, f"SELECT 'P-somebody', CAST({LARGEST_COST} AS DOUBLE), {ward} FROM range({ROWS_PER_PERSON}) AS t(i)")
    for place in found:
        add(place, SMALLEST)
    return found


def _append(path: Path, select: str) -> None:
    more = path.with_suffix(".more")
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY (SELECT * FROM '{path}' UNION ALL {select}) TO '{more}' (FORMAT parquet)")
    more.rename(path)


def timed(folder: Path) -> tuple[Session, Stopwatch]:
    """Open a room as the one who asks, with a stopwatch for a clock."""
    home = Home.open(folder / OWNERS["members"])
    watch = Stopwatch()
    room = replace(bootstrap.open_room(folder / "room"), clock=watch)
    return Session(home, LocalAccess(room, home.party), Silent()), watch


def ask(places: tuple[Path, Path], times: int) -> tuple[Stopwatch, Stopwatch]:
    """Ask both rooms so often, in an order that is drawn; each time at another price, since the same question twice is free."""
    opened = [timed(place) for place in places]
    for session, watch in opened:
        session.ask(WARM_UP, epsilon=0.01)
        session.ask(BY_VISIT, epsilon=0.01)
        watch.took.clear()
        watch.worked.clear()
    order = [room for room in (0, 1) for _ in range(times)]
    random.Random(1).shuffle(order)
    for turn, room in enumerate(order):
        opened[room][0].ask(BY_VISIT, epsilon=0.02 + turn / 10**5)
    return opened[0][1], opened[1][1]


def auc(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return the probability that an answer with somebody takes longer than one without, and its standard error if they are alike."""
    found = mannwhitneyu(one, other).statistic / (len(one) * len(other))
    return float(found), math.sqrt((len(one) + len(other) + 1) / (12 * len(one) * len(other)))


def shown(one: Sequence[float], other: Sequence[float]) -> float:
    """Return what times prove about ε: a bound that is too high in one case of twenty at most."""
    first, second = iter(one), iter(other)
    evidence = collect(lambda: next(first), lambda: next(second), [Claim(0.0)], trials=min(len(one), len(other)))
    return max(finding.bound for finding in judge(evidence, false_alarm=1 - CONFIDENCE).findings)


def fitting(times: Sequence[float]) -> float:
    """Return the least of some usual quanta that is twice as long as the longest run, or the longest of them."""
    return next((quantum for quantum in QUANTA if quantum >= 2 * max(times)), QUANTA[-1])


def lines(name: str, one: Stopwatch, other: Stopwatch) -> list[str]:
    """Return what was measured at one size."""
    persons, rows, _ = SIZES[name]
    took = [*one.took, *other.took]
    worst, fits = float(np.median(took)), fitting(took)
    found = [
        f"{rows:,} × {persons:,} rows, {len(one.took)} answers of each room:",
        f"  the work takes {worst:.3f} s (median), {max(took):.3f} s at most",
        f"  seen exactly: {_told(one.took, other.took)}; by the CPU that it takes: {_told(one.worked, other.worked)}",
    ]
    for what, quantum in (("that half of the answers miss", worst), ("twice as long as the longest", fits)):
        seen = [[math.ceil(one / quantum) for one in watch.took] for watch in (one, other)]
        missed = sum(one > quantum for one in took)
        least = float(at_most(missed, len(took), 1 - CONFIDENCE))
        found.append(
            f"  by a quantum of {quantum:.3g} s, {what}: {missed} of {len(took)} miss the first one, a chance of {least:.3f} at most; "
            f"{_told(*seen)}"
        )
    return found


def _told(one: Sequence[float], other: Sequence[float]) -> str:
    area, error = auc(one, other)
    return f"AUC {area:.3f} (0.5 ± {2 * error:.3f} if alike), ε ≥ {shown(one, other):.3f}"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.timing", description="Measure what the time of an answer tells.")
    parser.add_argument("--size", action="append", choices=SIZES, help="which sizes; all of them if left out")
    for name in parser.parse_args().size or SIZES:
        persons, rows, times = SIZES[name]
        with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
            places = rooms(Path(folder), persons, rows)
            print("\n".join(lines(name, *ask(places, times))), flush=True)
    print(machine(("duckdb", "opendp", "pyarrow")))


if __name__ == "__main__":
    main()
