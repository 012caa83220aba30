"""Functions of keys and noisy results, from the syntax tree to the plan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Arithmetic, ArithmeticOp, Constant, Divide
from stillroom.model.schema import CALENDAR, Kind
from stillroom.query import composed
from stillroom.query.functions.call import constant_number
from stillroom.query.functions.casts import CASTS, ROW_TYPES, decimal_digits
from stillroom.query.functions.numbers import MOST_BUCKETS
from stillroom.query.result import SHOWN_DIGITS, Result, check_numbers, comparable, longest
from stillroom.query.text.parse import only
from stillroom.query.typed import mismatch
from stillroom.query.units import in_units, over_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

ROUND_LIMIT = 12
"""The furthest place, before or after the point, that ROUND rounds to."""


@cache
def functions() -> tuple[type[exp.Expr], ...]:
    """Return the syntax nodes of these functions."""
    return (*_scalars(), *composed.functions())


@cache
def _scalars() -> dict[type[exp.Expr], ScalarFunction]:
    from sqlglot import exp

    return {
        exp.Round: ScalarFunction.ROUND,
        exp.Trunc: ScalarFunction.TRUNC,
        exp.Abs: ScalarFunction.ABS,
        exp.Floor: ScalarFunction.FLOOR,
        exp.Ceil: ScalarFunction.CEIL,
        exp.Sign: ScalarFunction.SIGN,
        exp.Sqrt: ScalarFunction.SQRT,
        exp.Mod: ScalarFunction.REMAINDER,
        exp.IntDiv: ScalarFunction.TRUNC,
        exp.WidthBucket: ScalarFunction.BUCKET,
        exp.Ln: ScalarFunction.LN,
        exp.Log: ScalarFunction.LOG,
        exp.Exp: ScalarFunction.EXP,
        exp.Pow: ScalarFunction.POWER,
        exp.Greatest: ScalarFunction.GREATEST,
        exp.Least: ScalarFunction.LEAST,
        exp.Coalesce: ScalarFunction.COALESCE,
        exp.Nullif: ScalarFunction.NULLIF,
    }


def is_late(node: exp.Expr) -> bool:
    """Tell whether something in an expression is among these functions and casts, which rows may not have."""
    from sqlglot import exp

    return node.find(*functions()) is not None or any(cast.to.this.value not in ROW_TYPES for cast in node.find_all(exp.Cast))


def function(node: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile a function.

    Args:
        node: One of `functions`.
        compiled: Compiles what it is of.

    Raises:
        Refusal: What it is of is not what it takes.
    """
    from sqlglot import exp

    if isinstance(node, composed.functions()):
        return composed.function(node, compiled)
    scalar = _scalars()[type(node)]
    match scalar:
        case ScalarFunction.LOG:
            return _logarithm(node, compiled)
        case ScalarFunction.POWER:
            only(node, {"this", "expression"})
            return _real(scalar, compiled(node.this), compiled(node.expression))
        case ScalarFunction.LN | ScalarFunction.EXP:
            only(node, {"this"})
            return _real(scalar, compiled(node.this))
        case ScalarFunction.REMAINDER | ScalarFunction.TRUNC if isinstance(node, exp.Binary):
            return _divided(node, compiled(node.this), compiled(node.expression))
        case ScalarFunction.ROUND | ScalarFunction.TRUNC:
            return _rounded(scalar, node, compiled(node.this))
        case ScalarFunction.BUCKET:
            return _bucket(node, compiled)
        case ScalarFunction.GREATEST | ScalarFunction.LEAST | ScalarFunction.COALESCE:
            only(node, {"this", "expressions", "ignore_nulls"})
            return _of_one_kind(scalar, [compiled(operand) for operand in (node.this, *node.expressions)])
        case ScalarFunction.NULLIF:
            only(node, {"this", "expression"})
            one, other = comparable(compiled(node.this), compiled(node.expression))
            return replace(_after(scalar, (one, other), one.kind, one.digits), length=one.length)
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


def _real(scalar: ScalarFunction, *operands: Result) -> Result:
    """Compile a function of numbers that has decimal places."""
    check_numbers(*operands)
    return _after(scalar, operands, Kind.DECIMAL, SHOWN_DIGITS)


def _logarithm(node: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile LOG(x), LOG10(x), LOG2(x) and LOG(base, x)."""
    from sqlglot import exp

    only(node, {"this", "expression"})
    other = node.args.get("expression")
    base, number = (exp.Literal.number(10), node.this) if other is None else (node.this, other)
    if not isinstance(base, exp.Literal) or base.this not in {"2", "10"}:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "Logarithms are to the base 2 or 10, or natural.", "Write LN(x) / LN(base).")
    return _real(ScalarFunction.LOG, compiled(number), compiled(base))


def _divided(node: exp.Expr, left: Result, right: Result) -> Result:
    """Compile a remainder, or a quotient of whole numbers that is cut off."""
    from sqlglot import exp

    only(node, {"this", "expression"})
    check_numbers(left, right)
    if isinstance(node, exp.Mod):
        digits = max(left.digits, right.digits)
        return _after(ScalarFunction.REMAINDER, (left, right), Kind.DECIMAL if digits else Kind.INTEGER, digits)
    if left.digits or right.digits:
        raise Refusal(Code.TYPE_MISMATCH, "// divides whole numbers.", "Write TRUNC(x / y).")
    quotient = Result(Divide(left=left.expression, right=right.expression), Kind.DECIMAL, noisy=left.noisy or right.noisy)
    return _after(ScalarFunction.TRUNC, (quotient,), Kind.INTEGER, 0)


def _bucket(node: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile WIDTH_BUCKET; the buckets are part of the plan."""
    only(node, {"this", "min_value", "max_value", "num_buckets"})
    number, low, high, buckets = (compiled(node.args[name]) for name in ("this", "min_value", "max_value", "num_buckets"))
    check_numbers(number)
    constant_number(in_units(buckets), 1, MOST_BUCKETS, "The number of buckets")
    first, last = (_written(end) for end in (low, high))
    if int(first.value or 0) * 10**last.digits >= int(last.value or 0) * 10**first.digits:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "The buckets of WIDTH_BUCKET end before they begin.", "Write the lower end first.")
    ends = (replace(low, expression=first), replace(high, expression=last))
    return _after(ScalarFunction.BUCKET, (number, *ends, buckets), Kind.INTEGER, 0)


def _written(operand: Result) -> Constant:
    """Return a number that is written, with its sign."""
    match operand.expression:
        case Constant(value=int()) as node if operand.number:
            return node
        case Arithmetic(operation=ArithmeticOp.SUBTRACT, left=Constant(value=0), right=Constant(value=int(value), digits=digits)):
            return Constant(value=-value, digits=digits)
        case _:
            raise mismatch("WIDTH_BUCKET needs a number and two constant numbers.")


def _rounded(scalar: ScalarFunction, node: exp.Expr, operand: Result) -> Result:
    """Compile ROUND or TRUNC; the place is part of the plan."""
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
            f"{scalar.upper()} needs a constant number of places, at most {ROUND_LIMIT}.",
            f"Write {scalar.upper()}(x), {scalar.upper()}(x, 2) or {scalar.upper()}(x, -2).",
        )
    return _to_places(scalar, operand, -int(written) if negative else int(written))


def cast(node: exp.Cast, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile a cast. Numbers are exact, and of any size: as whole numbers and DECIMAL(p, s) they are rounded, as DOUBLE they stay.

    Raises:
        Refusal: What is cast, or the type, has no such cast.
    """
    from sqlglot import exp

    operand, kind = compiled(node.this), node.to.this
    if not operand.number or kind not in numbers():
        return over_results(node, CASTS["Cast"], lambda _: operand)
    only(node, {"this", "to", "safe"})
    if kind in {exp.DType.FLOAT, exp.DType.DOUBLE}:
        return operand
    return _to_places(ScalarFunction.ROUND, operand, decimal_digits(node.to)[1] if kind is exp.DType.DECIMAL else 0)


@cache
def numbers() -> frozenset[exp.DType]:
    """Return the types of numbers."""
    from sqlglot import exp

    whole = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.INT128)
    return frozenset({*whole, exp.DType.DECIMAL, exp.DType.FLOAT, exp.DType.DOUBLE})


def _to_places(scalar: ScalarFunction, operand: Result, places: int) -> Result:
    """Return a number rounded, or cut off, to a number of decimal places; below 0, to tens and so on."""
    rounded = After(function=scalar, operands=(operand.expression,), digits=places)
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
    return replace(_after(scalar, tuple(typed), Kind.DECIMAL if digits else typed[0].kind, digits), length=longest(typed))


def _after(scalar: ScalarFunction, operands: tuple[Result, ...], kind: Kind, digits: int) -> Result:
    """Return a function of operands."""
    node = After(function=scalar, operands=tuple(operand.expression for operand in operands))
    return Result(node, kind, digits, any(operand.noisy for operand in operands))
