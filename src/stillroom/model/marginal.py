"""What is measured of a measure: marginals of its leaf cells, each with noise of its own."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, model_validator

from stillroom.model.expression import PARTS
from stillroom.model.mechanism import CHOOSING, Mechanism
from stillroom.model.value import Value


class Marginal(Value):
    """The totals of a measure's leaf cells over all keys but some, each with independent noise; or what is chosen by them.

    Attributes:
        kept: The positions of the keys that stay, ascending; the leaf cells are added up over the others.
        mechanism: The noise of each total, or of each score.
        part: Which part of the rows lies before the bucket that is chosen in each group, in units of 1/`PARTS`
            (`stillroom.privacy.exponential`). Groups are told apart by the keys before those of the measure's grid, buckets by these.
            Left out of the encoding where totals are measured.
    """

    kept: tuple[int, ...]
    mechanism: Mechanism
    part: Annotated[int, Field(gt=0, lt=PARTS)] | None = Field(default=None, exclude_if=lambda part: part is None)

    @model_validator(mode="after")
    def _noise_of_its_kind(self) -> Marginal:
        """Refuse noise of scores on totals, and noise of totals where something is chosen."""
        if (self.part is not None) != (self.mechanism.noise in CHOOSING):
            raise ValueError("The noise of a marginal is not of the kind that it needs.")
        return self


Strategy: TypeAlias = Annotated[tuple[Marginal, ...], Field(min_length=1)]
"""The marginals that are measured of a measure, the finest one first."""
