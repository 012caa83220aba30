"""Keys without a declared domain: how the combinations of their values that a table shows are chosen, and which were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from pydantic import ConfigDict, Field

from stillroom.model.charge import Units
from stillroom.model.mechanism import Mechanism
from stillroom.model.schema import Scalar  # noqa: TC001 - pydantic reads it
from stillroom.model.value import BigInt, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Selection(Value):
    """The rule that decides which combinations of selected keys are shown (see `stillroom.privacy.selection`).

    Attributes:
        mechanism: The noise on how many persons are in each combination.
        threshold: A combination is shown if its noisy number of persons is at least this.
        delta: What that costs, in units of 1e-18.
        most: The most combinations that are shown; of more, those with most persons, by the noisy number.
    """

    mechanism: Mechanism
    threshold: Annotated[BigInt, Field(ge=1)]
    delta: Annotated[Units, Field(ge=1)]
    most: int = Field(ge=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A combination of selected keys that is shown. A table has up to a million, so this is no `Value`, though it is read like one.

    Attributes:
        keys: The value of each selected key.
        persons: How many persons are in it: the noisy number that decided.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    keys: tuple[Scalar, ...]
    persons: BigInt


class Occupied(NamedTuple):
    """A combination of selected keys that somebody is in, exactly. Engines hand it to protections, which let nothing of it out.

    Attributes:
        keys: The value of each selected key.
        persons: How many persons are in it, after each is cut to the plan's `groups` cells.
        cells: The exact leaf cells that are not 0, by their place among those of all measures: the measures one after the other, each in
            canonical order over its other keys' domains.
    """

    keys: tuple[Scalar, ...]
    persons: int
    cells: Mapping[int, int]


class Occupation(NamedTuple):
    """All that is measured exactly of a plan with selected keys.

    Attributes:
        combinations: The combinations of selected keys that somebody is in, each once.
        totals: For each measure whose cells no selected key tells apart, its exact leaf cells in canonical order; for others, nothing.
    """

    combinations: Sequence[Occupied]
    totals: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a protection makes of exact cells: noisy ones.

    Attributes:
        cells: For each measure and each marginal of its strategy, the noisy totals (`model.plan.NoisyCells`).
        shown: The combinations of selected keys that are shown, in canonical order; none where every key has a declared domain.
        votes: For each advice of the plan, the noisy number of votes for each cap.
    """

    cells: tuple[tuple[tuple[int, ...], ...], ...]
    shown: tuple[Shown, ...] = ()
    votes: tuple[tuple[int, ...], ...] = ()
