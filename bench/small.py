"""A small room, as large as that of `stillroom demo`: what a question and a price take when everything else is little."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import duckdb

from bench.data import EPSILON, Files, make
from bench.probe import Cost, cost_of, report
from bench.questions import BY_MEMBER, SMALL, WARM_UP
from bench.room import OWNERS, add
from stillroom.client.session import open_room

PERSONS, ROWS = 2_700, 2_100
QUANTUM = 0.001
"""The smallest that a contract may have: an answer waits two of them at most."""

TIMES = 30


def main(folder: Path) -> None:
    """Ask and price many times in a process that is warm, and run the same SQL in plain DuckDB there."""
    make(folder, persons=PERSONS, rows=ROWS)
    add(folder, QUANTUM)
    session = open_room(folder / OWNERS["members"])
    session.ask(WARM_UP, epsilon=EPSILON)
    files = Files.in_folder(folder)
    with duckdb.connect(config={"threads": "2"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE VIEW members AS FROM '{files.members}'")
        connection.execute(f"CREATE VIEW visits AS FROM '{files.visits}'")
        plain = median([cost_of(lambda: connection.execute(BY_MEMBER).fetchall()) for _ in range(TIMES)])
    asked = median([cost_of(partial(session.ask, BY_MEMBER, epsilon=0.5 + turn / 1000)) for turn in range(TIMES)])
    price = median([cost_of(partial(session.price, SMALL.format(age=20 + turn), epsilon=EPSILON)) for turn in range(TIMES)])
    report(plain=plain, asked=asked, price=price)


def median(costs: list[Cost]) -> Cost:
    """Return the medians of CPU and of the clock, and the peak."""
    middle = len(costs) // 2
    cpu, wall = (sorted(getattr(cost, name) for cost in costs)[middle] for name in ("cpu", "wall"))
    return Cost(cpu, max(cost.peak_mb for cost in costs), wall)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
