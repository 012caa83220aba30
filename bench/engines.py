"""One question in one room, by each engine that computes it: by the clock, since clusters compute in processes of their own."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.environments import NotRun
from bench.probe import best_of, in_own_process, report, say
from bench.questions import BY_VISIT, WARM_UP
from bench.report import Row, not_run
from bench.room import OWNERS, add
from bench.small import QUANTUM
from stillroom.client.rooms import engine_of
from stillroom.client.session import open_room
from tests.connect_servers import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.probe import Cost
    from stillroom.client.session import Session

SIZE = (100_000, 1_000_000)
"""Persons, and rows of theirs."""

WORKLOAD = "1 M visits × 100 k members: count, sum and mean by ward and gender, warm"
LOCAL = {"duckdb": "Stillroom on DuckDB", "polars": "Stillroom on Polars", "datafusion": "Stillroom on DataFusion"}
SERVERS = {"Stillroom on Sail": Server.sail, "Stillroom on Apache Spark, two workers": Server.spark}


def engines(*, full: bool) -> list[Row]:
    """Measure the question on each engine; on Apache Spark, which is installed for that, at full size alone."""
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        say("Engines ...")
        in_own_process("bench.data", folder, *map(str, SIZE))
        in_own_process("bench.engines", folder)
        costs: dict[str, Cost | NotRun] = {}
        for number, (name, shown) in enumerate(LOCAL.items(), 1):
            costs[shown] = _asked(folder, number / 10, name)
        for number, (shown, start) in enumerate(list(SERVERS.items())[: 2 if full else 1], 1 + len(LOCAL)):
            costs[shown] = _on_server(folder, number / 10, start)
    first = costs[LOCAL["duckdb"]]
    return [not_run(WORKLOAD, shown, cost) if isinstance(cost, NotRun) else _row(shown, cost, first) for shown, cost in costs.items()]


def _row(shown: str, cost: Cost, first: Cost | NotRun) -> Row:
    ratio = "" if cost is first or isinstance(first, NotRun) else f"{cost.wall / first.wall:.1f} × on DuckDB"
    return Row(WORKLOAD, shown, f"{cost.wall:.2f} s by the clock, {cost.cpu:.2f} CPU s in the room's process", ratio, cost.peak_mb)


def _asked(folder: str, epsilon: float, engine: str, remote: str | None = None) -> Cost:
    """Let the room compute with an engine, and ask in a process of its own."""
    engine_of(Path(folder) / "room", engine, remote)
    return in_own_process("bench.engines", folder, str(epsilon))["ask"]


def _on_server(folder: str, epsilon: float, start: Callable[[], Server]) -> Cost | NotRun:
    """Ask on a server that is started for it."""
    try:
        with _running(start) as server:
            return _asked(folder, epsilon, "spark", server.remote)
    except NotRun as why:
        return why


@contextmanager
def _running(start: Callable[[], Server]) -> Iterator[Server]:
    """Start a server, and stop it.

    Raises:
        NotRun: It does not start.
    """
    try:
        server = start()
    except (OSError, StopIteration, ValueError):
        raise NotRun("it did not start") from None
    try:
        yield server
    finally:
        server.stop()


def main(folder: Path, epsilon: float) -> None:
    """Ask another question, then the one that is compared, each time with another ε, since the same question twice is free."""
    session = open_room(folder / OWNERS["members"])
    session.ask(WARM_UP, epsilon=epsilon)
    report(ask=best_of(partial(_ask, session, epsilon)))


def _ask(session: Session, epsilon: float, turn: int) -> None:
    assert session.ask(BY_VISIT, epsilon=epsilon + turn / 100).charged


if __name__ == "__main__":
    if sys.argv[2:]:
        main(Path(sys.argv[1]), float(sys.argv[2]))
    else:
        add(Path(sys.argv[1]), QUANTUM)
