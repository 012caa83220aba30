"""Functions of keys and noisy results, from the syntax tree to the plan."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After
from stillroom.model.schema import CALENDAR, Kind
from stillroom.query.functions.casts import decimal_digits
from stillroom.query.result import SHOWN_DIGITS, Result, check_numbers, comparable
from stillroom.query.text.parse import only
from stillroom.query.typed import mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

ROUND_LIMIT = 12
"""The furthest place, before or after the point, that ROUND rounds to."""


@cache
def functions() -> tuple[type[exp.Expr], ...]:
    """Return the syntax nodes of these functions."""
    return tuple(_scalars())


@cache
def _scalars() -> dict[type[exp.Expr], ScalarFunction]:
    from sqlglot import exp

    return {
        exp.Round: ScalarFunction.ROUND,
        exp.Abs: ScalarFunction.ABS,
        exp.Floor: ScalarFunction.FLOOR,
        exp.Ceil: ScalarFunction.CEIL,
        exp.Sign: ScalarFunction.SIGN,
        exp.Sqrt: ScalarFunction.SQRT,
        exp.Greatest: ScalarFunction.GREATEST,
        exp.Least: ScalarFunction.LEAST,
        exp.Coalesce: ScalarFunction.COALESCE,
        exp.Nullif: ScalarFunction.NULLIF,
    }


def function(node: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile a function.

    Args:
        node: One of `functions`.
        compiled: Compiles what it is of.

    Raises:
        Refusal: What it is of is not what it takes.
    """
    scalar = _scalars()[type(node)]
    match scalar:
        case ScalarFunction.ROUND:
            return _rounded(node, compiled(node.this))
        case ScalarFunction.GREATEST | ScalarFunction.LEAST | ScalarFunction.COALESCE:
            only(node, {"this", "expressions", "ignore_nulls"})
            return _of_one_kind(scalar, [compiled(operand) for operand in (node.this, *node.expressions)])
        case ScalarFunction.NULLIF:
            only(node, {"this", "expression"})
            one, other = comparable(compiled(node.this), compiled(node.expression))
            return _after(scalar, (one, other), one.kind, one.digits)
        case _:
            only(node, {"this"})
            return _of_number(scalar, compiled(node.this))


def _of_number(scalar: ScalarFunction, operand: Result) -> Result:
    """Compile a function of one number."""
    check_numbers(operand)
    if scalar is ScalarFunction.SQRT:
        return _after(scalar, (operand,), Kind.DECIMAL, SHOWN_DIGITS)
    return (
        _after(scalar, (operand,), operand.kind, operand.digits)
        if scalar is ScalarFunction.ABS
        else _after(scalar, (operand,), Kind.INTEGER, 0)
    )


def _rounded(node: exp.Expr, operand: Result) -> Result:
    """Compile ROUND; the place is part of the plan."""
    from sqlglot import exp

    only(node, {"this", "decimals"})
    check_numbers(operand)
    place = node.args.get("decimals") or exp.Literal.number(0)
    negative = isinstance(place, exp.Neg)
    digits = place.this if negative else place
    written = str(digits.this) if isinstance(digits, exp.Literal) and not digits.is_string else ""
    if not written.isdecimal() or len(written) > len(str(ROUND_LIMIT)) or int(written) > ROUND_LIMIT:
        raise Refusal(
            Code.EXPRESSION_NOT_ALLOWED,
            f"ROUND needs a constant number of places, at most {ROUND_LIMIT}.",
            "Write ROUND(x), ROUND(x, 2) or ROUND(x, -2).",
        )
    return _to_places(operand, -int(written) if negative else int(written))


def cast(node: exp.Cast, operand: Result) -> Result:
    """Compile a cast of a number to INTEGER or DECIMAL(p, s), which rounds it; after the noise no number is too large for either.

    Raises:
        Refusal: It is another cast, or not of a number.
    """
    from sqlglot import exp

    only(node, {"this", "to", "safe"})
    kind = node.to.this
    if kind not in {exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL} or not operand.number:
        fix = "Cast to INTEGER or DECIMAL(p, s); or in the rows, before they are grouped or aggregated."
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "Only numbers are cast here, to numbers.", fix)
    return _to_places(operand, decimal_digits(node.to)[1] if kind is exp.DType.DECIMAL else 0)


def _to_places(operand: Result, places: int) -> Result:
    """Return a number rounded to a number of decimal places; below 0, to tens and so on."""
    rounded = After(function=ScalarFunction.ROUND, operands=(operand.expression,), digits=places)
    return Result(rounded, Kind.DECIMAL if places > 0 else Kind.INTEGER, max(places, 0), operand.noisy)


def _of_one_kind(scalar: ScalarFunction, operands: list[Result]) -> Result:
    """Compile a function that has the value of one of its operands; constant text beside a date or a timestamp is one."""
    typed = [operand for operand in operands if not operand.null]
    dated = next((operand for operand in typed if operand.kind in CALENDAR), None)
    if dated is not None:
        typed = [comparable(dated, operand)[1] for operand in typed]
    if not typed or len({Kind.DECIMAL if operand.number else operand.kind for operand in typed}) > 1:
        raise mismatch(f"The operands of {scalar.upper()} have different types, or are all NULL.")
    digits = max(operand.digits for operand in typed)
    return _after(scalar, tuple(typed), Kind.DECIMAL if digits else typed[0].kind, digits)


def _after(scalar: ScalarFunction, operands: tuple[Result, ...], kind: Kind, digits: int) -> Result:
    """Return a function of operands."""
    node = After(function=scalar, operands=tuple(operand.expression for operand in operands))
    return Result(node, kind, digits, any(operand.noisy for operand in operands))
