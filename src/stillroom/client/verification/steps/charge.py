"""Step 6: the noise covers what one person can change, and the charge is what that costs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stillroom.client.verification.accounting import allowance, costs, distances, selection_allowance
from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.client.verification.selection import check_threshold
from stillroom.model.charge import RHO_UNIT
from stillroom.model.contract import AutomaticApproval

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence
    from stillroom.client.verification.sensitivity import Moved
    from stillroom.model.contract import Contract
    from stillroom.model.release import MeasureNoise, Release

TITLE = "The noise covers every person, at the charge that it states"

_DIGITS = re.compile(r"[0-9]{1,1000}")


def check(evidence: Evidence) -> str:
    """Compute sensitivities and charge from the plan; with the contract, the plan's bounds and the caps as well.

    Raises:
        Broken: One is larger than stated or allowed.
        NotChecked: The plan does not hold.
    """
    release = evidence.measured
    for noise, moved in zip(release.noise, distances(evidence.as_measured), strict=False):
        _covers(noise, *moved)
    _paid(release)
    for plan in (release.plan, evidence.as_measured):
        if plan.selection is not None:
            check_threshold(plan.selection, plan.bounds)
    if evidence.contract_file is not None:
        check_bounds(release.plan, evidence.contract)
        _allowed(release, evidence.contract)
    evidence.charge_sound = True
    taken = (
        "bounds and caps are those of the contract"
        if evidence.contract_file
        else "bounds are as the plan states them, for want of --contract"
    )
    delta = f" and {release.charge.delta} units of 1e-18 δ" if release.charge.delta else ""
    return f"charged {release.charge.rho} units of 1e-12 ρ{delta}; {taken}"


def _covers(noise: MeasureNoise, add_remove: Moved, change: Moved) -> None:
    """Compare the sensitivities of one marginal of a measure with what is stated, which may not be less."""
    stated = {
        "add/remove L1": (noise.add_remove_l1, add_remove.l1),
        "squared add/remove L2": (noise.add_remove_l2_squared, add_remove.l2_squared),
        "change L1": (noise.change_l1, change.l1),
        "squared change L2": (noise.change_l2_squared, change.l2_squared),
    }
    for name, (text, least) in stated.items():
        enough = _DIGITS.fullmatch(text) and int(text) >= least
        require(bool(enough), f"the {name} sensitivity of measure {noise.measure}: got {text[:80]}, expected at least {least}")


def _paid(release: Release) -> None:
    """Compare the charge with the cost; it may be more by rounding only."""
    cost, charge = costs(release.plan)[0], release.charge
    expect("the charged delta", charge.delta, 0 if release.plan.selection is None else release.plan.selection.delta)
    require(
        cost.rho <= charge.rho * RHO_UNIT <= cost.most,
        f"the charge: got {charge.rho}, expected {-(-cost.rho // RHO_UNIT)} units of 1e-12 ρ",
    )
    before, after = release.balance.before, release.balance.after
    expect("the balance after the charge", (after.rho, after.delta), (before.rho - charge.rho, before.delta - charge.delta))


def _allowed(release: Release, contract: Contract) -> None:
    """Compare the charge with the contract's caps, all at the contract's δ."""
    caps, rule = contract.caps, contract.approval
    limits = {"a release": caps.release_epsilon, "everything": caps.epsilon}
    if isinstance(rule, AutomaticApproval):
        limits |= {"automatic approval": rule.release_epsilon, "one analyst": rule.analyst_epsilon}
    for name, epsilon in limits.items():
        most = allowance(epsilon, caps.delta) + 1
        if release.charge.rho > most:
            raise Broken(f"the charge is {release.charge.rho}, expected at most {most} under the cap for {name}")
    most = allowance(caps.epsilon, caps.delta) + 1
    require(release.balance.before.rho <= most, f"the balance was {release.balance.before.rho}, expected at most {most}")
    delta, most = release.balance.before.delta, selection_allowance(caps.selection_delta)
    require(release.charge.delta <= delta <= most, f"the balance of delta was {delta}, expected at most {most}")
    if release.plan.selection is not None:
        expect("the delta for selecting keys", release.charge.delta, selection_allowance(caps.release_selection_delta))
