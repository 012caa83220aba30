"""The approval that the contract asks for is there, and no owner whose data is read says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.ledger.entry import Decision
from stillroom.model.contract import AutomaticApproval
from stillroom.policy.allowance import automatic_allowance
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.approval import ApprovalStatement
    from stillroom.policy.case import Case

RULE = "approved"


def answer(case: Case) -> Answer:
    """Say whether the plan is approved, whichever way the contract has it.

    An owner's latest signed decision against a plan stops it under every approval rule.
    """
    against = sorted({one.party for one in case.approvals if one.decision is not Decision.APPROVED})
    if against:
        return Answer(
            rule=RULE,
            code=Code.APPROVAL_REJECTED,
            reason=f"Not approved by {', '.join(against)}.",
            fix="Talk to them, then change the question or ask them to decide again.",
        )
    approval = case.contract.approval
    return _automatic(case, approval) if isinstance(approval, AutomaticApproval) else _by_each_owner(case)


def _automatic(case: Case, rule: AutomaticApproval) -> Answer:
    if case.compiled.charge.fits(automatic_allowance(rule, case.contract.caps)):
        return Answer(rule=RULE, code=None, reason=f"The owners approve, by the contract, what costs at most ε = {rule.release_epsilon:g}.")
    return Answer(
        rule=RULE,
        code=Code.RELEASE_CAP_EXCEEDED,
        reason=f"It costs more than ε = {rule.release_epsilon:g}, the cap for automatic approval.",
        fix="Ask with a smaller epsilon or a larger error, or agree on an amendment.",
    )


def _by_each_owner(case: Case) -> Answer:
    approved = {one.party for one in case.approvals if _binds(one, case)}
    missing = sorted(set(case.compiled.readers) - approved)
    if not missing:
        return Answer(rule=RULE, code=None, reason=f"Approved by {', '.join(case.compiled.readers)}.")
    return Answer(
        rule=RULE,
        code=Code.APPROVAL_MISSING,
        reason=f"The approval of {', '.join(missing)} is missing.",
        fix=f"Ask them to look at plan {case.plan_digest} and approve it, then ask again.",
    )


def _binds(statement: ApprovalStatement, case: Case) -> bool:
    """Tell whether a decision is about this very contract, plan, receivers, protection and charge."""
    plan = case.compiled.plan
    return (statement.contract, statement.plan, statement.receivers, statement.protection, statement.charge) == (
        plan.contract,
        case.plan_digest,
        case.receivers,
        plan.protection,
        case.compiled.charge,
    )
