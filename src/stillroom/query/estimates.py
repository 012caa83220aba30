"""The value of a finish expression for one row of the table, with an interval where it is noisy.

Numbers are exact rationals. Interval arithmetic over the intervals of the noisy terms keeps coverage: whenever every term lies in its
interval, the value lies in the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
)
from stillroom.query.evaluate import like

if TYPE_CHECKING:
    from collections.abc import Mapping

Plain: TypeAlias = bool | Fraction | str | None


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that its bounded counterpart lies in.

    Attributes:
        value: A number, a truth value, text or NULL.
        low: Lower end; None where there is none.
        high: Upper end; None where there is none.
        noisy: Whether it is known up to noise only.
        no_information: The interval says no more than the contract does.
    """

    value: Plain
    low: Fraction | None = None
    high: Fraction | None = None
    noisy: bool = False
    no_information: bool = False


Row: TypeAlias = "Mapping[str, Estimate]"


def exact(value: Plain) -> Estimate:
    """Return a value that is known without noise."""
    return Estimate(value, value, value) if isinstance(value, Fraction) else Estimate(value)


def estimate(node: Expression, row: Row) -> Estimate:
    """Return the value of an expression for a row.

    Args:
        node: The expression.
        row: Keys and measures by name; averages as `total/count`.
    """
    match node:
        case Column():
            return row[node.name]
        case Average():
            return row[f"{node.total}/{node.count}"]
        case Constant():
            number = isinstance(node.value, int) and not isinstance(node.value, bool)
            return exact(Fraction(int(node.value or 0), 10**node.digits) if number else node.value)  # type: ignore[arg-type]
        case Arithmetic():
            return _arithmetic(node.operation, estimate(node.left, row), estimate(node.right, row))
        case Divide():
            return _quotient(estimate(node.left, row), estimate(node.right, row))
        case Case():
            return _case(node, row)
        case _:
            return _truth(node, row)


def _arithmetic(operation: ArithmeticOp, left: Estimate, right: Estimate) -> Estimate:
    """Return a sum, difference or product; its extremes are at the corners."""
    if not isinstance(left.value, Fraction) or not isinstance(right.value, Fraction):
        return Estimate(None, noisy=left.noisy or right.noisy)
    noisy = left.noisy or right.noisy
    value = _applied(operation, left.value, right.value)
    ends = [(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    corners = [_applied(operation, a, b) for a, b in ends if a is not None and b is not None]
    if len(corners) < len(ends):
        return Estimate(value, noisy=noisy, no_information=noisy)
    return Estimate(value, min(corners), max(corners), noisy)


def _applied(operation: ArithmeticOp, left: Fraction, right: Fraction) -> Fraction:
    """Apply an operation to two numbers."""
    match operation:
        case ArithmeticOp.ADD:
            return left + right
        case ArithmeticOp.SUBTRACT:
            return left - right
        case ArithmeticOp.MULTIPLY:
            return left * right


def _quotient(left: Estimate, right: Estimate) -> Estimate:
    """Return a quotient; NULL for a divisor of 0, and no bounds where the divisor may be 0."""
    noisy = left.noisy or right.noisy
    if not isinstance(left.value, Fraction) or not isinstance(right.value, Fraction) or right.value == 0:
        return Estimate(None, noisy=noisy, no_information=noisy)
    value = left.value / right.value
    if left.low is None or left.high is None or right.low is None or right.high is None or right.low <= 0 <= right.high:
        return Estimate(value, noisy=noisy, no_information=noisy)
    corners = [a / b for a in (left.low, left.high) for b in (right.low, right.high)]
    return Estimate(value, min(corners), max(corners), noisy)


def _case(node: Case, row: Row) -> Estimate:
    """Return the first branch that applies; where a noisy condition decides, the interval spans all branches."""
    conditions = [estimate(branch.when, row) for branch in node.branches]
    results = [estimate(branch.then, row) for branch in node.branches] + [estimate(node.otherwise, row)]
    chosen = next((result for condition, result in zip(conditions, results, strict=False) if condition.value is True), results[-1])
    if not any(condition.noisy for condition in conditions):
        return chosen
    lows, highs = [result.low for result in results], [result.high for result in results]
    if not isinstance(chosen.value, Fraction) or None in lows or None in highs:
        return Estimate(chosen.value, noisy=True, no_information=True)
    return Estimate(chosen.value, min(low for low in lows if low is not None), max(high for high in highs if high is not None), noisy=True)


def _truth(node: Expression, row: Row) -> Estimate:
    """Return a truth value; it has no interval."""
    operands = _operands(node, row)
    values = [operand.value for operand in operands]
    return Estimate(_holds(node, values), noisy=any(operand.noisy for operand in operands))


def _operands(node: Expression, row: Row) -> list[Estimate]:
    """Return the operands of a condition."""
    match node:
        case Compare():
            return [estimate(node.left, row), estimate(node.right, row)]
        case All() | Any():
            return [estimate(operand, row) for operand in node.operands]
        case Among() | Like() | IsNull() | Not():
            return [estimate(node.operand, row)]
        case _:
            raise TypeError("Not a condition.")


def _holds(node: Expression, values: list[Plain]) -> bool | None:
    """Return whether a condition holds for its operands' values, three-valued."""
    match node:
        case IsNull():
            return values[0] is None
        case All():
            return False if False in values else (None if None in values else True)
        case Any():
            return True if True in values else (None if None in values else False)
    if None in values:
        return None
    match node:
        case Not():
            return not values[0]
        case Like():
            return like(str(values[0]), node.pattern)
        case Among():
            return any(estimate(item, {}).value == values[0] for item in node.values)
        case Compare():
            return _compared(node.comparison, values[0], values[1])
        case _:
            raise TypeError("Not a condition.")


def _compared(comparison: Comparison, left: Plain, right: Plain) -> bool:
    """Compare two values of one kind."""
    if comparison is Comparison.EQUAL:
        return left == right
    if comparison is Comparison.NOT_EQUAL:
        return left != right
    if isinstance(left, str) and isinstance(right, str):
        return left < right or (comparison is Comparison.LESS_OR_EQUAL and left == right)
    if isinstance(left, Fraction | bool) and isinstance(right, Fraction | bool):
        return left < right or (comparison is Comparison.LESS_OR_EQUAL and left == right)
    raise TypeError("Values of different kinds.")
