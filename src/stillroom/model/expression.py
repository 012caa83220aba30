"""Expressions over one row: total functions of whole numbers, truth values and text.

Numbers are fixed-point, dates are days, so that every engine computes the same value. No expression can fail: division by
zero is NULL, and `bound` proves that no intermediate number is too large. NULL follows SQL: an operand that is NULL makes the
result NULL, and All, Any and Not are three-valued.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from stillroom.model.after import Extent, ScalarFunction, TableFunction
from stillroom.model.function import Function
from stillroom.model.value import BigInt, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


PARTS = 1_000_000
"""A quantile has so many parts of a whole at most to say which one it is."""

SmallInt = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
"""A whole number that RFC 8785 can write as a number."""


class Column(Value):
    """The value of a column of the row."""

    op: Literal["column"] = "column"
    name: str


class Constant(Value):
    """A constant; `digits` places of it are decimals (always 0 inside rows, where units are aligned beforehand)."""

    op: Literal["constant"] = "constant"
    value: bool | SmallInt | str | None
    digits: int = 0


class ArithmeticOp(StrEnum):
    """Exact operations on whole numbers."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"


class Arithmetic(Value):
    """Exact sum, difference or product; `bound` is the largest absolute value it can take."""

    op: Literal["arithmetic"] = "arithmetic"
    operation: ArithmeticOp
    left: Expression
    right: Expression
    bound: BigInt = 0


class Divide(Value):
    """`left * 10**shift / right`, rounded half away from zero; NULL when `right` is 0.

    `bound` is the largest absolute value of the shifted dividend and of the result. After the noise (in a finish) quotients
    are exact and `shift` is 0.
    """

    op: Literal["divide"] = "divide"
    left: Expression
    right: Expression
    shift: int = Field(default=0, ge=0, le=18)
    bound: BigInt = 0


class Comparison(StrEnum):
    """Comparisons of two values of one kind; text compares by code point."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    LESS = "lt"
    LESS_OR_EQUAL = "le"


class Compare(Value):
    """Whether a comparison holds."""

    op: Literal["compare"] = "compare"
    comparison: Comparison
    left: Expression
    right: Expression


class Among(Value):
    """Whether a value is one of listed constants (never NULL)."""

    op: Literal["among"] = "among"
    operand: Expression
    values: tuple[Constant, ...]


class Like(Value):
    """Whether text matches a pattern: `%` any characters, `_` exactly one, all else itself; there is no escape."""

    op: Literal["like"] = "like"
    operand: Expression
    pattern: str


class IsNull(Value):
    """Whether a value is NULL; never NULL itself."""

    op: Literal["is_null"] = "is_null"
    operand: Expression


class Not(Value):
    """Three-valued negation."""

    op: Literal["not"] = "not"
    operand: Expression


class All(Value):
    """Three-valued conjunction."""

    op: Literal["all"] = "all"
    operands: tuple[Expression, ...] = Field(min_length=1)


class Any(Value):
    """Three-valued disjunction."""

    op: Literal["any"] = "any"
    operands: tuple[Expression, ...] = Field(min_length=1)


class Branch(Value):
    """One WHEN … THEN … of a Case."""

    when: Expression
    then: Expression


class Case(Value):
    """The value of the first branch whose condition is true, else `otherwise`."""

    op: Literal["case"] = "case"
    branches: tuple[Branch, ...] = Field(min_length=1)
    otherwise: Expression


class Call(Value):
    """A function of its operands; `model.function` says what each means.

    `bound` is no smaller than the absolute value of any number that goes in or comes out. It stands after the noise, too, of whole numbers.
    """

    op: Literal["call"] = "call"
    function: Function
    operands: tuple[Expression, ...] = Field(min_length=1)
    bound: BigInt = 0


class Average(Value):
    """After the noise only: the ratio of two measured totals, known to lie in [low, high] / 10**digits."""

    op: Literal["average"] = "average"
    total: str
    count: str
    low: BigInt
    high: BigInt
    digits: int


class After(Value):
    """After the noise only: a function of values; `digits` is for ROUND and TRUNC."""

    op: Literal["after"] = "after"
    function: ScalarFunction
    operands: tuple[Expression, ...] = Field(min_length=1)
    digits: int = Field(default=0, ge=-12, le=12)


class Bounded(Value):
    """After the noise only: a number that lies in [low, high] without noise, moved there; NULL stays."""

    op: Literal["bounded"] = "bounded"
    operand: Expression
    low: BigInt
    high: BigInt


class Covariance(Value):
    """After the noise only: the covariance of two columns over n rows, from noisy totals; of a column with itself, its variance.

    The columns are x and y with a constant taken off each, which changes no covariance and keeps the totals small. Without noise it is
    Σxy/n - Σx/n·Σy/n, known to lie in [low, high] / 10**digits. A count below 1 is taken as 1.

    Attributes:
        count: n.
        left: Σx.
        right: Σy; the same as `left` for a variance.
        product: Σxy.
        sample: Whether to multiply by n/(n - 1); a count below 2 is taken as 2 there.
        low: Least covariance, without that factor.
        high: Greatest covariance, likewise.
        digits: Decimal places of `low` and `high`.
    """

    op: Literal["covariance"] = "covariance"
    count: Expression
    left: Expression
    right: Expression
    product: Expression
    sample: bool
    low: BigInt
    high: BigInt
    digits: int = Field(ge=0)


class Quantile(Value):
    """After the noise only: the value with a given part of all rows before it, from counts of rows in buckets of values.

    With no row before it, it is the least, and with all of them the greatest value that there surely is (`privacy.quantiles`).

    Attributes:
        measure: Counts rows by the digits of their buckets' numbers, which are the keys of its grid. The marginals that keep the first of
            these are the levels of a tree.
        part: Which part of the rows, in units of 1/`PARTS`.
        low: Least value.
        high: Greatest value.
        width: What lies between the beginnings of two buckets, of which the first begins at `low`.
        step: What lies between two values, at least.
        digits: Decimal places of these four.
    """

    op: Literal["quantile"] = "quantile"
    measure: str
    part: int = Field(ge=0, le=PARTS)
    low: BigInt
    high: BigInt
    width: Annotated[BigInt, Field(ge=1)]
    step: Annotated[BigInt, Field(ge=1)]
    digits: int = Field(ge=0)


class By(Value):
    """One term of an order."""

    value: Expression
    descending: bool = False
    nulls_first: bool = False


class Over(Value):
    """After the noise only: a window function over the rows of the table, before any is left out.

    The rows are those for which `rows` is true. Rows with equal `keys` form a partition, in which they stand in the order of its terms.
    Rows that are equal in all of these are peers, and stand as they do in the table: by grouping set, then by the domains of its keys. So
    every row has one place, whatever its values.

    Of a row that is not among them, totals of its whole partition say something; all else is NULL.

    Attributes:
        function: What is computed.
        value: Of what; the constant 1 where that does not matter.
        keys: What partitions rows, NULL being a value like others.
        order: Their order.
        extent: The frame; None for the whole partition.
        number: Of NTILE, LAG and NTH.
        rows: Which rows there are; all, if left out.
    """

    op: Literal["over"] = "over"
    function: TableFunction
    value: Expression
    keys: tuple[Expression, ...] = ()
    order: tuple[By, ...] = ()
    extent: Extent | None = None
    number: SmallInt = 0
    rows: Expression | None = None


Expression = Annotated[
    Column
    | Constant
    | Arithmetic
    | Divide
    | Compare
    | Among
    | Like
    | IsNull
    | Not
    | All
    | Any
    | Case
    | Call
    | Average
    | After
    | Bounded
    | Covariance
    | Over
    | Quantile,
    Field(discriminator="op"),
]

for _node in (Arithmetic, Divide, Compare, Among, Like, IsNull, Not, All, Any, Branch, Case, Call, After, Bounded, Covariance, By, Over):
    _node.model_rebuild()


def children(node: Expression) -> tuple[Expression, ...]:
    """Return the operands of a node, in order."""
    match node:
        case Arithmetic() | Divide() | Compare():
            return (node.left, node.right)
        case Among() | Like() | IsNull() | Not() | Bounded():
            return (node.operand,)
        case All() | Any() | Call() | After():
            return node.operands
        case Covariance():
            return (node.count, node.left, node.right, node.product)
        case Over():
            return (node.value, *node.keys, *(term.value for term in node.order), *(() if node.rows is None else (node.rows,)))
        case Case():
            return (*(part for branch in node.branches for part in (branch.when, branch.then)), node.otherwise)
        case Column() | Constant() | Average() | Quantile():
            return ()


def with_children(node: Expression, operands: Sequence[Expression]) -> Expression:
    """Return a node with other operands, in the order of `children`."""
    match node:
        case Arithmetic() | Divide() | Compare():
            return node.model_copy(update={"left": operands[0], "right": operands[1]})
        case Among() | Like() | IsNull() | Not() | Bounded():
            return node.model_copy(update={"operand": operands[0]})
        case All() | Any() | Call() | After():
            return node.model_copy(update={"operands": tuple(operands)})
        case Covariance():
            return node.model_copy(update=dict(zip(("count", "left", "right", "product"), operands, strict=True)))
        case Over():
            return _over(node, operands)
        case Case():
            pairs = zip(operands[:-1:2], operands[1:-1:2], strict=True)
            return Case(branches=tuple(Branch(when=when, then=then) for when, then in pairs), otherwise=operands[-1])
        case Column() | Constant() | Average() | Quantile():
            return node


def _over(node: Over, operands: Sequence[Expression]) -> Over:
    """Return a window function over other operands."""
    value, *rest = operands
    keys, rest = rest[: len(node.keys)], rest[len(node.keys) :]
    order = tuple(term.model_copy(update={"value": one}) for term, one in zip(node.order, rest, strict=False))
    return node.model_copy(update={"value": value, "keys": tuple(keys), "order": order, "rows": None if node.rows is None else rest[-1]})


def renamed(node: Expression, rename: Callable[[str], str]) -> Expression:
    """Return an expression over columns of other names."""
    if isinstance(node, Column):
        return Column(name=rename(node.name))
    if isinstance(node, Average):
        return node.model_copy(update={"total": rename(node.total), "count": rename(node.count)})
    if isinstance(node, Quantile):
        return node.model_copy(update={"measure": rename(node.measure)})
    return with_children(node, [renamed(child, rename) for child in children(node)])


def conjuncts(condition: Expression) -> list[Expression]:
    """Return the operands of nested conjunctions."""
    return [part for operand in condition.operands for part in conjuncts(operand)] if isinstance(condition, All) else [condition]


def columns_of(node: Expression) -> frozenset[str]:
    """Return the names of all columns that an expression reads."""
    if isinstance(node, Column):
        return frozenset({node.name})
    if isinstance(node, Average):
        return frozenset({node.total, node.count})
    if isinstance(node, Quantile):
        return frozenset({node.measure})
    return frozenset[str]().union(*(columns_of(child) for child in children(node)))


def walk(node: Expression) -> Iterator[Expression]:
    """Yield a node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)
