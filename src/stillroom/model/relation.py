"""Relations inside a plan. Every row belongs to exactly one person, who is never a column that expressions can read."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from stillroom.model.expression import Expression
from stillroom.model.schema import ColumnType
from stillroom.model.value import Value


class Scan(Value):
    """The admitted rows of one private dataset; its column c is named `dataset.c` from here on."""

    op: Literal["scan"] = "scan"
    dataset: str
    columns: tuple[str, ...]


class Linked(Value):
    """The linked rows of all parts of the plan."""

    op: Literal["linked"] = "linked"


class Filter(Value):
    """The rows for which a condition is true (neither false nor NULL)."""

    op: Literal["filter"] = "filter"
    source: Relation
    condition: Expression


class JoinKind(StrEnum):
    """Which rows a join keeps: matched ones only, or every row of the left side."""

    INNER = "inner"
    LEFT = "left"


class On(Value):
    """An equality of a join: an expression over the left side, and a column of the public table."""

    left: Expression
    column: str


class Enrich(Value):
    """A join with a public table on its whole key. Column c of the table is named `dataset.c`."""

    op: Literal["enrich"] = "enrich"
    source: Relation
    dataset: str
    kind: JoinKind
    on: tuple[On, ...] = Field(min_length=1)
    columns: tuple[str, ...]


class TotalFunction(StrEnum):
    """Aggregates inside one person. NULLs are left out; SUM, MIN and MAX of none are NULL, COUNT is 0."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


class Named(Value):
    """An expression and the name that it has from here on."""

    name: str
    value: Expression


class Total(Value):
    """An aggregate over one person's rows of one group."""

    name: str
    function: TotalFunction
    value: Expression


class PerPerson(Value):
    """One row for each person and each combination of keys that occurs among the person's rows."""

    op: Literal["per_person"] = "per_person"
    source: Relation
    keys: tuple[Named, ...]
    totals: tuple[Total, ...]


Relation = Annotated[Scan | Linked | Filter | Enrich | PerPerson, Field(discriminator="op")]

for _node in (Filter, Enrich, PerPerson):
    _node.model_rebuild()


class ColumnFact(Value):
    """What the contract says about every value of a column of the plan."""

    name: str
    type: ColumnType
