"""From a plan of training and the record of one to the model that receivers get, with its guarantee."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, Unverified
from stillroom.learning.scaling import INTERCEPT
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT
from stillroom.model.codec import digest_of
from stillroom.model.release import Promise
from stillroom.model.trained import Scaling, TrainedModel, Unchecked, Variable
from stillroom.model.training import Multinomial
from stillroom.privacy.accountant import compose, epsilon_from
from stillroom.privacy.noise_shares import norm_sensitivity, round_charge, scale_of
from stillroom.privacy.promises import cap_promise
from stillroom.privacy.rounding import float_up
from stillroom.privacy.words import attacker_sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stillroom.learning.training import TrainingRecord
    from stillroom.model.charge import Charge
    from stillroom.model.contract import Contract, Name
    from stillroom.model.training import CompiledTraining, Feature, TrainingPlan

SCALING = Scaling(pair=0.5, one=math.sqrt(0.5), constant=INTERCEPT)
"""What `stillroom.learning.scaling` does."""

_CHANGED = 2
"""Rows that are altered leave a sum, and others enter it: at most twice the norm."""


def trained_model(
    contract: Contract,
    compiled: CompiledTraining,
    record: TrainingRecord,
    contributors: Sequence[Collection[Name]],
    *,
    norms_verified: bool = False,
) -> TrainedModel:
    """Return what a training made. It is a function of public things: contract, plan, record and who contributed.

    Args:
        contract: The contract.
        compiled: The plan, compiled under it, and what was charged for it.
        record: What the training did.
        contributors: The owners whose contributions are in the sum, round by round.
        norms_verified: Whether somebody has verified, of every contribution, that it is within the bound. One aggregator alone cannot.

    Raises:
        Unverified: `RELEASE_INVALID`: the plan is of another contract, the record of another plan, contributors are fewer than the plan
            allows, or less was charged than the noise of the plan costs.
    """
    plan = compiled.plan
    _check(digest_of(contract) == plan.contract, "The plan was compiled under another contract.")
    _check_record(plan, record)
    _check_contributors(plan, contributors)
    _check(_cost(contract, plan).fits(compiled.charge), "The noise of this plan costs more than was charged.")
    source = plan.sources[min(plan.sources)]
    promise, cap = promises(contract, plan)
    return TrainedModel(
        plan=digest_of(plan),
        contract=plan.contract,
        contract_name=contract.name,
        contract_version=contract.version,
        purpose=contract.purpose,
        receivers=contract.receive,
        name=plan.name,
        fit=plan.fit,
        features=tuple(map(_variable, source.features)),
        label=_variable(source.label),
        scaling=SCALING,
        parameters=_rows(plan, record),
        record=record.digest,
        bound=plan.bound,
        lengths=plan.lengths,
        share=plan.share,
        tabled=plan.tabled,
        deviation=record.deviation,
        contributors=tuple(tuple(sorted(names)) for names in contributors),
        owners=len(plan.sources),
        owners_per_person=plan.owners_per_person,
        identifiers_per_person=contract.identifiers_per_person,
        charge=compiled.charge,
        promise=promise,
        cap=cap,
        sentences=attacker_sentences(promise, cap),
        unchecked=_unchecked(plan, norms_verified=norms_verified),
    )


def promises(contract: Contract, plan: TrainingPlan) -> tuple[Promise, Promise]:
    """Return the guarantee of a training, and that of the contract's cap.

    With or without one person, whose identifiers are in so many owners' data, the sum of a round differs by so many vectors of norm `bound`
    (`stillroom.learning.compile`). A *change* is taken to be one of all of the person's rows: sources have the same columns, so that a fact
    about a person may stand in each owner's data. It is twice as large (triangle inequality).

    Args:
        contract: The contract.
        plan: A plan that was compiled under it.

    Raises:
        Refusal: `PRICE_INVALID`: the loss is larger than can be counted.
    """
    caps = contract.caps
    cap, delta, selection = (Fraction(str(one)) for one in (caps.epsilon, caps.delta, caps.selection_delta))
    there, altered = _cost(contract, plan), _cost(contract, plan, _CHANGED)
    epsilon, change = (epsilon_from(one.rho * RHO_UNIT, delta) for one in (there, altered))
    total = float_up(delta + max(there.delta, altered.delta) * DELTA_UNIT)
    found = Promise(epsilon=epsilon, change_epsilon=change, delta=total, conversion_delta=float_up(delta))
    return found, cap_promise(cap, delta, selection)


def _cost(contract: Contract, plan: TrainingPlan, times: int = 1) -> Charge:
    """Return what all rounds cost where a sum may differ by so many times what one person adds to it."""
    norm = times * contract.identifiers_per_person * plan.owners_per_person * plan.bound
    return compose(round_charge(plan.share, norm_sensitivity(norm**2, length), length, exact=not plan.tabled) for length in plan.lengths)


def _check_record(plan: TrainingPlan, record: TrainingRecord) -> None:
    """See that a record is one of this plan, with its noise."""
    same = record.bound == plan.bound and tuple(one.length for one in record.rounds) == plan.lengths
    _check(same, "The record is of another training than the plan.")
    _check(record.deviation == scale_of(plan.share) * plan.share.counted**0.5, "The record's noise is not that of the plan.")


def _check_contributors(plan: TrainingPlan, contributors: Sequence[Collection[Name]]) -> None:
    """See that enough owners of the plan, and nobody else, contributed to each round."""
    enough = all(len(set(names)) == len(names) >= plan.share.fewest and plan.sources.keys() >= set(names) for names in contributors)
    _check(enough and len(contributors) == len(plan.lengths), "Contributions are not of as many of the plan's owners as it takes.")


def _check(holds: bool, reason: str) -> None:  # noqa: FBT001 - what is required
    if not holds:
        raise Unverified(Code.RELEASE_INVALID, reason, "Make the model of the plan, charge and record of one training.")


def _variable(feature: Feature) -> Variable:
    return Variable(name=feature.name, low=feature.low, high=feature.high, digits=feature.digits, values=feature.values)


def _rows(plan: TrainingPlan, record: TrainingRecord) -> tuple[tuple[float, ...], ...]:
    """Return the parameters, a row for each class of a multinomial model."""
    source = plan.sources[min(plan.sources)]
    rows = len(source.label.values) if isinstance(plan.fit, Multinomial) else 1
    width, left = divmod(len(record.parameters), rows)
    _check(left == 0, "The record's parameters are not those of the plan's model.")
    return tuple(record.parameters[row * width : (row + 1) * width] for row in range(rows))


def _unchecked(plan: TrainingPlan, *, norms_verified: bool) -> tuple[Unchecked, ...]:
    """Return what nobody has verified."""
    holds = {
        Unchecked.NORM: not norms_verified,
        Unchecked.NOISE: True,
        Unchecked.ROWS: True,
        Unchecked.DISJOINT: plan.owners_per_person < len(plan.sources),
        Unchecked.ACCURACY: True,
    }
    return tuple(what for what, unchecked in holds.items() if unchecked)
