"""Writing out a release: everything that its readers need to judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.charge import Charge
from stillroom.model.release import Balance, MeasureNoise, Release
from stillroom.policy.allowance import contract_allowance
from stillroom.privacy.disclosure import disclosure
from stillroom.query.advised import with_caps
from stillroom.query.price import promises
from stillroom.query.protected import protected

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.model.plan import Plan
    from stillroom.model.release import Table
    from stillroom.room.stages import Committed


def write(committed: Committed, table: Table, *, room: str, sampler: str, released_at: float) -> Release:
    """Return the release of a run.

    Args:
        committed: The run.
        table: What was measured, finished.
        room: The room's identity.
        sampler: Name and version of the noise sampler.
        released_at: Seconds since 1970, a multiple of the contract's quantum.
    """
    planned = committed.cleared.planned
    contract, plan, charge = planned.asked.contract, planned.compiled.plan, planned.compiled.charge
    promise, cap = planned.price.promise, promises(contract, plan)[1]
    capped = with_caps(plan, [one.cap for one in table.advised])
    noise = _noise(capped)
    return Release(
        room=room,
        reservation=committed.reservation,
        question=planned.asked.question,
        plan=plan,
        plan_digest=planned.price.plan_digest,
        contract_digest=plan.contract,
        receivers=planned.receivers,
        versions=dict(committed.cleared.versions),
        table=table,
        noise=noise,
        sampler=sampler,
        charge=charge,
        promise=promise,
        cap=cap,
        sentences=planned.price.sentences,
        balance=_balance(contract, committed.commitment.spent_before, charge),
        commit_index=committed.commitment.index,
        released_at=released_at,
        disclosure=disclosure(plan=capped, noise=noise, sampler=sampler, charge=charge, promise=promise, cap=cap),
    )


def _noise(plan: Plan) -> tuple[MeasureNoise, ...]:
    """Return mechanism and sensitivities of all that was measured."""
    return tuple(
        MeasureNoise(
            measure=one.measure,
            kept=one.marginal.kept,
            mechanism=one.marginal.mechanism,
            part=one.marginal.part,
            digits=plan.measures[one.measure].digits,
            add_remove_l1=str(one.add_remove.l1),
            add_remove_l2_squared=str(one.add_remove.l2_squared),
            change_l1=str(one.change.l1),
            change_l2_squared=str(one.change.l2_squared),
        )
        for one in protected(plan)
    )


def _balance(contract: Contract, spent: Charge, charge: Charge) -> Balance:
    """Return what was left under the contract before the run was committed, and after."""
    return Balance(before=_left(contract, spent), after=_left(contract, spent + charge))


def _left(contract: Contract, spent: Charge) -> Charge:
    cap = contract_allowance(contract.caps)
    return Charge(rho=cap.rho - spent.rho, delta=cap.delta - spent.delta)
