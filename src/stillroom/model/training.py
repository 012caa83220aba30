"""Training: what each owner's rows bring to a model."""

from __future__ import annotations

from pydantic import Field, model_validator

from stillroom.model.plan import Plan
from stillroom.model.value import BigInt, Value


class Feature(Value):
    """One number for each row that is learned from.

    Attributes:
        name: What people call it: the column, or `column = value` for one of the listed values of text.
        measure: The measure of the source's plan whose value it is.
        low: The least number that it can be, from the contract, in units of 10**-digits.
        high: The greatest.
        digits: Decimal places.
    """

    name: str
    measure: int = Field(ge=0)
    low: BigInt
    high: BigInt
    digits: int = Field(default=0, ge=0)


class Source(Value):
    """An owner's rows, as features and a label.

    Attributes:
        plan: Which rows, over the owner's data alone, and the measures whose values they have. Its noise is not drawn.
        features: What is learned from, in order.
        label: What is learned: one number, or one for each class.
    """

    plan: Plan
    features: tuple[Feature, ...] = Field(min_length=1)
    label: tuple[Feature, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _measures_there(self) -> Source:
        """Refuse features that the plan does not measure."""
        if any(one.measure >= len(self.plan.measures) for one in (*self.features, *self.label)):
            raise ValueError("A feature is a measure of the plan.")
        return self
