"""Refusals are counted by code and logged in batches: shapes, never texts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.ledger.entry import RefusalCount, Refused
from stillroom.room import log
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.contract import Contract
    from stillroom.ports import Records
    from stillroom.room.room import Room

BATCH = 100
"""So many refusals are logged at once; fewer, together with a release."""


@contextmanager
def counted(room: Room, contract: Contract) -> Iterator[None]:
    """Count what is refused inside, under a contract."""
    try:
        yield
    except (Refusal, InvalidInput) as error:
        with room.store.writing() as records:
            if records.counters.refused(error.code) >= BATCH:
                write(room, records, entry_time(room.clock, contract))
        raise


def write(room: Room, records: Records, at: int) -> None:
    """Log the refusals that wait, if there are any, at a time that is already rounded."""
    waiting = records.counters.refusals()
    if waiting:
        counts = tuple(RefusalCount(code=Code(code), count=waiting[code]) for code in sorted(waiting))
        log.append(room, records, Refused(at=at, counts=counts))
        records.counters.clear_refusals()
