"""The approval that the contract asks for is there, and no owner whose data is read says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code
from stillroom.ledger.entry import Decision
from stillroom.model.contract import AutomaticApproval
from stillroom.policy.case import Answer

if TYPE_CHECKING:
    from stillroom.policy.approval import ApprovalStatement
    from stillroom.policy.automatic import Automatic
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
    if isinstance(case.contract.approval, AutomaticApproval) and case.automatic is not None:
        return _automatically(case, case.automatic)
    return answer_automatic(case) or _by_each_owner(case)


def answer_automatic(case: Case) -> Answer | None:
    """Return a yes if the plan needs the contract's own approval, and has it: not where every owner has approved by a signature."""
    if case.automatic is None or not missing(case):
        return None
    found = _automatically(case, case.automatic)
    return found if found.code is None else None


def _automatically(case: Case, automatic: Automatic) -> Answer:
    most = f"ε = {automatic.epsilon:g}"
    if case.compiled.charge.fits(automatic.release):
        return Answer(rule=RULE, code=None, reason=f"The owners approve, by the contract, {automatic.what} that costs at most {most}.")
    return Answer(
        rule=RULE,
        code=Code.RELEASE_CAP_EXCEEDED,
        reason=f"It costs more than {most}, the cap for automatic approval.",
        fix="Ask with a smaller epsilon or a larger error, or agree on an amendment.",
    )


def missing(case: Case) -> list[str]:
    """Return the owners whose signature the plan lacks."""
    approved = {one.party for one in case.approvals if _binds(one, case)}
    return sorted(set(case.compiled.readers) - approved)


def _by_each_owner(case: Case) -> Answer:
    lacking = missing(case)
    if not lacking:
        return Answer(rule=RULE, code=None, reason=f"Approved by {', '.join(case.compiled.readers)}.")
    return Answer(
        rule=RULE,
        code=Code.APPROVAL_MISSING,
        reason=f"The approval of {', '.join(lacking)} is missing.",
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
