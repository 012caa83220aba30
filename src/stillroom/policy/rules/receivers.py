"""A release goes to parties that the contract lets receive, the one that asks among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "may receive"


def answer(case: Case) -> Answer:
    """Say whether every receiver may receive, and whether the party that gets the answer is one of them."""
    strangers = sorted(set(case.receivers) - set(case.contract.receive))
    if case.asked_by not in case.receivers and case.asked_by not in strangers:
        strangers.append(case.asked_by)
    if not strangers:
        return Answer(rule=RULE, code=None, reason=f"The contract lets {', '.join(case.receivers)} receive.")
    return Answer(
        rule=RULE,
        code=Code.RECEIVE_NOT_ALLOWED,
        reason=f"The contract does not let {', '.join(strangers)} receive this release.",
        fix="Name only parties that the contract lists under `receive`, or agree on an amendment.",
    )
