"""A training: rounds of a model, whoever sums, and the record of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import numpy as np
from pydantic import Field

from stillroom.errors import Code, InvalidInput
from stillroom.learning.models.model import Step
from stillroom.learning.rows import Rows, Whole
from stillroom.model.codec import digest_of
from stillroom.model.value import Value
from stillroom.privacy.mechanisms import scale_for_rho

if TYPE_CHECKING:
    from fractions import Fraction

    from stillroom.learning.models.model import Model

State = TypeVar("State")

Summed = Callable[[Step], Whole]
"""Has every owner measure a step, and returns the sum of their contributions, with its noise."""

Added = Callable[[Step, Sequence[Whole]], Whole]
"""Adds up owners' contributions to a step, and noise."""


class Round(Value):
    """One round of a training.

    Attributes:
        step: The digest of what was measured.
        kind: What that was.
        length: How many numbers were summed.
    """

    step: str
    kind: str
    length: int


class TrainingRecord(Value):
    """What a training did. None of it says more than the noisy sums did.

    Attributes:
        bound: The largest L2 norm of a person's vector, in units.
        deviation: The standard deviation of the noise in each sum, in units; 0 without noise.
        rounds: In order.
        parameters: What was trained.
    """

    bound: int
    deviation: Annotated[float, Field(ge=0)]
    rounds: tuple[Round, ...]
    parameters: tuple[float, ...]

    @property
    def digest(self) -> str:
        """Return what names the record, `sha256:…`."""
        return digest_of(self)


def deviation_for(model: Model[State], rho: Fraction, owners_per_person: int) -> float:
    """Return the least standard deviation of discrete Gaussian noise, in units, with which all rounds together cost at most `rho`.

    Each round's sum has the L2 sensitivity owners_per_person·bound, so that k rounds cost k·(owners_per_person·bound)²/2σ² in zCDP
    (`stillroom.privacy.mechanisms.rho_of`; composition is valid also for steps that depend on earlier sums).

    Raises:
        InvalidInput: `PRICE_INVALID`: a person is in no owner's data.
        Refusal: `PRICE_NOT_REACHABLE`: the noise would be larger than can be sampled.
    """
    if owners_per_person < 1:
        raise InvalidInput(Code.PRICE_INVALID, "A person is in at least one owner's data.", "Give 1 only where people are disjoint.")
    return scale_for_rho((owners_per_person * model.bound) ** 2, rho / model.rounds)


def rounds(model: Model[State], deviation: float) -> Generator[Step, Whole, TrainingRecord]:
    """Yield what each round measures, take its noisy sum, and return the record.

    Args:
        model: What is trained.
        deviation: The standard deviation of the noise in the sums, in units.

    Raises:
        InvalidInput: `DATA_INVALID`: a sum is not of the step's length.
    """
    state, done = model.begin(), list[Round]()
    while (step := model.step(state)) is not None:
        total = yield step
        if total.shape != (step.length,) or total.dtype != np.int64:
            raise InvalidInput(Code.DATA_INVALID, "A sum is not of the length that the step has.", "Sum contributions to this very step.")
        done.append(Round(step=digest_of(step), kind=step.kind, length=step.length))
        state = model.advance(state, total, deviation)
    return TrainingRecord(bound=model.bound, deviation=deviation, rounds=tuple(done), parameters=model.parameters(state))


def lengths_of(model: Model[State]) -> tuple[int, ...]:
    """Return how many numbers each round sums: it does not depend on what they are."""
    found = list[int]()

    def nothing(step: Step) -> Whole:
        found.append(step.length)
        return np.zeros(step.length, dtype=np.int64)

    train(model, 0.0, nothing)
    return tuple(found)


def train(model: Model[State], deviation: float, summed: Summed) -> TrainingRecord:
    """Train a model, whoever sums: agents over a network, or owners in this process (`together`).

    Raises:
        InvalidInput: `DATA_INVALID`: a sum is not of its step's length.
    """
    course = rounds(model, deviation)
    try:
        step = next(course)
        while True:
            step = course.send(summed(step))
    except StopIteration as end:
        record: TrainingRecord = end.value
        return record


def together(model: Model[State], owners: Sequence[Rows], added: Added) -> Summed:
    """Return a sum over owners that are all in this process."""
    return lambda step: added(step, [model.measure(step, rows) for rows in owners])
