"""The outcome of a training: a model, what it was made under, and what it guarantees. It is made of public things only."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from stillroom.model.charge import Charge
from stillroom.model.contract import PARTIES_LIMIT, Digest, Name
from stillroom.model.noise_share import NoiseShare
from stillroom.model.release import Promise
from stillroom.model.training import FEWEST, ROUNDS_LIMIT, Descent, Fit, Logistic, Multinomial, Poisson
from stillroom.model.value import BigInt, Value

_TWO = 2


def _real(value: object) -> object:
    """Read a double that was written as text; zero has no sign."""
    if isinstance(value, str):
        value = float(value)
    return value + 0.0 if isinstance(value, float) else value


Real = Annotated[float, BeforeValidator(_real), PlainSerializer(repr, return_type=str, when_used="json")]
"""A double; in JSON it is the shortest decimal text that is read as this very double, whatever reads it."""


class Unchecked(StrEnum):
    """What a model rests on, and nobody has verified."""

    NORM = "norm"
    """That what an owner brought for each person is within the bound: who does not keep to it can make of the model what it likes."""
    NOISE = "noise"
    """That owners other than the colluders added their shares of the noise."""
    ROWS = "rows"
    """That owners' rows are what they say."""
    DISJOINT = "disjoint"
    """That a person is in no more owners' data than was said."""
    ACCURACY = "accuracy"
    """How good the model is: measuring that on owners' rows has a price, which was not paid."""


class Variable(Value):
    """A column that a model learned from, or learned.

    Attributes:
        name: Its name.
        low: The least number that it can be, from the contract, in units of 10**-digits.
        high: The greatest.
        digits: Decimal places.
        values: What it can be, in the contract's order, where it is text or a truth value.
    """

    name: str
    low: BigInt
    high: BigInt
    digits: int = Field(default=0, ge=0)
    values: tuple[bool | str, ...] = ()

    @model_validator(mode="after")
    def _some_choice(self) -> Variable:
        if not self.low < self.high or len(self.values) not in {0, self.high - self.low + 1} or len(set(self.values)) < len(self.values):
            raise ValueError("A variable has two values at least, each once.")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the least and the greatest number, in its own units."""
        return self.low / 10**self.digits, self.high / 10**self.digits

    @property
    def width(self) -> int:
        """Return how many features it becomes."""
        return len(self.values) if len(self.values) > _TWO else 1


class Scaling(Value):
    """What variables become as features, one after the other, with a constant last.

    A number becomes one feature: -1 at its lower bound, 1 at its upper one, and in proportion between; what is beyond is at the bound.
    Two listed values become one, -pair and pair. More become one each: `one` for the value that is there, 0 for others. What is missing
    is 0.

    Attributes:
        pair: See above.
        one: See above.
        constant: The constant.
    """

    pair: Real
    one: Real
    constant: Real


class TrainedModel(Value):
    """A model that was trained. Nothing in it comes from data but the parameters, which were made of noisy sums that are paid for.

    Attributes:
        format: The version of this format.
        plan: Digest of the training's plan.
        contract: Digest of the contract.
        contract_name: The contract's name.
        contract_version: Its version.
        purpose: What the contract says that its data may be used for.
        receivers: Who may have the model.
        name: The template's name.
        fit: What was fitted.
        features: What it learned from, in order.
        label: What it learned.
        scaling: What features are made of these.
        parameters: One number for each feature; for a multinomial model a row for each value of the label, otherwise one row. Products
            of features and parameters add up to the label (linear), the log of its mean (Poisson), the log odds of its second value
            (logistic), or the log of each value's probability but for a constant (multinomial).
        record: Digest of the record of the training.
        bound: The largest L2 norm of what one person adds to one owner's contribution in a round, in units.
        lengths: How many numbers were summed in each round.
        share: The noise that each owner adds to each number.
        tabled: Whether it is drawn from a table that is not quite exact.
        deviation: The standard deviation of the noise in each sum that is counted on, in units.
        contributors: By round, the owners whose contributions are in the sum, sorted.
        owners: How many owners were asked.
        owners_per_person: In how many owners' data one person may be.
        identifiers_per_person: How many identifiers one person may have.
        charge: What the training cost.
        promise: What it guarantees for one person in all owners' data together. Its `change_epsilon` holds however the person's rows are
            altered, in all of these data.
        cap: What the contract guarantees whatever else is asked or trained.
        sentences: The attacker's sentences, for this model and for the cap.
        unchecked: What was not verified.
    """

    format: Literal["stillroom/trained-model/v1"] = Field(default="stillroom/trained-model/v1", alias="schema")
    plan: Digest
    contract: Digest
    contract_name: Name
    contract_version: int = Field(ge=1)
    purpose: str
    receivers: tuple[Name, ...] = Field(max_length=PARTIES_LIMIT)
    name: Name
    fit: Fit
    features: tuple[Variable, ...] = Field(min_length=1)
    label: Variable
    scaling: Scaling
    parameters: tuple[tuple[Real, ...], ...]
    record: Digest
    bound: int = Field(ge=1)
    lengths: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1, max_length=ROUNDS_LIMIT)
    share: NoiseShare
    tabled: bool
    deviation: Annotated[Real, Field(gt=0)]
    contributors: tuple[tuple[Name, ...], ...]
    owners: int = Field(ge=FEWEST)
    owners_per_person: int = Field(ge=1)
    identifiers_per_person: int = Field(ge=1)
    charge: Charge
    promise: Promise
    cap: Promise
    sentences: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def width(self) -> int:
        """Return how many features there are, with the constant."""
        return sum(one.width for one in self.features) + 1

    @property
    def classes(self) -> tuple[bool | str, ...]:
        """Return the values that it tells apart; none where it predicts a number."""
        return self.label.values if isinstance(self.fit, Logistic | Descent | Multinomial) else ()

    @model_validator(mode="after")
    def _fits_together(self) -> TrainedModel:
        """Refuse what a prediction could not be made of."""
        rows = len(self.label.values) if isinstance(self.fit, Multinomial) else 1
        if len(self.parameters) != rows or any(len(row) != self.width for row in self.parameters):
            raise ValueError("There is a parameter for each feature, and a row for each value that a multinomial model tells apart.")
        two = len(self.label.values) == _TWO
        listed = {Logistic: two, Descent: two, Multinomial: len(self.label.values) >= _TWO}
        counted = not isinstance(self.fit, Poisson) or (self.label.low >= 0 and self.label.digits == 0)
        if not listed.get(type(self.fit), not self.label.values and counted):
            raise ValueError("The label is not what the model learns.")
        if len({one.name for one in (*self.features, self.label)}) <= len(self.features):
            raise ValueError("Each column has a name of its own.")
        if len(self.contributors) != len(self.lengths) or any(len(set(names)) < self.share.fewest for names in self.contributors):
            raise ValueError("Each round has contributions of as many owners as it takes.")
        return self

    @property
    def noise_multiplier(self) -> float:
        """Return the noise in each number of a sum, by how much one person can change the sum."""
        return self.deviation / (self.bound * self.owners_per_person * self.identifiers_per_person)
