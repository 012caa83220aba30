"""A contract is in force up to its last day, that day included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "not expired"


def answer(case: Case) -> Answer:
    """Say whether today is at most the contract's last day (ISO 8601 dates order as text)."""
    last = case.contract.expires
    if case.today.isoformat() <= last:
        return Answer(rule=RULE, code=None, reason=f"The contract runs until {last}.")
    return Answer(
        rule=RULE, code=Code.CONTRACT_EXPIRED, reason=f"The contract expired on {last}.", fix="Agree on an amendment with a later last day."
    )
