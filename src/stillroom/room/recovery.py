"""Putting a room in order after something stopped in the middle. Everything here may run at any time, and twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.record import RunState
from stillroom.room import accounts

if TYPE_CHECKING:
    from stillroom.room.room import Room

GRACE_SECONDS = 600.0
"""How old an open reservation must be before it lapses; younger ones may belong to an ask that is still on its way.

None that is older is ever committed: so an owner's agent that has waited for twice as long knows from the log how it stands.
"""


def recover(room: Room) -> None:
    """Lapse old holds that were never committed, and tell every account what it has not heard.

    A run that was committed and not released is left alone: asking again resumes it, without another charge.
    """
    accounts.note_raises(room)
    with room.store.reading() as records:
        unsettled = records.runs.unsettled()
    for record in unsettled:
        if record.state is RunState.OPEN and room.clock.now() - record.opened_at >= GRACE_SECONDS:
            accounts.give_up(room, record)
        elif record.state is not RunState.OPEN:
            accounts.settle(room, record.reservation)
