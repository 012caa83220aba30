"""The rounds of a plan as secure sums: which session each is, and a training in which nothing but sums is ever opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from stillroom.errors import Code, InvalidInput
from stillroom.learning.fitting import model_of
from stillroom.learning.secure_sum.conduct import conduct
from stillroom.learning.secure_sum.session import Session
from stillroom.learning.training import TrainingRecord, train
from stillroom.privacy.noise_shares import scale_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.learning.models.model import Step
    from stillroom.learning.rows import Whole
    from stillroom.learning.secure_sum.conduct import Members
    from stillroom.model.contract import Contract
    from stillroom.model.training import TrainingPlan

BITS: Final = 64
"""How many persons an owner has is nobody else's business, so that sums are modulo 2⁶⁴, which holds any (`clipping.check`)."""


def session_of(contract: Contract, plan: TrainingPlan, run: str, step: Step) -> Session:
    """Return the session of a round, which an owner works out for itself and compares.

    Args:
        contract: The contract that the plan was compiled under.
        plan: The plan.
        run: The run.
        step: What the round measures.

    Raises:
        InvalidInput: `CONTRACT_INVALID` if a source is of no party.
    """
    parties = {owner: contract.party(owner) for owner in plan.sources}
    keys = {owner: party.key for owner, party in parties.items() if party is not None}
    if len(keys) < len(parties):
        raise InvalidInput(Code.CONTRACT_INVALID, "A source is of somebody who is no party.", "Name owners of the contract.")
    share = plan.share
    return Session(
        contract=plan.contract,
        run=run,
        round=step.round,
        members=keys,
        length=step.length,
        bits=BITS,
        fewest=share.fewest,
        colluders=share.colluders,
    )


class Trained(NamedTuple):
    """What a training came to, and the owners whose contributions are in each of its sums."""

    record: TrainingRecord
    contributors: tuple[tuple[str, ...], ...]


def train_together(contract: Contract, plan: TrainingPlan, run: str, members: Callable[[Session, Step], Members]) -> Trained:
    """Train by secure sums.

    The noise that is in a sum is taken to be that of the fewest honest owners: more owners bring more, by which a model is no less private.

    Args:
        contract: The contract.
        plan: The plan, compiled under it.
        run: The run.
        members: Returns the way to the owners in a round.

    Raises:
        Refusal: `ROUND_ABORTED` if in some round too few stay.
        Unverified: As `conduct`.
    """
    source = next(iter(plan.sources.values()))
    model = model_of(plan.fit, source, plan.clip, plan.bound)

    contributors = list[tuple[str, ...]]()

    def summed(step: Step) -> Whole:
        session = session_of(contract, plan, run, step)
        total = conduct(session, members(session, step))
        contributors.append(tuple(sorted(total.active.headers)))
        return total.values

    record = train(model, scale_of(plan.share) * plan.share.counted**0.5, summed)
    return Trained(record, tuple(contributors))
