"""Plans made by hand, for tests of what runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.expression import Column, Constant, Expression
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.plan import Bounds, Finish, Key, Link, Measure, Output, Part, Plan
from stillroom.model.relation import ColumnFact, Linked, Relation, Scan
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


def part(dataset: str, relation: Relation, rows: int = 1000) -> Part:
    """Return a part over a dataset, owned by a party of the same name."""
    return Part(owner=f"{dataset}_owner", population="people", dataset=dataset, rows=rows, relation=relation)


def scan(dataset: str, *columns: str) -> Scan:
    """Return a scan."""
    return Scan(dataset=dataset, columns=columns)


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


def plan(
    facts: tuple[ColumnFact, ...],
    parts: Sequence[Part],
    measures: Sequence[Measure],
    *,
    link: Link | None = None,
    rest: Relation | None = None,
    keys: Sequence[Key] = (),
    rows: int = 1000,
    groups: int | None = None,
    mechanisms: Sequence[Mechanism] | None = None,
) -> Plan:
    """Return a plan; a limit of groups is enforced by keeping that many."""
    noise = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=100.0)
    return Plan(
        contract="sha256:" + "0" * 64,
        protection="server",
        facts=facts,
        parts=tuple(parts),
        link=link,
        rest=rest or Linked(),
        keys=tuple(keys),
        measures=tuple(measures),
        mechanisms=tuple(mechanisms or [noise] * len(measures)),
        bounds=Bounds(rows=rows, groups=groups or rows, keep_groups=groups is not None, identifiers=1),
        finish=Finish(sets=(tuple(range(len(keys))),), outputs=(Output(value=column("m0"), kind=Kind.INTEGER, noisy=True),)),
    )
