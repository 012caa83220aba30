"""Quantiles of the outer SELECT: which grid of values is counted, and what the finish makes of the counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import PARTS, ArithmeticOp, Constant
from stillroom.model.plan import Key, leaves
from stillroom.model.schema import Kind
from stillroom.privacy.quantiles import Grid
from stillroom.query.constants import constant_expression
from stillroom.query.functions.call import whole
from stillroom.query.functions.numbers import floor, remainder
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, arithmetic, mismatch, span

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.expression import Quantile
    from stillroom.model.plan import Plan

BRANCHES = 8
"""The most children of a node. More make the tree lower, and each level's share of the price larger, but sums longer: between 4 and 16,
errors differ by less than a fifth."""

LEVELS = 5
"""The most levels of the tree, so that there are 32,768 buckets at most."""

DRAWS = 100_000
"""The most draws of noise for the quantiles of one column, unless there are that many groups; each takes some 50 microseconds."""

COMBINATIONS = 100
"""How many combinations of selected keys are taken to be shown, for how fine a grid is; nobody knows it beforehand. A table shows more of
them, up to so many as its limits allow with that grid."""


@dataclass(frozen=True)
class Ladder:
    """A grid over the values of a column.

    Attributes:
        keys: One for each level, from the top to the leaves: which child of its parent a row is in.
        low: The least value.
        high: The greatest value.
        width: What lies between the beginnings of two buckets.
        step: What lies between two values, at least.
        digits: Decimal places of these.
    """

    keys: tuple[Key, ...]
    low: int
    high: int
    width: int
    step: int
    digits: int


def ladder(operand: Typed, cells: int) -> Ladder:
    """Return the grid of an operand, from the contract alone: as fine as its values, or as the number of groups allows.

    A bucket is a number written to a base, and each digit is a key, so that numbers with the same first digits are a node of the tree. NULL
    has no digits.
    """
    if operand.type.kind in {Kind.TEXT, Kind.BOOLEAN}:
        raise mismatch("A quantile or an extreme needs a number, a date or a timestamp.")
    units = replace(operand, type=operand.type.model_copy(update={"kind": Kind.INTEGER, "digits": 0, "values": None}))
    low, high = span(units)
    step = 1 if low % operand.type.step else operand.type.step
    branches, steps = _shape((high - low) // step + 1, cells)
    offset = arithmetic(ArithmeticOp.SUBTRACT, units, whole(low))
    sizes = [*accumulate(reversed(branches[1:]), mul, initial=steps * step)][::-1]
    digits = [floor(offset, size) for size in sizes]
    digits = digits[:1] + [remainder(digit, whole(count)) for digit, count in zip(digits[1:], branches[1:], strict=True)]
    keys = (
        Key(value=digit.expression, kind=Kind.INTEGER, domain=tuple(range(count))) for digit, count in zip(digits, branches, strict=True)
    )
    return Ladder(tuple(keys), low, high, steps * step, step, operand.type.digits)


def _shape(values: int, cells: int) -> tuple[tuple[int, ...], int]:
    """Return how many children nodes have on each level, the top first, and how many values a bucket has."""
    levels = next((levels for levels in range(1, LEVELS) if BRANCHES**levels >= values), LEVELS)
    while True:
        steps = -(-values // BRANCHES**levels)
        buckets = -(-values // steps)
        base = next(base for base in range(1, BRANCHES + 1) if base**levels >= buckets)
        branches = (-(-buckets // base ** (levels - 1)), *[base] * (levels - 1))
        if levels == 1 or cells * sum(accumulate(branches, mul)) <= DRAWS:
            return branches, steps
        levels -= 1


def asked_part(node: exp.Expr | None) -> int:
    """Return which part of the rows lies below a quantile, in units of 1/`PARTS`.

    Raises:
        Refusal: It is not a constant between 0 and 1 with six decimal places.
    """
    from sqlglot import exp

    typed = constant_expression(node) if isinstance(node, exp.Literal) and not node.is_string else None
    value = typed.expression.value if typed is not None and isinstance(typed.expression, Constant) else None
    part = None if typed is None or not isinstance(value, int) else Fraction(value, 10**typed.type.digits) * PARTS
    if part is None or part.denominator > 1 or not 0 <= part <= PARTS:
        raise Refusal(
            Code.AGGREGATE_NOT_ALLOWED,
            "A quantile needs a constant from 0 to 1, with six decimal places at most.",
            "Write QUANTILE_CONT(x, 0.9); for several quantiles write each, they share what is measured.",
        )
    return int(part)


def operand_and_part(node: exp.Expr) -> tuple[exp.Expr, int]:
    """Return what a quantile is of, and which part of the rows lies below it.

    Raises:
        Refusal: It is not a quantile in a supported form.
    """
    from sqlglot import exp

    match node:
        case exp.Median():
            only(node, {"this"})
            return node.this, PARTS // 2
        case exp.Min() | exp.Max():
            only(node, {"this"})
            return node.this, PARTS if isinstance(node, exp.Max) else 0
        case exp.PercentileCont():
            only(node, {"this", "expression"})
            return node.this, asked_part(node.args.get("expression"))
        case exp.WithinGroup(this=exp.PercentileCont() as inner, expression=exp.Order(expressions=[exp.Ordered() as term])):
            only(inner, {"this"})
            only(term, {"this", "desc", "nulls_first"})
            part = asked_part(inner.this)
            return term.this, PARTS - part if term.args.get("desc") else part
        case _:
            raise unsupported(node)


def middle(node: Quantile, bucket: int) -> Fraction:
    """Return the value in the middle of a bucket; of an even number of values, the lower one of two.

    Buckets may end behind the greatest value: what begins there stands for that.
    """
    begin = node.low + bucket * node.width
    first, last = min(node.high, begin), min(node.high, begin + node.width - node.step)
    return Fraction(first + (last - first) // node.step // 2 * node.step)


def grid_of(plan: Plan, node: Quantile, kept: tuple[int, ...]) -> Grid:
    """Return what is known, before anything is measured, about the counts that a quantile is made of in a row of a grouping set."""
    number = plan.of_set(int(node.measure[1:]), kept)
    return Grid(
        noises=tuple(marginal.mechanism for marginal in reversed(plan.strategies[number])),
        branches=tuple(len(plan.keys[key].listed) for key in plan.measures[number].grid),
        terms=leaves(tuple(plan.keys[key] for key in plan.strategies[number][0].kept if key < len(plan.grouping)), ())
        // leaves(tuple(plan.keys[key] for key in kept), ()),
        first=node.low,
        last=node.high,
        width=node.width,
        step=node.step,
    )
