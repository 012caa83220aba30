"""Frames: relations under construction, in which every row belongs to one person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Among, Column, Compare, Comparison, Constant, conjuncts
from stillroom.model.relation import ColumnFact, Filter, first_reading
from stillroom.model.schema import column_type
from stillroom.query.typed import Typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.model.contract import PublicDataset
    from stillroom.model.expression import Expression
    from stillroom.model.relation import Relation
    from stillroom.query.added import Added


@dataclass(frozen=True, eq=False)
class PersonColumn:
    """A column that holds the person. Expressions cannot read it; two such columns are the same only by identity.

    Attributes:
        present: True where the person's side of an outer join has a row, NULL elsewhere; None where it always has.
        sides: The columns that COALESCE chooses from.
    """

    present: Typed | None = None
    sides: tuple[PersonColumn, ...] = ()

    def among(self, other: PersonColumn) -> bool:
        """Tell whether this column is another one, or may take its value."""
        return self is other or any(side.among(other) for side in self.sides)


Binding: TypeAlias = Typed | PersonColumn


@dataclass(frozen=True)
class Source:
    """What one name after FROM offers: its columns by name."""

    alias: str
    columns: dict[str, Binding]


@dataclass(frozen=True)
class PublicTable:
    """A public table in FROM; it owns no rows, so it can only be joined to.

    Attributes:
        alias: What the question calls it.
        dataset: What the contract calls it.
        name: What the plan calls this reading of it.
        declared: The contract's section.
        columns: What names can refer to: columns of the table, and what a subquery makes of a row of it.
        conditions: What must be true of a row of it, by a subquery.
    """

    alias: str
    dataset: str
    name: str
    declared: PublicDataset
    columns: Mapping[str, Typed]
    conditions: tuple[Typed, ...] = ()

    @property
    def facts(self) -> tuple[ColumnFact, ...]:
        """What is known about the columns of the table."""
        declared = self.declared.columns.items()
        return tuple(ColumnFact(name=f"{self.name}.{name}", type=column_type(column)) for name, column in declared)


Apart: TypeAlias = "Mapping[str, int | None]"
"""Columns of the plan of which no two rows of a person agree in all, NULL being a value like others; each with how many values it has
at most, NULL among them, or None where that is not known. Without any column, nobody has two rows."""


@dataclass(frozen=True)
class Frame:
    """Rows that each belong to one person.

    Attributes:
        relation: The rows.
        rows: The most rows of one person, from the contract alone.
        sources: What names can refer to.
        facts: What is known about each column of the plan.
        merged: What names mean that stand in more than one source and that a join has merged.
        ranks: Columns of the plan that number a person's rows, each with the most rows of a person that have the same number: 1, or as
            many as a join makes of one row.
        told: What tells a person's rows apart, where anything is known to.
        added: What columns of the plan add up to over any rows of a person, where that is less than their ranges tell.
    """

    relation: Relation
    rows: int
    sources: tuple[Source, ...]
    facts: tuple[ColumnFact, ...]
    merged: dict[str, Binding] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)
    told: Apart | None = None
    added: Mapping[str, Added] = field(default_factory=dict)

    @property
    def apart(self) -> Apart | None:
        """What tells a person's rows apart: nothing where nobody has two; None where nothing is known to. Filters leave it as it is."""
        return {} if self.rows == 1 else self.told

    @property
    def stem(self) -> str:
        """The first reading of a dataset by name, from which columns that are made on the way have their names."""
        return first_reading(self.relation)

    def where(self, condition: Expression | None) -> Frame:
        """Keep the rows for which a condition is true. Where it limits a person's rows by number, they are as few as that."""
        if condition is None:
            return self
        kept = replace(self, relation=Filter(source=self.relation, condition=condition))
        rows = min([self.rows, *(most for part in conjuncts(condition) if (most := rows_kept(part, self.ranks)) is not None)])
        return kept if rows == self.rows else kept.with_rows(rows)

    def with_rows(self, rows: int) -> Frame:
        """Return the same rows, of which a person has fewer; of one row, every column is a function of the person."""
        if rows > 1:
            return replace(self, rows=rows)
        sources = tuple(Source(one.alias, {name: _settled(binding) for name, binding in one.columns.items()}) for one in self.sources)
        merged = {name: _settled(binding) for name, binding in self.merged.items()}
        return replace(self, rows=1, sources=sources, merged=merged)

    def renamed(self, alias: str, columns: dict[str, Binding]) -> Frame:
        """Offer other columns, under one name, from here on."""
        return replace(self, sources=(Source(alias, columns),), merged={})


def _settled(binding: Binding) -> Binding:
    return binding if isinstance(binding, PersonColumn) else replace(binding, functional=True)


def rows_kept(condition: Expression, ranks: Mapping[str, int]) -> int | None:
    """Return how many rows of a person a condition lets through at most, if it limits their numbers: `= k`, `<= k`, `< k` or `IN (…)`."""
    match condition:
        case Compare(comparison=Comparison.EQUAL, left=Column(name=name), right=Constant()) if name in ranks:
            return ranks[name]
        case Compare(comparison=Comparison.EQUAL, left=Constant(), right=Column(name=name)) if name in ranks:
            return ranks[name]
        case Compare(comparison=Comparison.LESS_OR_EQUAL, left=Column(name=name), right=Constant(value=int(most))) if name in ranks:
            return max(1, most) * ranks[name]
        case Compare(comparison=Comparison.LESS, left=Column(name=name), right=Constant(value=int(end))) if name in ranks:
            return max(1, end - 1) * ranks[name]
        case Among(operand=Column(name=name), values=values) if name in ranks:
            return max(1, len({value.value for value in values})) * ranks[name]
        case _:
            return None


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """Return what to do about a name that the contract does not have: the one that was meant, perhaps, and where all of them stand."""
    close = get_close_matches(name.lower(), known, n=1)
    return " ".join([*(f"Did you mean {one!r}?" for one in close), f"`stillroom contract show` lists {what}."])


def resolve(frame: Frame, name: str, table: str | None) -> Binding:
    """Return what a column name refers to.

    Raises:
        Refusal: Nothing, or more than one thing.
    """
    if table is not None and all(source.alias != table for source in frame.sources):
        raise Refusal(Code.DATASET_UNKNOWN, f"There is no table {table!r} here.", "Use a name or alias that stands after FROM or JOIN.")
    if table is None and name in frame.merged:
        return frame.merged[name]
    found = [source.columns[name] for source in frame.sources if table in (None, source.alias) and name in source.columns]
    if not found:
        known = [column for source in frame.sources for column in source.columns]
        raise Refusal(Code.COLUMN_UNKNOWN, f"There is no column {name!r} here.", suggestion(name, known, "the columns"))
    if len(found) > 1:
        raise Refusal(Code.COLUMN_AMBIGUOUS, f"Column {name!r} stands in more than one table.", "Write table.column.")
    return found[0]
