"""Whether a plan may run: every rule is asked, and every answer is kept with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.contract import AutomaticApproval
from stillroom.policy.case import Ruling
from stillroom.policy.rules import active, approved, asker, expiry, paused, protection, receivers, release_cap

if TYPE_CHECKING:
    from stillroom.policy.automatic import Automatic
    from stillroom.policy.case import Case

RULES = (
    active.answer,
    paused.answer,
    expiry.answer,
    asker.answer,
    receivers.answer,
    protection.answer,
    release_cap.answer,
    approved.answer,
)
"""All rules, in the order in which a refusal names them."""


def share_of(case: Case) -> Automatic | None:
    """Return the approval of the contract's own that an allowed plan relies on, if it does: it counts against what that may spend."""
    if isinstance(case.contract.approval, AutomaticApproval):
        return case.automatic
    return case.automatic if approved.answer_automatic(case) else None


def decide(case: Case) -> Ruling:
    """Ask every rule. The ruling depends on contract, question, decisions, pauses and date only, never on data or balances."""
    return Ruling(answers=tuple(rule(case) for rule in RULES))
