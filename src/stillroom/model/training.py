"""Training: a model of what several owners' rows have in common, and the plan by which it is learned."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from stillroom.model.charge import Charge
from stillroom.model.contract import PARTIES_LIMIT, Digest, Name
from stillroom.model.noise_share import MOST_OWNERS, NoiseShare
from stillroom.model.plan import Plan
from stillroom.model.question import SQL_LIMIT
from stillroom.model.value import BigInt, Value

FEWEST = 3
"""With two contributors, each would learn from a sum what the other one brought."""

ROUNDS_LIMIT = 100
"""The most rounds of a training."""

_Ridge = Annotated[float, Field(ge=0, le=1e6)]
_Rounds = Annotated[int, Field(ge=1, le=ROUNDS_LIMIT)]


class Linear(Value):
    """A number, as a weighted sum of the features: by least squares, in one round.

    Attributes:
        kind: Always `linear`.
        ridge: How much weights are drawn to zero.
    """

    kind: Literal["linear"] = "linear"
    ridge: _Ridge = 1.0


class Logistic(Value):
    """The probability of the second of two values.

    Attributes:
        kind: Always `logistic`.
        ridge: How much weights are drawn to zero: scikit-learn's 1/C.
        rounds: How many rounds.
    """

    kind: Literal["logistic"] = "logistic"
    ridge: _Ridge = 1.0
    rounds: _Rounds = 2


class Descent(Value):
    """The probability of the second of two values, by noisy gradient descent: more rounds than `logistic`, and often a better model.

    Attributes:
        kind: Always `descent`.
        ridge: How much weights are drawn to zero: scikit-learn's 1/C.
        rounds: How many rounds.
    """

    kind: Literal["descent"] = "descent"
    ridge: _Ridge = 1.0
    rounds: _Rounds = 40


class Multinomial(Value):
    """The probability of each of several values.

    Attributes:
        kind: Always `multinomial`.
        ridge: How much weights are drawn to zero: scikit-learn's 1/C.
        rounds: How many rounds.
    """

    kind: Literal["multinomial"] = "multinomial"
    ridge: _Ridge = 1.0
    rounds: _Rounds = 2


class Poisson(Value):
    """A count, whose mean is the exponential of a weighted sum of the features.

    Attributes:
        kind: Always `poisson`.
        ridge: How much weights are drawn to zero.
        rounds: How many rounds.
        typical: A guess of the mean that everybody may know, from which the rounds begin.
    """

    kind: Literal["poisson"] = "poisson"
    ridge: _Ridge = 1.0
    rounds: _Rounds = 3
    typical: Annotated[float, Field(gt=0, le=1e6)] = 1.0


Fit: TypeAlias = Annotated[Linear | Logistic | Descent | Multinomial | Poisson, Field(discriminator="kind")]
"""What is fitted, and how."""


class TrainingTemplate(Value):
    """A training that owners can agree on: which rows of each of them, to learn what, at which price, and what is assumed.

    Attributes:
        name: Its name.
        fit: What is fitted.
        sources: By owner, the question whose rows are learned from, in DuckDB's dialect (`stillroom.learning.sources`).
        label: The column that is learned.
        epsilon: What a training costs, as ε at the contract's δ.
        clip: Rows with features of a larger L2 norm than this share of what the contract allows are cut to it: less noise for all, for
            rows that hardly occur.
        owners_per_person: In how many owners' data one person may be; in all of them if left out. 1 only where people are disjoint, as
            owners sign: a person who is in more is protected less than the release says.
        fewest: The fewest owners whose contributions make a model. With fewer a training ends, and its charge stays spent.
        colluders: How many of these may work together with whoever adds up.
    """

    name: Name
    fit: Fit
    sources: dict[Name, Annotated[str, Field(min_length=1, max_length=SQL_LIMIT)]] = Field(min_length=1, max_length=PARTIES_LIMIT)
    label: str
    epsilon: float = Field(gt=0, le=100)
    clip: float = Field(default=0.8, gt=0, le=1)
    owners_per_person: Annotated[int, Field(ge=1)] | None = None
    fewest: int = Field(ge=FEWEST, le=MOST_OWNERS)
    colluders: int = Field(default=1, ge=0)


class Feature(Value):
    """One column of the rows that are learned from: a whole number in each, or nothing.

    Attributes:
        name: The column.
        measure: The measure of the source's plan whose value it is.
        low: The least number that it can be, from the contract, in units of 10**-digits.
        high: The greatest.
        digits: Decimal places.
        values: What the numbers are places in, counted from 0, where the column is text or a truth value. Left out of the encoding
            elsewhere.
    """

    name: str
    measure: int = Field(ge=0)
    low: BigInt
    high: BigInt
    digits: int = Field(default=0, ge=0)
    values: tuple[bool | str, ...] = Field(default=(), exclude_if=().__eq__)


class Source(Value):
    """An owner's rows, as features and a label.

    Attributes:
        plan: Which rows, over the owner's data alone, and the measures whose values they have. Its noise is not drawn.
        features: What is learned from, in order.
        label: What is learned.
    """

    plan: Plan
    features: tuple[Feature, ...] = Field(min_length=1)
    label: Feature

    @model_validator(mode="after")
    def _measures_there(self) -> Source:
        """Refuse features that the plan does not measure."""
        if any(one.measure >= len(self.plan.measures) for one in (*self.features, self.label)):
            raise ValueError("A feature is a measure of the plan.")
        return self


class TrainingPlan(Value):
    """A training, compiled. It says what is summed in each round, and with which noise; nothing of it comes from data.

    Attributes:
        format: The version of this format.
        contract: Digest of the contract that it was compiled under.
        name: The template's name.
        fit: What is fitted.
        sources: By owner, the rows that are learned from.
        clip: The share of the largest norm to which rows are cut.
        bound: The largest L2 norm of what one person adds to one owner's contribution in a round, in units.
        lengths: How many numbers are summed in each round.
        owners_per_person: In how many owners' data one person may be.
        identifiers_per_person: Under how many identifiers in each of these.
        share: The noise that each owner adds to each number in each round.
        tabled: Whether noise is drawn from a table that is not quite exact, at the price of a δ; by an exact sampler otherwise.
    """

    format: Literal["stillroom/training-plan/v1"] = Field(default="stillroom/training-plan/v1", alias="schema")
    contract: Digest
    name: Name
    fit: Fit
    sources: dict[Name, Source] = Field(min_length=FEWEST)
    clip: float = Field(gt=0, le=1)
    bound: int = Field(ge=1)
    lengths: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1, max_length=ROUNDS_LIMIT)
    owners_per_person: int = Field(ge=1)
    identifiers_per_person: int = Field(ge=1)
    share: NoiseShare
    tabled: bool

    @property
    def norm(self) -> int:
        """The L2 norm of what one person adds to the sum of a round, at most, in units."""
        return self.owners_per_person * self.identifiers_per_person * self.bound


class CompiledTraining(Value):
    """The outcome of compiling a template: what to run and what it costs, as one value.

    Attributes:
        plan: The plan.
        charge: What all rounds cost together, in each account.
    """

    plan: TrainingPlan
    charge: Charge
