"""Only the parties that the contract names may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "may ask"


def answer(case: Case) -> Answer:
    """Say whether the contract lets the party ask."""
    if case.asked_by in case.contract.ask:
        return Answer(rule=RULE, code=None, reason=f"The contract lets {case.asked_by} ask.")
    return Answer(
        rule=RULE,
        code=Code.ASK_NOT_ALLOWED,
        reason=f"The contract does not let {case.asked_by} ask.",
        fix="Let a party ask that the contract lists under `ask`, or agree on an amendment.",
    )
