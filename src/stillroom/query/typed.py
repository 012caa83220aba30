"""Typed row expressions: an expression of the plan together with all that is known about its values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.expression import All, Any, Arithmetic, ArithmeticOp, Branch, Case, Column, Constant, Divide, Expression
from stillroom.model.schema import CALENDAR, ColumnType, Kind, Scalar
from stillroom.query.evaluate import divide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NUMBER_LIMIT = 2**100
"""No intermediate number may reach this; engines compute with 127 bits."""

SIZE_LIMIT = 1_000
"""The most nodes of an expression, with all that it refers to."""

DEPTH_LIMIT = 60
"""The deepest nesting of an expression, likewise."""

CONSTANT_LIMIT = 2**53
"""No written number may reach this, in its own units."""

DIVISION_DIGITS = 6
"""Decimal places of a quotient inside a row."""

SHIFT_LIMIT = 18
"""The most decimal places that a dividend is moved by."""


@dataclass(frozen=True)
class Typed:
    """A row expression and what the contract proves about it.

    Attributes:
        expression: The expression.
        type: What is known about its values.
        functional: Whether its value is the same in all rows of one person.
        reads: Columns of datasets whose values become part of the value.
        tests: Columns of datasets that only conditions inside the expression read.
        size: How many nodes the expression has.
        depth: How deeply they are nested.
    """

    expression: Expression
    type: ColumnType
    functional: bool = False
    reads: frozenset[str] = field(default_factory=frozenset)
    tests: frozenset[str] = field(default_factory=frozenset)
    size: int = 1
    depth: int = 1

    @property
    def mentions(self) -> frozenset[str]:
        """All columns of datasets that it depends on."""
        return self.reads | self.tests

    def as_test(self) -> Typed:
        """Return the same expression in the place of a condition."""
        return replace(self, reads=frozenset[str](), tests=self.mentions)


def constant(value: Scalar, kind: Kind, digits: int = 0) -> Typed:
    """Return a constant.

    Raises:
        InvalidInput: The number is too large.
    """
    number = isinstance(value, int) and not isinstance(value, bool)
    if number and abs(int(value or 0)) >= CONSTANT_LIMIT:
        raise too_large()
    low = int(value) if number and value is not None else None
    values = None if value is None or kind in CALENDAR else (value,)
    known = ColumnType(kind=kind, digits=digits, low=low, high=low, values=values, nullable=value is None)
    return Typed(Constant(value=value), known, functional=True)


def combined(expression: Expression, kind: ColumnType, *operands: Typed) -> Typed:
    """Return an expression over typed operands.

    Raises:
        InvalidInput: It is too large. A column of a subquery stands for its whole expression, so that a short question could
            otherwise grow without end.
    """
    size = 1 + sum(operand.size for operand in operands)
    depth = 1 + max((operand.depth for operand in operands), default=0)
    if size > SIZE_LIMIT or depth > DEPTH_LIMIT:
        raise InvalidInput(
            Code.SQL_TOO_LARGE, "An expression is too large, with all that its columns stand for.", "Split it into smaller questions."
        )
    return Typed(
        expression,
        kind,
        all(operand.functional for operand in operands),
        frozenset[str]().union(*(operand.reads for operand in operands)),
        frozenset[str]().union(*(operand.tests for operand in operands)),
        size,
        depth,
    )


def too_large() -> InvalidInput:
    """Return the error for numbers that no engine could hold."""
    return InvalidInput(
        Code.NUMBER_TOO_LARGE, "A number in the question is, or could become, too large.", "Use smaller numbers or fewer factors."
    )


def mismatch(what: str) -> Refusal:
    """Return the error for operands that do not go together."""
    return Refusal(Code.TYPE_MISMATCH, what, "Compare and combine values of one type.")


def span(operand: Typed) -> tuple[int, int]:
    """Return the least and greatest value of a number.

    Raises:
        Refusal: It is not a number, or the contract gives it no bounds.
    """
    if operand.type.kind is Kind.BOOLEAN:
        raise Refusal(Code.TYPE_MISMATCH, "Arithmetic needs numbers.", "Write COUNT_IF(condition), or CAST(condition AS INTEGER).")
    if not operand.type.numeric:
        raise mismatch("Arithmetic needs numbers.")
    if operand.type.low is None or operand.type.high is None:
        names = ", ".join(sorted(operand.mentions)) or "the expression"
        raise Refusal(
            Code.BOUND_MISSING, f"The contract gives no bounds for {names}.", "Ask the owner to declare `bounds` in an amendment."
        )
    return operand.type.low, operand.type.high


def scaled(operand: Typed, digits: int) -> Typed:
    """Return the same number in finer units, with `digits` decimal places."""
    shift = digits - operand.type.digits
    if shift == 0:
        return operand
    factor = 10**shift
    if factor >= CONSTANT_LIMIT:
        raise too_large()
    node, kind = operand.expression, operand.type
    if isinstance(node, Constant):
        value = None if node.value is None else int(node.value) * factor
        return replace(constant(value, kind.kind, digits), functional=operand.functional)
    low, high = (number * factor for number in span(operand))
    expression = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=node, right=Constant(value=factor), bound=bound_of(low, high))
    values = None if kind.values is None else tuple(int(value) * factor for value in kind.values)
    update = {"digits": digits, "low": low, "high": high, "step": kind.step * factor, "values": values}
    return combined(expression, kind.model_copy(update=update), operand)


def bound_of(low: int, high: int) -> int:
    """Return the largest absolute value in a range, checked against the limit."""
    bound = max(abs(low), abs(high))
    if bound >= NUMBER_LIMIT:
        raise too_large()
    return bound


def aligned(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Return two numbers in the same units."""
    digits = max(left.type.digits, right.type.digits)
    return scaled(left, digits), scaled(right, digits)


def _ranges(left: Typed, right: Typed, operation: Callable[[int, int], int]) -> tuple[int, int]:
    """Return the range of a monotone or bilinear operation: its extremes are at the corners."""
    return extremes(operation(a, b) for a in span(left) for b in span(right))


def extremes(values: Iterable[int | None]) -> tuple[int, int]:
    """Return the least and the greatest of numbers."""
    known = [value for value in values if value is not None]
    return min(known), max(known)


_OPERATIONS: dict[ArithmeticOp, Callable[[int, int], int]] = {
    ArithmeticOp.ADD: lambda a, b: a + b,
    ArithmeticOp.SUBTRACT: lambda a, b: a - b,
    ArithmeticOp.MULTIPLY: lambda a, b: a * b,
}


def arithmetic(operation: ArithmeticOp, left: Typed, right: Typed) -> Typed:
    """Return an exact sum, difference or product with its range; no square is negative."""
    span(left), span(right)
    if operation is not ArithmeticOp.MULTIPLY:
        left, right = aligned(left, right)
    digits = left.type.digits + (right.type.digits if operation is ArithmeticOp.MULTIPLY else 0)
    low, high = _ranges(left, right, _OPERATIONS[operation])
    if operation is ArithmeticOp.MULTIPLY and left.expression == right.expression:
        low = max(low, 0)
    node = Arithmetic(operation=operation, left=left.expression, right=right.expression, bound=bound_of(low, high))
    return combined(node, number_type(digits, low, high, nullable=left.type.nullable or right.type.nullable), left, right)


def number_type(digits: int, low: int, high: int, *, nullable: bool) -> ColumnType:
    """Return the type of a computed number."""
    return ColumnType(kind=Kind.DECIMAL if digits else Kind.INTEGER, digits=digits, low=low, high=high, nullable=nullable)


def quotient(left: Typed, right: Typed) -> Typed:
    """Return a total quotient with six decimal places: rounded half away from zero, NULL when the divisor is 0."""
    (low, high), (least, greatest) = span(left), span(right)
    shift = max(0, DIVISION_DIGITS + right.type.digits - left.type.digits)
    if shift > SHIFT_LIMIT:
        raise too_large()
    dividend = bound_of(low * 10**shift, high * 10**shift)
    crosses = least <= 0 <= greatest
    divisor = 1 if crosses else min(abs(least), abs(greatest))
    bound = -(-dividend // divisor)
    ends = (-bound if low < 0 or least < 0 else 0, bound)
    if least == greatest and not crosses:
        ends = extremes(divide(end * 10**shift, least) for end in (low, high))
    node = Divide(left=left.expression, right=right.expression, shift=shift, bound=max(dividend, bound))
    digits = left.type.digits + shift - right.type.digits
    return combined(node, number_type(digits, *ends, nullable=crosses or left.type.nullable or right.type.nullable), left, right)


def choice(branches: list[tuple[Typed, Typed]], otherwise: Typed) -> Typed:
    """Return a CASE expression; its branches must be of one type."""
    results, kind = unified([result for _, result in branches] + [otherwise])
    return _case([condition.as_test() for condition, _ in branches], results, kind)


def picked(branches: list[tuple[Typed, Typed]], otherwise: Typed, *, nullable: bool) -> Typed:
    """Return a CASE expression that stands for a function of what its branches read: conditions are no tests, and say when it is NULL."""
    results, kind = unified([result for _, result in branches] + [otherwise])
    return _case([condition for condition, _ in branches], results, kind.model_copy(update={"nullable": nullable}))


def _case(conditions: list[Typed], results: list[Typed], kind: ColumnType) -> Typed:
    """Return a CASE expression; the last result is that of ELSE."""
    pairs = zip(conditions, results, strict=False)
    branches = tuple(Branch(when=condition.expression, then=result.expression) for condition, result in pairs)
    return combined(Case(branches=branches, otherwise=results[-1].expression), kind, *conditions, *results)


def both_true(left: Typed, right: Typed) -> Typed:
    """Return a condition that is true where both operands are."""
    kind = ColumnType(kind=Kind.BOOLEAN, nullable=left.type.nullable or right.type.nullable)
    return combined(All(operands=(left.expression, right.expression)), kind, left, right)


def either_true(left: Typed, right: Typed) -> Typed:
    """Return a condition that is true where one of the operands is."""
    kind = ColumnType(kind=Kind.BOOLEAN, nullable=left.type.nullable or right.type.nullable)
    return combined(Any(operands=(left.expression, right.expression)), kind, left, right)


def same(one: Typed, other: Typed) -> bool:
    """Tell whether two operands are one value: 1.5 and 15 are the same whole number, in other units."""
    return (one.expression, one.type.kind, one.type.digits) == (other.expression, other.type.kind, other.type.digits)


def is_null(operand: Typed) -> bool:
    """Tell whether an operand is the constant NULL."""
    return isinstance(operand.expression, Constant) and operand.expression.value is None


def unified(results: list[Typed]) -> tuple[list[Typed], ColumnType]:
    """Bring values to one type: numbers to the same units; NULL is of any type. Return that type, too.

    Raises:
        Refusal: They are of different types, or all NULL.
    """
    typed = [result for result in results if not is_null(result)]
    if not typed:
        raise mismatch("All of the values are NULL, which has no type.")
    if all(result.type.numeric for result in typed):
        digits = max(result.type.digits for result in typed)
        results = [result if is_null(result) else scaled(result, digits) for result in results]
    elif len({result.type.kind for result in typed}) > 1:
        raise mismatch("Values that stand for the same have different types.")
    known = [result.type for result in results if not is_null(result)]
    return results, _union(known, nullable=any(is_null(result) or result.type.nullable for result in results))


def column(name: str, kind: ColumnType, reads: Iterable[Typed], tests: Iterable[Typed] = ()) -> Typed:
    """Return a column that the plan makes, which may differ among a person's rows.

    Args:
        name: Its name in the plan.
        kind: What is known about its values.
        reads: What its values are made of.
        tests: What decides which values it has.
    """
    of, by = list(reads), list(tests)
    read = frozenset[str]().union(*(one.reads for one in of))
    tested = frozenset[str]().union(*(one.tests for one in of), *(one.mentions for one in by))
    return Typed(Column(name=name), kind, reads=read, tests=tested)


def _union(kinds: list[ColumnType], *, nullable: bool) -> ColumnType:
    """Return the type of a value that comes from one of several branches; listed values keep the order of writing."""
    first = kinds[0]
    lows, highs = [kind.low for kind in kinds], [kind.high for kind in kinds]
    listed = [kind.values for kind in kinds]
    values = None if any(v is None for v in listed) else tuple(dict.fromkeys(value for v in listed for value in v or ()))
    lengths = [kind.longest for kind in kinds]
    length = max((length for length in lengths if length is not None), default=None) if first.kind is Kind.TEXT else None
    return ColumnType(
        kind=Kind.DECIMAL if first.digits else first.kind,
        digits=first.digits,
        low=None if None in lows else min(low for low in lows if low is not None),
        high=None if None in highs else max(high for high in highs if high is not None),
        values=values,
        length=length if None not in lengths else None,
        nullable=nullable,
    )
