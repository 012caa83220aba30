"""The value of an expression for one row, in plain Python.

The compiler uses it to list the domain of a key expression by trying every value of its columns. Engines compute the same values in
their own way, and are tested against an interpreter that is written apart from this one.
"""

from __future__ import annotations

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
    IsNull,
    Like,
    Not,
    Over,
    Quantile,
)
from stillroom.query.function_values import function_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.model.expression import Expression
    from stillroom.model.schema import Scalar

Known: TypeAlias = bool | int | str
"""A value that is not NULL."""


def evaluate(expression: Expression, row: Mapping[str, Scalar]) -> Scalar:
    """Return the value of an expression for one row; `model.expression` says what each node means.

    Raises:
        KeyError: The row lacks a column that the expression reads.
        TypeError: Operands are of kinds that the node does not take, or the node belongs after the noise.
    """
    match expression:
        case Column():
            return row[expression.name]
        case Constant():
            return expression.value
        case Not() | Among() | Like() | Arithmetic() | Divide() | Compare():
            return _strict(expression, row)
        case IsNull() | All() | Any() | Case():
            return _lenient(expression, row)
        case Call():
            return function_value(expression.function, [evaluate(operand, row) for operand in expression.operands])
        case Average() | After() | Bounded() | Covariance() | Quantile() | Over():
            raise TypeError("What stands after the noise has no value in a row.")


def _strict(node: Not | Among | Like | Arithmetic | Divide | Compare, row: Mapping[str, Scalar]) -> Scalar:
    """Evaluate a node that is NULL as soon as an operand is."""
    if isinstance(node, Not | Among | Like):
        operand = evaluate(node.operand, row)
        return None if operand is None else _unary(node, operand)
    left, right = evaluate(node.left, row), evaluate(node.right, row)
    return None if left is None or right is None else _binary(node, left, right)


def _lenient(node: IsNull | All | Any | Case, row: Mapping[str, Scalar]) -> Scalar:
    """Evaluate a node that may have a value although an operand is NULL."""
    match node:
        case IsNull():
            return evaluate(node.operand, row) is None
        case All():
            return _all(evaluate(operand, row) for operand in node.operands)
        case Any():
            return _negated(_all(_negated(evaluate(operand, row)) for operand in node.operands))
        case Case():
            return _case(node, row)


def _all(values: Iterable[Scalar]) -> bool | None:
    """Three-valued conjunction: false wins over NULL, NULL over true."""
    found = set(values)
    if False in found:
        return False
    return None if None in found else True


def _negated(value: Scalar) -> bool | None:
    return None if value is None else not value


def _case(case: Case, row: Mapping[str, Scalar]) -> Scalar:
    for branch in case.branches:
        if evaluate(branch.when, row) is True:
            return evaluate(branch.then, row)
    return evaluate(case.otherwise, row)


def _unary(node: Not | Among | Like, operand: Known) -> bool:
    match node:
        case Not():
            return not operand
        case Among():
            return any(operand == constant.value for constant in node.values)
        case Like():
            return like(_text(operand), node.pattern)


def _binary(node: Arithmetic | Divide | Compare, left: Known, right: Known) -> Scalar:
    match node:
        case Arithmetic():
            return _arithmetic(node.operation, _number(left), _number(right))
        case Divide():
            return divide(_number(left) * 10**node.shift, _number(right))
        case Compare():
            return _compare(node.comparison, left, right)


def _arithmetic(operation: ArithmeticOp, left: int, right: int) -> int:
    match operation:
        case ArithmeticOp.ADD:
            return left + right
        case ArithmeticOp.SUBTRACT:
            return left - right
        case ArithmeticOp.MULTIPLY:
            return left * right


def divide(dividend: int, divisor: int) -> int | None:
    """Return the quotient rounded half away from zero, or None when the divisor is 0."""
    if divisor == 0:
        return None
    magnitude = (2 * abs(dividend) + abs(divisor)) // (2 * abs(divisor))
    return magnitude if (dividend < 0) == (divisor < 0) else -magnitude


def _compare(comparison: Comparison, left: Known, right: Known) -> bool:
    match comparison:
        case Comparison.EQUAL:
            return left == right
        case Comparison.NOT_EQUAL:
            return left != right
        case Comparison.LESS:
            return _before(left, right)
        case Comparison.LESS_OR_EQUAL:
            return not _before(right, left)


def _before(left: Known, right: Known) -> bool:
    """Order numbers by size, text by code point and false before true."""
    if isinstance(left, str) or isinstance(right, str):
        return _text(left) < _text(right)
    return left < right


def like(text: str, pattern: str) -> bool:
    """Tell whether text matches a pattern of `%` (any characters), `_` (exactly one) and characters that stand for themselves.

    Each piece between two `%` is placed as far left as it fits, which leaves most room for the rest: no backtracking, so that no
    pattern takes more than (length of text) × (length of pattern) steps.
    """
    first, *rest = pattern.split("%")
    if not rest:
        return len(text) == len(first) and _fits(text, 0, first)
    *middle, last = rest
    end = len(text) - len(last)
    if len(first) > end or not (_fits(text, 0, first) and _fits(text, end, last)):
        return False
    at = len(first)
    for piece in middle:
        places = (start for start in range(at, end - len(piece) + 1) if _fits(text, start, piece))
        found = next(places, None)
        if found is None:
            return False
        at = found + len(piece)
    return True


def _fits(text: str, start: int, piece: str) -> bool:
    """Tell whether a piece without `%` matches the text from `start` on; the text is long enough."""
    return all(sign in {"_", text[start + offset]} for offset, sign in enumerate(piece))


def _number(value: Known) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("A whole number was expected.")
    return value


def _text(value: Known) -> str:
    if not isinstance(value, str):
        raise TypeError("Text was expected.")
    return value
