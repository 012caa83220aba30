"""Training: what each owner's rows bring to a model."""

from __future__ import annotations

from pydantic import Field, model_validator

from stillroom.model.plan import Plan
from stillroom.model.value import BigInt, Value


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
