"""Caps that are chosen by a first, small measurement: which ones are to choose from, and which was chosen."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stillroom.model.mechanism import Mechanism
from stillroom.model.value import BigInt, Value

Cap = Annotated[BigInt, Field(ge=1)]


class Advice(Value):
    """A cap that is to be chosen. Each person votes once, for the least cap that would change nothing about that person.

    Attributes:
        measure: The number of the measure whose totals of a person in a cell are capped on either side of 0; None for the number of cells
            of a person.
        caps: The caps to choose from, ascending: in units of the measure, or in cells. The last one is what the contract bounds.
        mechanism: The noise on the number of votes for each cap.
    """

    measure: int | None
    caps: Annotated[tuple[Cap, ...], Field(min_length=2)]
    mechanism: Mechanism


class Advised(Value):
    """A cap that was chosen.

    Attributes:
        votes: How many persons voted for each cap: the noisy numbers that decided.
        cap: The cap.
    """

    votes: tuple[BigInt, ...]
    cap: Cap
