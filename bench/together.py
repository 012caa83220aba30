"""Commits of several processes at once, into one room: as where many ask at the same time."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bench.probe import Cost, cost_of
from stillroom import bootstrap
from stillroom.adapters.sql_store.store import open_store_at
from stillroom.room import commitment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from stillroom.model.record import RunRecord
    from stillroom.room.room import Room
    from stillroom.room.stages import Cleared

AT_ONCE = min(8, max(2, os.cpu_count() or 1))
"""How many processes: as many as compute at once here, two at least."""

WARM = 3
"""How many commits of each are not measured."""

_PROCESSES = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Held:
    """A question that every account holds for.

    Attributes:
        cleared: What would be run.
        record: Its reservation.
        statements: What owners have signed, by account.
    """

    cleared: Cleared
    record: RunRecord
    statements: Mapping[tuple[str, str], bytes]


def opened(folder: Path, url: str) -> Room:
    """Open the room of a folder, with its store on a server if one is named."""
    room = bootstrap.open_room(folder / "room")
    return replace(room, store=open_store_at(url)) if url else room


def commit_all(room: Room, held: Sequence[Held]) -> None:
    """Commit one after the other."""
    for one in held:
        commitment.commit(room, one.cleared, one.record, one.statements)


def commit_together(folder: Path, url: str, held: Sequence[Held]) -> Cost:
    """Commit in several processes at once, and return what it cost them from the first beginning to the last end."""
    shares = [(folder, url, held[number::AT_ONCE]) for number in range(AT_ONCE)]
    with _PROCESSES.Pool(AT_ONCE, _meet_at, (_PROCESSES.Barrier(AT_ONCE),)) as pool:
        found = pool.starmap(_commit_share, shares, chunksize=1)
    began, ended, costs = zip(*found, strict=True)
    return Cost(sum(one.cpu for one in costs), max(one.peak_mb for one in costs), max(ended) - min(began))


_met: list[Barrier] = []


def _meet_at(barrier: Barrier) -> None:
    """Remember where all processes meet."""
    _met.append(barrier)


def _commit_share(folder: Path, url: str, held: Sequence[Held]) -> tuple[float, float, Cost]:
    """Commit when everybody does; return when that began and ended, and what it cost."""
    room = opened(folder, url)
    commit_all(room, held[:WARM])
    _met[0].wait(300)
    began = time.monotonic()
    cost = cost_of(partial(commit_all, room, held[WARM:]))
    return began, time.monotonic(), cost
