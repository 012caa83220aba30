"""Step 12: from its first entry to its last, the log keeps its rules and adds up to what the release says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.accounting import allowance, selection_allowance
from stillroom.client.verification.history import replay
from stillroom.client.verification.outcome import NotChecked, expect, require
from stillroom.client.verification.statement import check_approval
from stillroom.client.verification.templates import check_template
from stillroom.model.contract import AutomaticApproval, EachOwnerApproval, TemplateApproval

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence
    from stillroom.client.verification.extract import Extract
    from stillroom.client.verification.history import Moment
    from stillroom.model.contract import Contract
    from stillroom.model.release import Release

TITLE = "The log keeps its rules, and adds up to the balance"


def check(evidence: Evidence) -> str:
    """Go through the log; compare data versions, approvals and balance at the commit with the release.

    Raises:
        Broken: An entry breaks a rule, which the text names; or the log says something else than the release.
        NotChecked: There is no log, or not all of it.
    """
    release, extract = evidence.measured, evidence.extract
    if not extract.whole:
        raise NotChecked("only a proof from the log was given, not the log")
    history = replay(extract.entries.values())
    moment = history.moments.get(release.reservation)
    if moment is None:
        raise NotChecked("step 10 did not pass")
    present = {name: moment.versions.get(name) for name in release.versions}
    expect("the versions of the data", present, release.versions)
    if evidence.contract_file is not None:
        _check_contract(release, evidence.contract, moment, extract)
    return f"commits: {len(history.moments)}; committed before this one: {moment.spent[0]} units of 1e-12 ρ"


def _check_contract(release: Release, contract: Contract, moment: Moment, extract: Extract) -> None:
    """Compare with the contract: what was left before, what the analyst had spent, who had resumed, and who had approved, by signature."""
    cap = release.balance.before.rho + moment.spent[0]
    expected = allowance(contract.caps.epsilon, contract.caps.delta)
    require(abs(cap - expected) <= 1, f"the balance and what was committed before it: got {cap}, expected {expected}")
    delta = release.balance.before.delta + moment.spent[1]
    expect("the balance of delta and what was committed before it", delta, selection_allowance(contract.caps.selection_delta))
    if moment.resumed is not None:
        waiting = sorted(set(contract.owners) - moment.resumed)
        require(not waiting, f"it was committed while the room was paused: {', '.join(waiting)} had not resumed")
    rule = contract.approval
    match rule:
        case AutomaticApproval():
            spent, most = moment.spent_by_asker[0] + release.charge.rho, allowance(rule.analyst_epsilon, contract.caps.delta) + 1
            require(spent <= most, f"{release.question.asked_by} has spent {spent}, expected at most {most}")
            own = rule.analyst_selection_delta
            spent, most = (
                moment.spent_by_asker[1] + release.charge.delta,
                selection_allowance(contract.caps.selection_delta if own is None else own),
            )
            require(spent <= most, f"{release.question.asked_by} has spent {spent} units of delta, expected at most {most}")
        case EachOwnerApproval() | TemplateApproval():
            owners = sorted({part.owner for part in release.plan.parts})
            missing = [owner for owner in owners if owner not in moment.approved]
            if isinstance(rule, TemplateApproval) and missing:
                check_template(rule, contract, release, missing)
                return
            require(not missing, f"the plan was committed without the approval of {', '.join(missing)}")
            for owner in owners:
                check_approval(extract.statements.get(moment.approved[owner]), contract, release, owner)
