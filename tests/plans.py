"""Plans made by hand, for tests of what runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.model.expression import Column, Constant, Expression
from stillroom.model.marginal import Marginal
from stillroom.model.measure import Aggregate, Measure
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.plan import Bounds, Finish, Key, Output, Part, Plan, grouping
from stillroom.model.relation import ColumnFact, Filter, Join, JoinKind, PartRows, Relation, Scan, sources, with_sources
from stillroom.model.schema import ColumnType, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.schema import Scalar

ONE = Constant(value=1)
PLENTY = 2**60
"""A bound that no total of a small test reaches."""


def column(name: str) -> Column:
    """Return a column."""
    return Column(name=name)


def facts_of(tables: Mapping[str, Mapping[str, Kind]]) -> tuple[ColumnFact, ...]:
    """Return what a contract without bounds would say about the columns of tables."""
    return tuple(
        ColumnFact(name=f"{table}.{name}", type=ColumnType(kind=kind)) for table, kinds in tables.items() for name, kind in kinds.items()
    )


def part(dataset: str, relation: Relation) -> Part:
    """Return a part over a dataset, owned by a party of the same name."""
    return Part(owner=f"{dataset}_owner", population="people", relation=relation)


def scan(dataset: str, *columns: str, name: str | None = None) -> Scan:
    """Return a scan."""
    return Scan(dataset=dataset, name=name or dataset, columns=columns)


def linked() -> Relation:
    """Return what stands for the linked rows in `plan(rows=…)`."""
    return PartRows(part=0)


@dataclass(frozen=True)
class Link:
    """How two parts are linked; `present` is a column that is true where the second has a row, and `first` likewise."""

    kind: JoinKind
    condition: Expression | None = None

    def rows(self) -> Relation:
        """Return the linked rows."""
        first, second = PartRows(part=0), PartRows(part=1)
        if self.kind is JoinKind.INNER:
            join = Join(kind=self.kind, left=first, right=second)
            return join if self.condition is None else Filter(source=join, condition=self.condition)
        here = "first" if self.kind is JoinKind.FULL else None
        return Join(kind=self.kind, left=first, right=second, condition=self.condition, has_left=here, has_right="present")


def _over(relation: Relation, leaf: Relation) -> Relation:
    """Put linked rows in the place of what stands for them."""
    if isinstance(relation, PartRows):
        return leaf
    return with_sources(relation, [_over(source, leaf) for source in sources(relation)])


def key(value: Expression, kind: Kind, *domain: Scalar) -> Key:
    """Return a grouping key."""
    return Key(value=value, kind=kind, domain=domain)


def total(value: Expression, *, row: tuple[int, int] = (-PLENTY, PLENTY), bounds: tuple[int, int] | None = None) -> Measure:
    """Return a measure; without bounds of a total, every total of up to a thousand rows passes."""
    low, high = bounds or (1000 * row[0], 1000 * row[1])
    return Measure(value=value, row_low=row[0], row_high=row[1], low=low, high=high)


def count(most: int = 1000) -> Measure:
    """Return a count of rows, of which a person counts at most so many."""
    return total(ONE, row=(0, 1), bounds=(0, most))


def union(value: Expression, most: int = 1000) -> Measure:
    """Return a count of distinct values, of which a person has at most so many."""
    return Measure(value=value, row_low=0, row_high=1, low=0, high=most, aggregate=Aggregate.UNION)


def over_grid(measure: Measure, *grid: int) -> Measure:
    """Return a measure whose cells are told apart by further keys."""
    return measure.model_copy(update={"grid": grid})


def plan(
    facts: tuple[ColumnFact, ...],
    parts: Sequence[Part],
    measures: Sequence[Measure],
    *,
    link: Link | None = None,
    over: Relation | None = None,
    keys: Sequence[Key] = (),
    rows: int = 1000,
    groups: int | None = None,
    mechanisms: Sequence[Mechanism] | None = None,
    lone: tuple[str, ...] = (),
) -> Plan:
    """Return a plan over linked rows, or `over` what is made of them; a limit of groups is enforced by keeping that many."""
    noise = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=100.0)
    kept = tuple(range(len(grouping(tuple(keys), measures))))
    return Plan(
        contract="sha256:" + "0" * 64,
        protection="server",
        facts=facts,
        lone=lone,
        parts=tuple(parts),
        rows=_over(over or linked(), link.rows()) if link else over or linked(),
        keys=tuple(keys),
        measures=tuple(measures),
        strategies=tuple(
            (Marginal(kept=(*kept, *measure.grid), mechanism=one),)
            for measure, one in zip(measures, mechanisms or [noise] * len(measures), strict=True)
        ),
        bounds=Bounds(rows=rows, groups=groups or rows, keep_groups=groups is not None, identifiers=1),
        finish=Finish(sets=(kept,), outputs=(Output(value=column("m0"), kind=Kind.INTEGER, noisy=True),)),
    )
