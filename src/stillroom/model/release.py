"""The release: the only thing that leaves a room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from stillroom.model.advice import Advised
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.mechanism import Mechanism
from stillroom.model.plan import Plan
from stillroom.model.question import Question
from stillroom.model.schema import Kind
from stillroom.model.selection import Selection, Shown
from stillroom.model.value import Value

PAYLOAD_TYPE = "application/vnd.stillroom.release.v1+json"
"""DSSE payload type of a signed release."""


LARGEST = 10**300
"""Computed numbers of a table are closer to 0 than this, and so are the ends of their intervals; what is not so is NULL."""


class Heading(Value):
    """A column of a released table."""

    name: str
    kind: Kind
    noisy: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a released table, as exact decimal text (dates in ISO 8601, truth values `true` and `false`).

    A table has up to a million, so this is a dataclass, a sixth as large as a `Value`. Pydantic reads and writes it like one: with no
    other fields, and without coercing types.

    Attributes:
        value: The estimate or the key; None for NULL.
        low: Lower end of the interval for the bounded value, at 95 % or more; None for keys and unbounded ends.
        high: Upper end of it.
        no_information: The interval says no more than the contract does.
        totalled: This key is totalled over in this row (as in GROUPING SETS).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    value: str | None
    low: str | None = None
    high: str | None = None
    no_information: bool = False
    totalled: bool = False


class Removed(Value):
    """What clamping removed from a sum, over the whole table: persons' totals in their cells, less the clamped ones.

    It is measured with noise of its own. It says by how much the sums that the table shows fall short, all together, where it is above 0,
    and by how much they are too large where it is below.

    Attributes:
        columns: The columns that are made of the sum.
        value: The estimate, as exact decimal text, in the units of the sum.
        low: Lower end of the interval, at 95 % or more.
        high: Upper end of it.
    """

    columns: tuple[str, ...]
    value: str
    low: str
    high: str


class Table(Value):
    """A released table.

    Attributes:
        headings: Its columns.
        rows: Its rows.
        clamped: What clamping removed from each sum that is clamped, if that was asked for. Left out of the encoding where empty.
        shown: The combinations of selected keys that are shown, in their order, with their noisy numbers of persons, before HAVING and
            LIMIT; none where every key has a declared domain.
        advised: The caps that were chosen, one for each advice of the plan. Left out of the encoding where there are none.
        selection: By which rule combinations were shown, where it follows from caps that were chosen; otherwise it is that of the plan.
            Left out of the encoding then.
    """

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shown: tuple[Shown, ...] = ()
    advised: tuple[Advised, ...] = Field(default=(), exclude_if=().__eq__)
    clamped: tuple[Removed, ...] = Field(default=(), exclude_if=().__eq__)
    selection: Selection | None = Field(default=None, exclude_if=lambda selection: selection is None)


class MeasureNoise(Value):
    """How one marginal of one measure was protected.

    Attributes:
        measure: The number of the measure.
        kept: The positions of the keys that the marginal keeps; it adds up the leaf cells over the others.
        mechanism: The noise added to each total, in units of 10**-digits; where buckets are chosen, that of their scores.
        part: Which part of the rows lies before the bucket that is chosen in each group (`model.plan.Marginal`). Sensitivities are then
            those of scores, in their units. Left out of the encoding where totals are measured.
        digits: Decimal places of the measure.
        add_remove_l1: L1 sensitivity when one person's rows appear or vanish, in units, as decimal text.
        add_remove_l2_squared: Square of the L2 sensitivity, likewise.
        change_l1: L1 sensitivity when one person's rows are altered in any one dataset.
        change_l2_squared: Square of the L2 sensitivity, likewise.
    """

    measure: int
    kept: tuple[int, ...]
    mechanism: Mechanism
    part: int | None = Field(default=None, exclude_if=lambda part: part is None)
    digits: int
    add_remove_l1: str
    add_remove_l2_squared: str
    change_l1: str
    change_l2_squared: str


class Promise(Value):
    """The guarantee in (ε, δ): of this release, or of the contract's cap.

    Attributes:
        epsilon: When one person's rows appear or vanish everywhere at once (rounded up).
        change_epsilon: When one person's rows are altered in any one dataset (rounded up).
        delta: The δ of the guarantee: `conversion_delta`, and what selecting keys costs on top of it.
        conversion_delta: The contract's constant δ, at which zCDP is stated as ε; 0 for a pure release.
    """

    epsilon: float
    change_epsilon: float
    delta: float
    conversion_delta: float


class Balance(Value):
    """The contract's account, before and after."""

    before: Charge
    after: Charge


class Release(Value):
    """A result that carries its proof: what was asked, under what, with which noise, at which charge.

    Attributes:
        format: The version of this format.
        room: The room's name and public key.
        reservation: What the run is known by in accounts and log.
        question: As it was first asked.
        plan: What was measured.
        plan_digest: The plan's name.
        contract_digest: The contract's name.
        receivers: Who may have it.
        versions: Version number of each dataset read; a counter, not a digest.
        table: The result.
        noise: Mechanism and sensitivities of each marginal that was measured.
        sampler: Name and version of the noise sampler.
        charge: What it cost.
        promise: What it guarantees.
        cap: What the contract guarantees whatever is asked.
        sentences: The attacker's sentences, for this release and for the cap.
        balance: The contract's balance.
        commit_index: Index of the commit's entry in the room's log.
        released_at: Seconds since 1970, a multiple of the contract's quantum.
        disclosure: Disclosure after NIST SP 800-226.
    """

    format: Literal["stillroom/release/v1"] = Field(default="stillroom/release/v1", alias="schema")
    room: str
    reservation: str
    question: Question
    plan: Plan
    plan_digest: Digest
    contract_digest: Digest
    receivers: tuple[Name, ...]
    versions: dict[Name, int]
    table: Table
    noise: tuple[MeasureNoise, ...]
    sampler: str
    charge: Charge
    promise: Promise
    cap: Promise
    sentences: tuple[str, ...]
    balance: Balance
    commit_index: int = Field(ge=0)
    released_at: float
    disclosure: dict[str, Any]
