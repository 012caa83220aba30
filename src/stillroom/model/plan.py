"""The plan: what to measure and with which noise, never how. It holds no SQL text."""

from __future__ import annotations

import operator
from math import prod
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from stillroom.model.advice import Advice
from stillroom.model.contract import Digest, Name
from stillroom.model.expression import Column, Expression
from stillroom.model.marginal import Strategy
from stillroom.model.measure import Aggregate, Measure, highest_total, telling
from stillroom.model.relation import ColumnFact, PartRows, Relation, Scan, sources, steps, with_sources
from stillroom.model.schema import Kind, Scalar
from stillroom.model.selection import Selection
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
    """One grouping key with its whole domain, in display order, or a selected one.

    Attributes:
        value: Over the rows of `Plan.rows`.
        kind: What the values are, for display.
        digits: Decimal places of numbers.
        domain: Every value that can occur, from the contract, NULL last; None where the values that are shown are selected.
    """

    value: Expression
    kind: Kind
    digits: int = 0
    domain: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None

    @property
    def listed(self) -> tuple[Scalar, ...]:
        """The values that the contract declares: none for a selected key."""
        return self.domain or ()


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
        nonnegative: Whether no total is below 0 of measures to which nobody adds less. Left out of the encoding where false.
    """

    sets: tuple[tuple[int, ...], ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)
    having: Expression | None = None
    order: tuple[Order, ...] = ()
    places: int = Field(default=0, ge=0, le=6)
    limit: Annotated[int, Field(ge=0)] | None = None
    offset: int = Field(default=0, ge=0)
    nonnegative: bool = Field(default=False, exclude_if=operator.not_)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """All that is computed of a row: its columns, what orders it, and whether it stays."""
        kept = () if self.having is None else (self.having,)
        return (*(one.value for one in self.outputs), *(one.value for one in self.order), *kept)

    def with_each(self, change: Callable[[Expression], Expression]) -> Finish:
        """Return it with each expression changed."""
        return self.model_copy(
            update={
                "outputs": tuple(one.model_copy(update={"value": change(one.value)}) for one in self.outputs),
                "order": tuple(one.model_copy(update={"value": change(one.value)}) for one in self.order),
                "having": None if self.having is None else change(self.having),
            }
        )


def leaves(keys: tuple[Key, ...], kept: tuple[int, ...]) -> int:
    """Return how many leaf cells each row of a grouping set adds up, given the positions of the keys that it keeps.

    Selected keys, whose values nobody knows beforehand, count as one value.
    """
    return prod(len(key.domain) for position, key in enumerate(keys) if position not in kept and key.domain is not None)


def reach(bounds: Bounds) -> int:
    """Return in how many cells two persons can be, if there is no end to cells: what matters about combinations of selected keys."""
    return 2 * bounds.groups * bounds.identifiers


def grouping(keys: tuple[Key, ...], measures: Sequence[Measure]) -> tuple[Key, ...]:
    """Return the keys that are grouped by: those before the keys of grids."""
    return keys[: min((key for measure in measures for key in measure.grid), default=len(keys))]


def sizes_for(keys: tuple[Key, ...], measures: Sequence[Measure], measure: Measure | None = None, combinations: int = 1) -> tuple[int, ...]:
    """Return the size of each key's domain for one of several measures, or for the table; 1 for keys that do not tell its cells apart.

    Selected keys, the first ones, share one axis, that of the first: their combinations.
    """
    if measure is not None and measure.aggregate is Aggregate.REMOVED:
        return (1,) * len(keys)
    grouped, grid = len(grouping(keys, measures)), measure.grid if measure is not None else ()
    sizes = (len(key.domain) if key.domain is not None else 1 if number else combinations for number, key in enumerate(keys))
    kept = range(grouped) if measure is None or measure.kept is None else measure.kept
    return tuple(size if number in kept or number in grid else 1 for number, size in enumerate(sizes))


def moving_sizes(keys: tuple[Key, ...], measures: Sequence[Measure], measure: Measure, combinations: int) -> tuple[int, ...]:
    """Return the sizes that bear on how far one person moves a measure: of a sum, those of the leaf cells that it adds up."""
    own = measure.model_copy(update={"kept": None}) if measure.aggregate is Aggregate.SUM else measure
    return sizes_for(keys, measures, own, combinations)


class Plan(Value):
    """A question, compiled. Two questions with one plan have one answer.

    Attributes:
        format: The version of this format.
        contract: Digest of the contract it was compiled under.
        protection: How exact cells are protected.
        facts: What the contract says about the columns that parts read (`dataset.column`).
        lone: The private datasets of which nobody has more than one row, by the contract; left out of the encoding where there are none.
        parts: What each owner can do alone.
        rows: How the rows of the parts are linked, and what is done with linked rows; its leaves are the parts, each once, in order.
        keys: The grouping keys, selected ones first, and behind them the keys that are in grids of measures only. A grouping set keeps all
            selected keys, or none.
        selection: How the combinations of selected keys that are shown are chosen; None where every key has a declared domain.
        measures: What is summed or counted.
        strategies: For each measure, the marginals that are measured of it. Its totals are estimated from all of them together.
        advice: The caps that a first measurement chooses, lower than those of measures and bounds; left out of the encoding where there are
            none. Strategies are as for the highest caps: with lower ones, less noise is drawn at the same price (`query.advised`).
        bounds: What one person can contribute.
        finish: What is computed from noisy cells.
    """

    format: Literal["stillroom/plan/v1"] = Field(default="stillroom/plan/v1", alias="schema")
    contract: Digest
    protection: Literal["server"]
    facts: tuple[ColumnFact, ...]
    lone: tuple[Name, ...] = Field(default=(), exclude_if=().__eq__)
    parts: tuple[Part, ...] = Field(min_length=1)
    rows: Relation
    keys: tuple[Key, ...]
    selection: Selection | None = None
    measures: tuple[Measure, ...] = Field(min_length=1)
    strategies: tuple[Strategy, ...] = Field(min_length=1)
    advice: tuple[Advice, ...] = Field(default=(), exclude_if=().__eq__)
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

    @model_validator(mode="after")
    def _grids_behind(self) -> Plan:
        """Refuse plans in which a grid is not ascending, or has a key that is grouped by; the keys behind those must all be in a grid."""
        grids = [measure.grid for measure in self.measures]
        gridded = sorted({key for grid in grids for key in grid})
        behind = gridded == [*range(len(self.keys) - len(gridded), len(self.keys))]
        if not behind or any(list(grid) != sorted(set(grid)) for grid in grids):
            raise ValueError("The keys of grids do not stand behind those that are grouped by, ascending.")
        return self

    @model_validator(mode="after")
    def _selected_first(self) -> Plan:
        """Refuse plans whose selected keys are not the first, without a rule of selection, or not together in grouping sets."""
        selected = self.selected
        if any(key.domain is None for key in self.keys[selected:]) or (self.selection is not None) != (selected > 0):
            raise ValueError("The selected keys of a plan are its first, and there is a rule of selection if there are any.")
        if any(len([key for key in kept if key < selected]) not in {0, selected} for kept in self.finish.sets):
            raise ValueError("A grouping set keeps all selected keys, or none.")
        return self

    @model_validator(mode="after")
    def _advised_once(self) -> Plan:
        """Refuse plans that choose a cap twice, of what is not there, out of order, higher than bounded, or beside what depends on it."""
        about, removed = [one.measure for one in self.advice], any(one.aggregate is Aggregate.REMOVED for one in self.measures)
        known: dict[int | None, int] = {number: highest_total(one) for number, one in enumerate(self.measures)}
        known[None] = self.bounds.groups
        if any(list(one.caps) != sorted(set(one.caps)) or one.caps[-1] != known.get(one.measure) for one in self.advice):
            raise ValueError("The caps to choose from ascend to what the contract bounds, of cells or of a measure that is there.")
        if len(set(about)) < len(about) or (self.advice and removed):
            raise ValueError("A cap is chosen once, and not beside what clamping removes.")
        return self

    @property
    def selected(self) -> int:
        """How many keys are selected: the first ones."""
        return next((number for number, key in enumerate(self.keys) if key.domain is not None), len(self.keys))

    @property
    def grouping(self) -> tuple[Key, ...]:
        """The keys that are grouped by."""
        return grouping(self.keys, self.measures)

    @property
    def cells(self) -> int:
        """How many leaf cells the table has, in one combination of selected keys: the product of the domains of the other grouping keys."""
        return leaves(self.grouping, ())

    def cells_of(self, measure: Measure) -> int:
        """Return how many leaf cells one of the measures has: those of the table, each as often as its grid has cells; or 1 (removed)."""
        return prod(sizes_for(self.keys, self.measures, measure))

    def tells_selected(self, measure: Measure) -> bool:
        """Tell whether selected keys tell the cells of one of the measures apart."""
        return self.selected > 0 and measure.aggregate is not Aggregate.REMOVED and (measure.kept is None or 0 in measure.kept)

    def of_set(self, number: int, kept: tuple[int, ...]) -> int:
        """Return the number of the measure that tells about a grouping set: the very one, unless some sets have one of their own.

        Raises:
            ValueError: There is none for this set.
        """
        return telling(self.measures, number, kept)

    @property
    def removed(self) -> dict[int, int]:
        """The numbers of the measures that say what clamping removes, each with that of the sum which it removes it from.

        Raises:
            ValueError: There is no such sum.
        """
        numbered = ((number, one) for number, one in enumerate(self.measures) if one.aggregate is Aggregate.REMOVED)
        return {number: self.measures.index(one.model_copy(update={"aggregate": Aggregate.SUM})) for number, one in numbered}

    def is_nonnegative(self, number: int) -> bool:
        """Tell whether no total of one of the measures is shown below 0."""
        return self.finish.nonnegative and self.measures[number].low == 0

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
"""For each measure, its exact leaf cells in canonical order: the last key varies fastest, each over its domain in order. Its keys are
those that are grouped by, and behind them those of its grid."""

NoisyCells: TypeAlias = tuple[tuple[tuple[int, ...], ...], ...]
"""For each measure and each marginal of its strategy, the noisy totals in canonical order: the last key that is kept varies fastest,
each over its domain in order. Where selected keys are kept, the combinations of them that are shown vary most slowly. Of a marginal that
chooses, the number of the bucket that was chosen in each group, in the same order."""
