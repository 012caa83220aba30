"""The values of a finish expression, a column of the table at a time, with intervals where they are noisy.

Numbers are exact rationals. Interval arithmetic over the intervals of the noisy terms keeps coverage: whenever every term lies in its
interval, the value lies in the result.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.expression import (
    After,
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Bounded,
    Call,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    Covariance,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
    Over,
    Quantile,
    children,
)
from stillroom.query.evaluate import like
from stillroom.query.table.calls import called
from stillroom.query.table.estimate import Estimate, exact, uninformed
from stillroom.query.table.scalars import applied, bounded, covaried

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Columns: TypeAlias = "Mapping[str | Over, Sequence[Estimate]]"

_OPERATIONS: dict[ArithmeticOp, Callable[[Fraction, Fraction], Fraction]] = {
    ArithmeticOp.ADD: operator.add,
    ArithmeticOp.SUBTRACT: operator.sub,
    ArithmeticOp.MULTIPLY: operator.mul,
}

_COMPARISONS: dict[Comparison, Callable[..., bool]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.NOT_EQUAL: operator.ne,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}


def estimates(node: Expression, columns: Columns, rows: int) -> Sequence[Estimate]:
    """Return the value of an expression in each row.

    Args:
        node: The expression.
        columns: Keys and measures by name; averages as `total/count`, quantiles as `count@part`, windows by themselves.
        rows: How many rows there are.
    """
    match node:
        case Column():
            return columns[node.name]
        case Average():
            return columns[f"{node.total}/{node.count}"]
        case Over():
            return columns[node]
        case Quantile():
            return columns[f"{node.measure}@{node.part}"]
        case Constant():
            return [_constant(node)] * rows
        case Arithmetic():
            operation = _OPERATIONS[node.operation]
            pairs = zip(estimates(node.left, columns, rows), estimates(node.right, columns, rows), strict=True)
            return [_arithmetic(operation, left, right) for left, right in pairs]
        case Divide():
            return list(map(_quotient, estimates(node.left, columns, rows), estimates(node.right, columns, rows)))
        case Case():
            parts = [estimates(part, columns, rows) for part in children(node)]
            return [_case(row[:-1:2], (*row[1::2], row[-1])) for row in zip(*parts, strict=True)]
        case After() | Bounded() | Call() | Covariance():
            return list(map(_function(node), *(estimates(part, columns, rows) for part in children(node))))
        case _:
            holds = _test(node)
            operands = [estimates(operand, columns, rows) for operand in children(node)]
            return [_truth(holds, row) for row in zip(*operands, strict=True)]


def _function(node: After | Bounded | Call | Covariance) -> Callable[..., Estimate]:
    """Return what a function makes of its operands."""
    match node:
        case After():
            return applied(node)
        case Bounded():
            return partial(bounded, node)
        case Call():
            return partial(called, node.function)
        case Covariance():
            return partial(covaried, node)


def _constant(node: Constant) -> Estimate:
    """Return a constant."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return exact(Fraction(node.value, 10**node.digits))
    return exact(node.value)


def _arithmetic(operation: Callable[[Fraction, Fraction], Fraction], left: Estimate, right: Estimate) -> Estimate:
    """Return a sum, difference or product; its extremes are at the corners."""
    noisy = left.noisy or right.noisy
    if not isinstance(left.value, Fraction) or not isinstance(right.value, Fraction):
        return Estimate(None, noisy=noisy, no_information=left.no_information or right.no_information)
    value = operation(left.value, right.value)
    if left.low is None or left.high is None or right.low is None or right.high is None:
        return Estimate(value, noisy=noisy, no_information=noisy)
    corners = [operation(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return Estimate(value, min(corners), max(corners), noisy, uninformed((left, right)))


def _quotient(left: Estimate, right: Estimate) -> Estimate:
    """Return a quotient; NULL for a divisor of 0, and no bounds where the divisor may be 0."""
    noisy = left.noisy or right.noisy
    if not isinstance(left.value, Fraction) or not isinstance(right.value, Fraction) or right.value == 0:
        return Estimate(None, noisy=noisy, no_information=noisy)
    value = left.value / right.value
    if left.low is None or left.high is None or right.low is None or right.high is None or right.low <= 0 <= right.high:
        return Estimate(value, noisy=noisy, no_information=noisy)
    corners = [a / b for a in (left.low, left.high) for b in (right.low, right.high)]
    return Estimate(value, min(corners), max(corners), noisy, uninformed((left, right)))


def _case(conditions: Sequence[Estimate], results: Sequence[Estimate]) -> Estimate:
    """Return the first branch that applies; where a noisy condition decides, the interval spans all branches."""
    chosen = next((result for condition, result in zip(conditions, results, strict=False) if condition.value is True), results[-1])
    if not any(condition.noisy for condition in conditions):
        return chosen
    lows, highs = [result.low for result in results], [result.high for result in results]
    if not isinstance(chosen.value, Fraction) or None in lows or None in highs:
        return Estimate(chosen.value, noisy=True, no_information=True)
    low, high = min(low for low in lows if low is not None), max(high for high in highs if high is not None)
    return Estimate(chosen.value, low, high, noisy=True, no_information=uninformed(results))


def _truth(holds: Callable[..., bool | None], operands: Sequence[Estimate]) -> Estimate:
    """Return a truth value; it has no interval."""
    return Estimate(holds(*(operand.value for operand in operands)), noisy=any(operand.noisy for operand in operands))


def _test(node: Expression) -> Callable[..., bool | None]:
    """Return the three-valued test of a condition, over the values of its operands."""
    match node:
        case IsNull():
            return lambda value: value is None
        case All():
            return lambda *values: False if False in values else (None if None in values else True)
        case Any():
            return lambda *values: True if True in values else (None if None in values else False)
        case Not():
            return _strict(operator.not_)
        case Like():
            return _strict(lambda value: like(str(value), node.pattern))
        case Among():
            listed = frozenset(_constant(item).value for item in node.values)
            return _strict(listed.__contains__)
        case Compare():
            return _strict(_COMPARISONS[node.comparison])
        case _:
            raise TypeError("Not a condition.")


def _strict(test: Callable[..., bool]) -> Callable[..., bool | None]:
    """Make a test NULL where an operand is NULL."""
    return lambda *values: None if None in values else test(*values)
