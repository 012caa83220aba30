"""Functions of rows over results: compiled as in a row, where numbers are whole numbers of units, and read as results again.

So a function means after the noise what it means before. Numbers are rounded to as many decimal places as they are shown with, and NULL if
they are too large for a constant; keys never are. Dates and timestamps lose what they have beyond whole days and seconds, as when shown.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Arithmetic, ArithmeticOp, Column, Constant, Divide, children
from stillroom.model.function import Function
from stillroom.model.schema import CALENDAR, ColumnType, Kind
from stillroom.query.functions.call import called, whole
from stillroom.query.result import Result
from stillroom.query.typed import CONSTANT_LIMIT, SIZE_LIMIT, Typed, combined, constant, number_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from stillroom.model.expression import Expression
    from stillroom.query.functions.call import Meaning

MOST_PLACES = 12
"""The most decimal places that a number is rounded to."""


def over_results(node: exp.Expr, meaning: Meaning, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile a call of a function of rows.

    Args:
        node: The call.
        meaning: What it means in a row.
        compiled: Compiles what it is of.

    Raises:
        Refusal: What it is of is not what it takes.
        InvalidInput: It becomes too large.
    """
    noisy = False

    def operand(part: exp.Expr) -> Typed:
        nonlocal noisy
        result = compiled(part)
        noisy = noisy or result.noisy
        return in_units(result)

    return of_units(meaning(node, operand), noisy=noisy)


def in_units(result: Result) -> Typed:
    """Return a result as a row has it."""
    node, kind = result.expression, ColumnType(kind=result.kind)
    if isinstance(node, Constant):
        return constant(node.value, result.kind, result.digits)
    if result.number:
        return _number(node, min(result.digits, MOST_PLACES))
    if result.kind is Kind.TEXT:
        return _typed(node, kind.model_copy(update={"length": result.length}))
    if result.kind in CALENDAR and result.noisy:
        return _typed(After(function=ScalarFunction.TRUNC, operands=(node,)), kind)
    return _typed(node, kind)


def of_units(typed: Typed, *, noisy: bool) -> Result:
    """Return a row's value as a result."""
    node, known = typed.expression, typed.type
    if known.digits:
        node = Divide(left=node, right=Constant(value=10**known.digits))
    return Result(node, known.kind, known.digits, noisy, known.longest if known.kind is Kind.TEXT else None)


def _number(node: Expression, digits: int) -> Typed:
    """Return a number in units; a key is a whole number of them, that can stand in a plan."""
    units = node if digits == 0 else Arithmetic(operation=ArithmeticOp.MULTIPLY, left=node, right=Constant(value=10**digits))
    most = CONSTANT_LIMIT - 1
    kind = number_type(digits, -most, most, nullable=True)
    if isinstance(node, Column) and node.name.startswith("k"):
        return _typed(units, kind)
    rounded = After(function=ScalarFunction.ROUND, operands=(units,))
    return called(Function.WITHIN, kind, _typed(rounded, kind), whole(-most), whole(most))


def _typed(node: Expression, kind: ColumnType) -> Typed:
    """Return an expression with its size, and how deeply it is nested.

    Raises:
        InvalidInput: It is too large.
    """
    size, depth, level = 0, 0, [node]
    while level and size <= SIZE_LIMIT:
        size, depth = size + len(level), depth + 1
        level = list(islice((child for one in level for child in children(one)), SIZE_LIMIT + 1))
    return combined(node, kind, Typed(node, kind, size=size - 1, depth=depth - 1))
