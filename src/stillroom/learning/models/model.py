"""What a model is to its training: steps that say what to measure, and what to make of the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

from pydantic import Field

from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.learning.rows import Rows, Whole

State = TypeVar("State")

Bound = Annotated[int, Field(ge=1, le=2**30)]
"""The largest L2 norm of a person's vector, in units. Rounding takes up to a unit of each number, so many units waste little."""

DEFAULT_BOUND = 2**20


class Step(Value):
    """What a round measures. It is public: it comes from the contract and from noisy sums of earlier rounds.

    Attributes:
        kind: What the vector is made of, in the model's own words.
        round: From 0.
        length: How many numbers the vector has.
        parameters: What the vectors are computed from, in the model's units of them.
    """

    kind: str
    round: int
    length: int
    parameters: tuple[int, ...] = ()


class Model(Protocol[State]):
    """A model with its hyper-parameters: a frozen value. Everything it does is a function of its arguments."""

    @property
    def bound(self) -> int:
        """Return the largest L2 norm of a person's vector in any round, in units."""

    @property
    def rounds(self) -> int:
        """Return how many rounds there are. Each is charged the same."""

    def begin(self) -> State:
        """Return the state before the first round, which depends on the model alone."""

    def step(self, state: State) -> Step | None:
        """Return what the next round measures, or None after the last one."""

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution to a step: a person more or less changes it by a vector of L2 norm at most `bound`.

        Raises:
            InvalidInput: `DATA_INVALID`: the rows are not of this model; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """

    def advance(self, state: State, total: Whole, deviation: float) -> State:
        """Return the state after a round, from its sum over owners and the standard deviation of the noise in it, in units.

        This is post-processing: whatever it does, it reveals nothing that the sum does not.
        """

    def parameters(self, state: State) -> tuple[float, ...]:
        """Return the trained parameters, one for each feature, or for each class and feature, in the units of the features."""
