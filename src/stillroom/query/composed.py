"""Functions of results that are made of others: cube roots, and angles, of which each is a product with a constant."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Arithmetic, ArithmeticOp, Constant, Divide, Expression
from stillroom.model.schema import Kind
from stillroom.query.result import SHOWN_DIGITS, Result, check_numbers
from stillroom.query.text.parse import only

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

PI_DIGITS = 15
PI = Constant(value=3_141_592_653_589_793, digits=PI_DIGITS)
"""The ratio of a circle's circumference to its diameter, cut off to so many decimal places, as databases show it."""

_HALF_TURN = Constant(value=180)


@cache
def composers() -> dict[type[exp.Expr], Callable[[Expression], Expression]]:
    """Return the syntax nodes of functions of one number, with what each is made of."""
    from sqlglot import exp

    return {exp.Cbrt: _cube_root, exp.Degrees: _degrees, exp.Radians: _radians}


@cache
def functions() -> tuple[type[exp.Expr], ...]:
    """Return the syntax nodes of these functions."""
    from sqlglot import exp

    return (exp.Pi, *composers())


def function(node: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile a function.

    Args:
        node: One of `functions`.
        compiled: Compiles what it is of.

    Raises:
        Refusal: What it is of is no number.
    """
    composer = composers().get(type(node))
    if composer is None:
        only(node, set())
        return Result(PI, Kind.DECIMAL, PI_DIGITS)
    only(node, {"this"})
    operand = compiled(node.this)
    check_numbers(operand)
    return Result(composer(operand.expression), Kind.DECIMAL, SHOWN_DIGITS, operand.noisy)


def _cube_root(number: Expression) -> Expression:
    """Return the number with the sign of another, whose third power has the size of that."""
    size, third = After(function=ScalarFunction.ABS, operands=(number,)), Divide(left=Constant(value=1), right=Constant(value=3))
    return _product(After(function=ScalarFunction.SIGN, operands=(number,)), After(function=ScalarFunction.POWER, operands=(size, third)))


def _degrees(number: Expression) -> Expression:
    return Divide(left=_product(number, _HALF_TURN), right=PI)


def _radians(number: Expression) -> Expression:
    return Divide(left=_product(number, PI), right=_HALF_TURN)


def _product(left: Expression, right: Expression) -> Expression:
    return Arithmetic(operation=ArithmeticOp.MULTIPLY, left=left, right=right)
