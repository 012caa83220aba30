"""One release costs at most what the contract allows for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.policy.allowance import release_allowance
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "release cap"


def answer(case: Case) -> Answer:
    """Say whether the charge is within the cap for one release."""
    caps = case.contract.caps
    if case.compiled.charge.fits(release_allowance(caps)):
        return Answer(rule=RULE, code=None, reason=f"It costs at most ε = {caps.release_epsilon:g}, the cap for one release.")
    return Answer(
        rule=RULE,
        code=Code.RELEASE_CAP_EXCEEDED,
        reason=f"It costs more than ε = {caps.release_epsilon:g}, the contract's cap for one release.",
        fix="Ask with a smaller epsilon or a larger error; pure ε costs more than the same ε with the contract's δ.",
    )
