"""The plan: what to measure and with which noise, never how. It holds no SQL text."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from stillroom.model.contract import Digest, Name
from stillroom.model.expression import Column, Expression
from stillroom.model.mechanism import Mechanism
from stillroom.model.relation import ColumnFact, PartRows, Relation, Scan, sources, steps, with_sources
from stillroom.model.schema import Kind
from stillroom.model.value import BigInt, Value


class Part(Value):
    """What one owner can do alone: a relation over its own datasets about one population, and public tables.

    Attributes:
        owner: The party that owns the datasets.
        population: The owner's account that is charged.
        relation: A relation whose leaves are scans of the owner's datasets.
    """

    owner: Name
    population: Name
    relation: Relation


class Key(Value):
    """One grouping key with its whole domain, in display order.

    Attributes:
        value: Over the rows of `Plan.rows`.
        kind: What the values are, for display.
        digits: Decimal places of numbers.
        domain: Every value that can occur, from the contract; NULL last.
    """

    value: Expression
    kind: Kind
    digits: int = 0
    domain: tuple[bool | int | str | None, ...] = Field(min_length=1)


class Measure(Value):
    """For each cell: the sum over persons of the clamped total of `value` over the person's rows in the cell.

    NULL counts as 0. COUNT(*) sums 1s, COUNT(DISTINCT person) clamps that total to [0, 1].

    Attributes:
        value: A whole number per row.
        row_low: Least `value` of a row (at most 0).
        row_high: Greatest `value` of a row (at least 0).
        low: Least total of one person in one cell (at most 0); lower totals are clamped.
        high: Greatest total of one person in one cell (at least 0); higher totals are clamped.
        digits: Decimal places of the total.
    """

    value: Expression
    row_low: BigInt
    row_high: BigInt
    low: BigInt
    high: BigInt
    digits: int = 0


class Marginal(Value):
    """The totals of a measure's leaf cells over all keys but some, each with independent noise.

    Attributes:
        kept: The positions of the keys that stay, ascending; the leaf cells are added up over the others.
        mechanism: The noise of each total.
    """

    kept: tuple[int, ...]
    mechanism: Mechanism


Strategy: TypeAlias = Annotated[tuple[Marginal, ...], Field(min_length=1)]
"""The marginals that are measured of a measure, the finest one first."""


class Bounds(Value):
    """Contribution bounds of one person, applied last, on the very keys that are grouped by.

    Attributes:
        rows: The most rows of one person in `Plan.rows`, proved from the contract.
        groups: The most cells that one person can influence (L0).
        keep_groups: Whether `groups` is enforced here: a person in more cells keeps those with the smallest keyed hash of (person, cell).
            False when the contract alone proves it.
        identifiers: How many identifiers one person may have; multiplies all sensitivities.
    """

    rows: int = Field(ge=1)
    groups: int = Field(ge=1)
    keep_groups: bool
    identifiers: int = Field(ge=1)


class Output(Value):
    """A column of the released table. Its heading is not part of the plan, so that questions that differ in names alone are one.

    Attributes:
        value: Over keys `k0, k1, …` (NULL where totalled over), measures `m0, m1, …` and `g0, g1, …` (1 where the key is totalled over).
        kind: What it holds.
        digits: Decimal places shown.
        noisy: Whether it has an interval.
    """

    value: Expression
    kind: Kind
    digits: int = 0
    noisy: bool

    @property
    def measure(self) -> int | None:
        """The number of the measure whose totals it shows as they are, if it does."""
        if isinstance(self.value, Column) and self.value.name.startswith("m"):
            return int(self.value.name[1:])
        return None


class Order(Value):
    """One ORDER BY term, over the same names as `Output.value`."""

    value: Expression
    descending: bool
    nulls_first: bool


class Finish(Value):
    """What is computed from noisy cells only.

    Attributes:
        sets: Grouping sets, each the positions of the keys that it keeps; the others are totalled over.
        places: Decimal places in which totals are kept, beyond those of their measure.
        outputs: The columns of the table.
        having: Rows that stay.
        order: Order of rows; ties and no order at all fall back to the order of sets and domains.
        limit: The most rows.
        offset: Rows skipped before that.
    """

    sets: tuple[tuple[int, ...], ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)
    having: Expression | None = None
    order: tuple[Order, ...] = ()
    places: int = Field(default=0, ge=0, le=6)
    limit: Annotated[int, Field(ge=0)] | None = None
    offset: int = Field(default=0, ge=0)


def leaves(keys: tuple[Key, ...], kept: tuple[int, ...]) -> int:
    """Return how many leaf cells each row of a grouping set adds up, given the positions of the keys that it keeps."""
    return prod(len(key.domain) for position, key in enumerate(keys) if position not in kept)


class Plan(Value):
    """A question, compiled. Two questions with one plan have one answer.

    Attributes:
        format: The version of this format.
        contract: Digest of the contract it was compiled under.
        protection: How exact cells are protected.
        facts: What the contract says about the columns that parts read (`dataset.column`).
        parts: What each owner can do alone.
        rows: How the rows of the parts are linked, and what is done with linked rows; its leaves are the parts, each once, in order.
        keys: The grouping keys.
        measures: What is summed.
        strategies: For each measure, the marginals that are measured of it. Its totals are estimated from all of them together.
        bounds: What one person can contribute.
        finish: What is computed from noisy cells.
    """

    format: Literal["stillroom/plan/v1"] = Field(default="stillroom/plan/v1", alias="schema")
    contract: Digest
    protection: Literal["server"]
    facts: tuple[ColumnFact, ...]
    parts: tuple[Part, ...] = Field(min_length=1)
    rows: Relation
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...] = Field(min_length=1)
    strategies: tuple[Strategy, ...] = Field(min_length=1)
    bounds: Bounds
    finish: Finish

    @model_validator(mode="after")
    def _each_part_once(self) -> Plan:
        """Refuse plans whose leaves are not the parts, each once and in order, or whose parts read no private data."""
        leaves = [step.part for step in steps(self.rows) if isinstance(step, PartRows)]
        inside = [{type(step) for step in steps(part.relation)} for part in self.parts]
        loose = any(isinstance(step, Scan) for step in steps(self.rows))
        if leaves != list(range(len(self.parts))) or loose or any(PartRows in kinds or Scan not in kinds for kinds in inside):
            raise ValueError("The rows of a plan are not those of its parts, each once and in order.")
        return self

    @property
    def cells(self) -> int:
        """How many leaf cells each measure has: the product of the keys' domains."""
        return leaves(self.keys, ())

    @property
    def datasets(self) -> tuple[Name, ...]:
        """The private datasets that the plan reads, by name. The secret key of the first chooses which cells of a person are kept."""
        scans = (step for part in self.parts for step in steps(part.relation) if isinstance(step, Scan))
        return tuple(sorted({scan.dataset for scan in scans}))

    @property
    def whole(self) -> Relation:
        """The rows as one relation, with every part in its place."""
        return _joined(self.rows, self.parts)


def _joined(relation: Relation, parts: tuple[Part, ...]) -> Relation:
    if isinstance(relation, PartRows):
        return parts[relation.part].relation
    return with_sources(relation, [_joined(source, parts) for source in sources(relation)])


LeafCells: TypeAlias = tuple[tuple[int, ...], ...]
"""For each measure, its exact leaf cells in canonical order: the last key varies fastest, each over its domain in order."""

NoisyCells: TypeAlias = tuple[tuple[tuple[int, ...], ...], ...]
"""For each measure and each marginal of its strategy, the noisy totals in canonical order: the last key that is kept varies fastest,
each over its domain in order."""
