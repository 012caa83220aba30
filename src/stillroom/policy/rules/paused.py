"""While the room is paused, nothing is asked of it: any owner begins a pause, and all end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "not paused"


def answer(case: Case) -> Answer:
    """Say whether every owner lets the room go on."""
    if not case.paused:
        return Answer(rule=RULE, code=None, reason="No owner has paused the room.")
    return Answer(
        rule=RULE,
        code=Code.ROOM_PAUSED,
        reason=f"The room is paused; it goes on once {' and '.join(case.paused)} {'has' if len(case.paused) == 1 else 'have'} resumed.",
        fix="Ask them what they wait for; each resumes by `stillroom resume`. Nothing was charged.",
    )
