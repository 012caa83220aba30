"""Only a contract that every party has signed, and that no amendment has replaced, is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.model.record import ContractState
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.case import Case

RULE = "contract in force"


def answer(case: Case) -> Answer:
    """Say whether the contract is in force."""
    name = f"Contract {case.contract.name} version {case.contract.version}"
    match case.state:
        case ContractState.ACTIVE:
            return Answer(rule=RULE, code=None, reason=f"{name} is signed by every party.")
        case ContractState.PENDING:
            return Answer(
                rule=RULE,
                code=Code.CONTRACT_UNSIGNED,
                reason=f"{name} is not signed by every party.",
                fix="Ask the missing parties to sign it.",
            )
        case ContractState.REPLACED:
            return Answer(
                rule=RULE,
                code=Code.CONTRACT_REPLACED,
                reason=f"{name} was replaced by an amendment.",
                fix="Ask under the contract that is in force.",
            )
