"""The case that rules decide, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.value import Value

if TYPE_CHECKING:
    import datetime

    from stillroom.model.contract import Contract
    from stillroom.model.price import Compiled
    from stillroom.model.record import ContractState
    from stillroom.policy.approval import ApprovalStatement
    from stillroom.policy.automatic import Automatic


@dataclass(frozen=True, slots=True)
class Case:
    """A plan that a party would like to run.

    Attributes:
        contract: What it was compiled under.
        state: Where that contract stands in the room.
        compiled: The plan, its charge and whose data it reads.
        plan_digest: The plan's name.
        asked_by: The party that asks, authenticated.
        receivers: Who would get the release, sorted.
        today: The day (UTC).
        approvals: The latest decision of each party about this plan, signatures verified.
        automatic: The approval that the contract has ready for the question, if any.
        paused: The owners who have yet to resume, while the room is paused.
    """

    contract: Contract
    state: ContractState
    compiled: Compiled
    plan_digest: str
    asked_by: str
    receivers: tuple[str, ...]
    today: datetime.date
    approvals: tuple[ApprovalStatement, ...] = ()
    automatic: Automatic | None = None
    paused: tuple[str, ...] = ()


class Answer(Value):
    """What one rule says.

    Attributes:
        rule: The rule's name.
        code: None for yes, otherwise the code of the refusal.
        reason: Why.
        fix: What to do about a no; empty for a yes.
    """

    rule: str
    code: Code | None
    reason: str
    fix: str = ""


class Ruling(Value):
    """What all rules say, in order. Every rule must say yes."""

    answers: tuple[Answer, ...]

    @property
    def allowed(self) -> bool:
        """Whether every rule says yes."""
        return all(answer.code is None for answer in self.answers)

    def enforce(self) -> None:
        """Pass, or raise the first no.

        Raises:
            Refusal: With the code, reason and fix of the first rule that says no.
        """
        for answer in self.answers:
            if answer.code is not None:
                raise Refusal(answer.code, answer.reason, answer.fix)
