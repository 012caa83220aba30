"""Relations inside a plan. Every row belongs to exactly one person, who is never a column that expressions can read."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from stillroom.model.expression import Expression
from stillroom.model.schema import ColumnType
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Scan(Value):
    """The admitted rows of one private dataset; its column c is named `name.c` from here on.

    Where a question reads a dataset more than once, the name tells one reading from the other: `dataset`, `dataset#2`, ….
    """

    op: Literal["scan"] = "scan"
    dataset: str
    name: str
    columns: tuple[str, ...]


class PartRows(Value):
    """The rows of one part of the plan, by its position."""

    op: Literal["part"] = "part"
    part: int = Field(ge=0)


class Filter(Value):
    """The rows for which a condition is true (neither false nor NULL)."""

    op: Literal["filter"] = "filter"
    source: Relation
    condition: Expression


class JoinKind(StrEnum):
    """Which rows a join keeps: matched ones only, or every row of the left side too, or every row of both."""

    INNER = "inner"
    LEFT = "left"
    FULL = "full"


class On(Value):
    """An equality of a join: an expression over the left side, and a column of the public table."""

    left: Expression
    column: str


class Join(Value):
    """Pairs of rows of the same person for which `condition` is true. The person of a row is that of whichever side it has.

    An outer join also keeps each row without a match, with NULL in all columns of the other side.

    Attributes:
        kind: Which rows without a match stay. The condition of an inner join stands in a filter above it.
        left: One side.
        right: The other side.
        condition: A further condition over columns of both sides, of an outer join.
        has_left: Of a full join: name of a column that is true on rows with a left side and NULL on others.
        has_right: Of a left or full join: the same for the right side.
    """

    op: Literal["join"] = "join"
    kind: JoinKind
    left: Relation
    right: Relation
    condition: Expression | None = None
    has_left: str | None = None
    has_right: str | None = None


class Mark(Value):
    """The rows of `source` with one more column: whether the same person has a row in `among` for which `condition` is true.

    Attributes:
        source: The rows.
        among: Where to look for a match.
        condition: Over columns of both; NULL is no match.
        name: The column, true or false and never NULL.
    """

    op: Literal["mark"] = "mark"
    source: Relation
    among: Relation
    condition: Expression | None = None
    name: str


class Enrich(Value):
    """A join with a public table on its whole key. Column c of the table is named `name.c`."""

    op: Literal["enrich"] = "enrich"
    source: Relation
    dataset: str
    name: str
    kind: Literal[JoinKind.INNER, JoinKind.LEFT]
    on: tuple[On, ...] = Field(min_length=1)
    columns: tuple[str, ...]


class TotalFunction(StrEnum):
    """Aggregates inside one person. NULLs are left out; SUM, MIN and MAX of none are NULL, COUNT and DISTINCT are 0.

    DISTINCT is how many values there are, each counted once. Of texts the first by code point is the least, of truth values false.
    """

    COUNT = "count"
    DISTINCT = "distinct"
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


class Arm(Value):
    """One relation of a union, and what its rows are in each column."""

    relation: Relation
    values: tuple[Expression, ...]


class Union(Value):
    """The rows of several relations, one after the other: all of them, each with its own person.

    Attributes:
        columns: The names of the columns.
        arms: The relations, with a value for each column.
    """

    op: Literal["union"] = "union"
    columns: tuple[str, ...]
    arms: tuple[Arm, ...] = Field(min_length=2)


class Sort(Value):
    """One term of an order. Numbers and truth values sort by size, text by code point."""

    value: Expression
    descending: bool = False
    nulls_first: bool = False


class WindowFunction(StrEnum):
    """What a window can say of a row among the person's rows. SUM, COUNT, MIN and MAX leave out NULLs, as `TotalFunction` does."""

    ROW_NUMBER = "row_number"
    LAG = "lag"
    LEAD = "lead"
    FIRST = "first"
    LAST = "last"
    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


class Windowed(Value):
    """A column that a window makes.

    Attributes:
        name: The column.
        function: What it says.
        value: Over which expression; the constant 1 for a row's number.
        offset: How many rows before or after, for LAG and LEAD.
        running: Whether only the row itself and those before it count (for all but LAG, LEAD and a row's number).
    """

    name: str
    function: WindowFunction
    value: Expression
    offset: int = Field(default=0, ge=0)
    running: bool = False


class Window(Value):
    """The rows of `source` with more columns, each computed from all rows of the same person and the same keys, in an order.

    The order is completed by all that a question can tell rows apart by, so that it depends on nothing but the rows: by columns, by the
    marks of outer joins, and by what windows below say. Rows that are still equal are told apart by nothing, and may change places.
    """

    op: Literal["window"] = "window"
    source: Relation
    keys: tuple[Expression, ...]
    order: tuple[Sort, ...]
    columns: tuple[Windowed, ...] = Field(min_length=1)


Relation = Annotated[Scan | PartRows | Filter | Join | Mark | Enrich | PerPerson | Union | Window, Field(discriminator="op")]

for _node in (Filter, Join, Mark, Enrich, PerPerson, Arm, Union, Window):
    _node.model_rebuild()


def sources(relation: Relation) -> tuple[Relation, ...]:
    """Return the relations that a relation is made of directly, in order."""
    match relation:
        case Scan() | PartRows():
            return ()
        case Join():
            return (relation.left, relation.right)
        case Mark():
            return (relation.source, relation.among)
        case Union():
            return tuple(arm.relation for arm in relation.arms)
        case Filter() | Enrich() | PerPerson() | Window():
            return (relation.source,)


def with_sources(relation: Relation, made_of: Sequence[Relation]) -> Relation:
    """Return a relation made of other relations, in the order of `sources`."""
    match relation:
        case Scan() | PartRows():
            return relation
        case Join():
            return relation.model_copy(update={"left": made_of[0], "right": made_of[1]})
        case Mark():
            return relation.model_copy(update={"source": made_of[0], "among": made_of[1]})
        case Union():
            arms = tuple(Arm(relation=own, values=arm.values) for own, arm in zip(made_of, relation.arms, strict=True))
            return relation.model_copy(update={"arms": arms})
        case Filter() | Enrich() | PerPerson() | Window():
            return relation.model_copy(update={"source": made_of[0]})


def expressions(relation: Relation) -> tuple[Expression, ...]:
    """Return the expressions that stand in one step of a relation itself, in order."""
    match relation:
        case Scan() | PartRows():
            return ()
        case Filter():
            return (relation.condition,)
        case Join() | Mark():
            return () if relation.condition is None else (relation.condition,)
        case Enrich():
            return tuple(item.left for item in relation.on)
        case PerPerson():
            return (*(key.value for key in relation.keys), *(total.value for total in relation.totals))
        case Union():
            return tuple(value for arm in relation.arms for value in arm.values)
        case Window():
            return (*relation.keys, *(term.value for term in relation.order), *(column.value for column in relation.columns))


def with_expressions(relation: Relation, made_of: Sequence[Expression]) -> Relation:
    """Return one step of a relation with other expressions, in the order of `expressions`."""
    match relation:
        case Scan() | PartRows():
            return relation
        case Filter():
            return relation.model_copy(update={"condition": made_of[0]})
        case Join() | Mark():
            return relation if relation.condition is None else relation.model_copy(update={"condition": made_of[0]})
        case Enrich():
            on = tuple(On(left=left, column=item.column) for left, item in zip(made_of, relation.on, strict=True))
            return relation.model_copy(update={"on": on})
        case PerPerson():
            keyed, totalled = made_of[: len(relation.keys)], made_of[len(relation.keys) :]
            keys = tuple(key.model_copy(update={"value": value}) for key, value in zip(relation.keys, keyed, strict=True))
            totals = tuple(total.model_copy(update={"value": value}) for total, value in zip(relation.totals, totalled, strict=True))
            return relation.model_copy(update={"keys": keys, "totals": totals})
        case Union():
            values = iter(made_of)
            arms = tuple(Arm(relation=arm.relation, values=tuple(islice(values, len(arm.values)))) for arm in relation.arms)
            return relation.model_copy(update={"arms": arms})
        case Window():
            values = iter(made_of)
            return relation.model_copy(
                update={
                    "keys": tuple(islice(values, len(relation.keys))),
                    "order": tuple(term.model_copy(update={"value": next(values)}) for term in relation.order),
                    "columns": tuple(column.model_copy(update={"value": next(values)}) for column in relation.columns),
                }
            )


def steps(relation: Relation) -> Iterator[Relation]:
    """Yield a relation and everything that it is made of."""
    yield relation
    for source in sources(relation):
        yield from steps(source)


def produced(relation: Relation) -> frozenset[str]:
    """Return the names of the columns that a relation has, as far as its own nodes tell: a part's rows have names of their own."""
    match relation:
        case Scan():
            return frozenset(f"{relation.name}.{column}" for column in relation.columns)
        case PartRows():
            return frozenset()
        case Filter():
            return produced(relation.source)
        case Join():
            return produced(relation.left) | produced(relation.right) | frozenset(made(relation))
        case Mark():
            return produced(relation.source) | frozenset(made(relation))
        case Enrich():
            return produced(relation.source) | {f"{relation.name}.{column}" for column in relation.columns}
        case PerPerson():
            return frozenset(made(relation))
        case Union():
            return frozenset(relation.columns)
        case Window():
            return produced(relation.source) | frozenset(made(relation))


def made(relation: Relation) -> tuple[str, ...]:
    """Return the names of the columns that one step makes itself."""
    match relation:
        case Join():
            return tuple(name for name in (relation.has_left, relation.has_right) if name is not None)
        case Mark():
            return (relation.name,)
        case PerPerson():
            return (*(key.name for key in relation.keys), *(total.name for total in relation.totals))
        case Union():
            return relation.columns
        case Window():
            return tuple(column.name for column in relation.columns)
        case Scan() | PartRows() | Filter() | Enrich():
            return ()


def with_made(relation: Relation, names: Sequence[str]) -> Relation:
    """Return one step with other names for the columns that it makes, in the order of `made`."""
    new = iter(names)
    match relation:
        case Join():
            marks = {side: None if getattr(relation, side) is None else next(new) for side in ("has_left", "has_right")}
            return relation.model_copy(update=marks)
        case Mark():
            return relation.model_copy(update={"name": next(new)})
        case PerPerson():
            keys = tuple(key.model_copy(update={"name": next(new)}) for key in relation.keys)
            totals = tuple(total.model_copy(update={"name": next(new)}) for total in relation.totals)
            return relation.model_copy(update={"keys": keys, "totals": totals})
        case Union():
            return relation.model_copy(update={"columns": tuple(names)})
        case Window():
            columns = tuple(column.model_copy(update={"name": next(new)}) for column in relation.columns)
            return relation.model_copy(update={"columns": columns})
        case Scan() | PartRows() | Filter() | Enrich():
            return relation


def first_reading(relation: Relation) -> str:
    """Return the first reading of a private dataset by name, from which columns that are made of its rows have their names."""
    return min(step.name for step in steps(relation) if isinstance(step, Scan))


def dataset_of(name: str) -> str:
    """Return the dataset of a column `name.column`, or of a reading of it."""
    return name.partition(".")[0].partition("#")[0]


class ColumnFact(Value):
    """What the contract says about every value of a column of the plan."""

    name: str
    type: ColumnType
