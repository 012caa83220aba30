"""Refusals are counted by code and logged in batches: shapes, never texts.

To refuse changes nothing durable. A refusal is counted in memory first (`stillroom.room.waiting`); a server keeps what waits there when it
is a batch, every second, with each release, and when it ends, so that a crash loses the refusals of a second at most, and fewer than a
batch. Kept counts are logged when they make a batch, or with a release.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed, InvalidInput, Refusal
from stillroom.ledger.entry import RefusalCount, Refused
from stillroom.room import contracts, log
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.ports import Records
    from stillroom.room.room import Room

BATCH = 100
"""So many refusals are logged at once, or more; fewer, together with a release."""


@contextmanager
def counted(room: Room) -> Iterator[None]:
    """Count what is refused inside. What cannot be kept now waits on: that the store is away changes no answer."""
    try:
        yield
    except (Refusal, InvalidInput) as error:
        if room.waiting.count(error.code):
            with suppress(Failed):
                keep(room)
        raise


def keep(room: Room) -> None:
    """Keep the refusals that were counted in memory, if there are any, and log a batch if there is one by then.

    Raises:
        Failed: `STORE_FAILED`; then they wait on.
    """
    counts = room.waiting.take()
    if not counts:
        return
    try:
        with room.store.writing() as records:
            kept = [records.counters.refused(code, number) for code, number in sorted(counts.items())]
            if kept[-1] >= BATCH:
                write(room, records, entry_time(room.clock, contracts.in_force(records).contract))
    except BaseException:
        room.waiting.put_back(counts)
        raise


def write(room: Room, records: Records, at: int) -> None:
    """Log the refusals that wait, if there are any, at a time that is already rounded."""
    waiting = records.counters.refusals()
    if waiting:
        counts = tuple(RefusalCount(code=Code(code), count=waiting[code]) for code in sorted(waiting))
        log.append(room, records, Refused(at=at, counts=counts))
        records.counters.clear_refusals()
