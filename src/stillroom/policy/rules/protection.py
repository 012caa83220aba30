"""Exact cells may only exist under a protection that the contract allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "protection allowed"


def answer(case: Case) -> Answer:
    """Say whether the contract allows the plan's protection."""
    protection = case.compiled.plan.protection
    if protection in case.contract.protections:
        return Answer(rule=RULE, code=None, reason=f"The contract allows the protection {protection}.")
    return Answer(
        rule=RULE,
        code=Code.PROTECTION_NOT_ALLOWED,
        reason=f"The contract does not allow the protection {protection}.",
        fix=f"Use one that it allows: {', '.join(case.contract.protections) or 'there is none'}.",
    )
