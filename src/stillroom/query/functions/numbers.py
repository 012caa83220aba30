"""Functions of numbers: remainders, rounding, sizes and buckets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import ArithmeticOp, Comparison, Constant, Divide, IsNull
from stillroom.model.function import Function
from stillroom.model.schema import Kind
from stillroom.query.comparisons import BOOLEAN, comparison_of
from stillroom.query.constants import NULL
from stillroom.query.evaluate import divide
from stillroom.query.functions.call import called, constant_number, nullable, whole
from stillroom.query.functions.choices import extreme
from stillroom.query.text.parse import only
from stillroom.query.typed import (
    CONSTANT_LIMIT,
    Typed,
    aligned,
    arithmetic,
    bound_of,
    combined,
    extremes,
    mismatch,
    number_type,
    picked,
    scaled,
    span,
    too_large,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand

FEWEST_PLACES, MOST_PLACES = -12, 12
"""To how many decimal places numbers are rounded; below 0, to tens, hundreds and so on."""

MOST_BUCKETS = 10_000
"""The most buckets of WIDTH_BUCKET."""


def absolute(operand: Typed) -> Typed:
    """Return the absolute value of a number."""
    low, high = span(operand)
    least = 0 if low <= 0 <= high else min(abs(low), abs(high))
    return called(Function.ABSOLUTE, operand.type.model_copy(update={"low": least, "high": max(-low, high)}), operand)


def quotient_of_wholes(left: Typed, right: Typed) -> Typed:
    """Return a quotient that is cut off towards zero, of numbers in the same units; NULL for the divisor 0."""
    (low, high), (least, greatest) = span(left), span(right)
    divisors = [divisor for divisor in (least, greatest, -1, 1) if divisor and least <= divisor <= greatest]
    ends = extremes([cut(end, divisor) for end in (low, high) for divisor in divisors] or [0])
    kind = number_type(0, *ends, nullable=least <= 0 <= greatest or nullable(left, right))
    return called(Function.QUOTIENT, kind, left, right)


def cut(dividend: int, divisor: int) -> int:
    """Return a quotient without its decimal places."""
    return abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)


def remainder(left: Typed, right: Typed) -> Typed:
    """Return a remainder with the sign of the dividend; NULL for the divisor 0."""
    span(left), span(right)
    left, right = aligned(left, right)
    (low, high), (least, greatest) = span(left), span(right)
    most = max(abs(least), abs(greatest), 1) - 1
    ends = (max(min(low, 0), -most), min(max(high, 0), most))
    kind = number_type(left.type.digits, *ends, nullable=least <= 0 <= greatest or nullable(left, right))
    return called(Function.REMAINDER, kind, left, right)


def floor(operand: Typed, divisor: int) -> Typed:
    """Return the greatest whole number that is at most a number of units divided by a constant above 0."""
    low, high = span(operand)
    kind = number_type(0, low // divisor, high // divisor, nullable=operand.type.nullable)
    return called(Function.FLOOR, kind, operand, whole(divisor))


def _absolute(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    return absolute(operand(node.this))


def _sign(node: exp.Expr, operand: Operand) -> Typed:
    """Return -1, 0 or 1."""
    only(node, {"this"})
    number, zero = operand(node.this), whole(0)
    if not number.type.numeric:
        raise mismatch("SIGN needs a number.")
    below, none = comparison_of(Comparison.LESS, number, zero), comparison_of(Comparison.EQUAL, number, zero)
    above = comparison_of(Comparison.LESS, zero, number)
    return picked([(below, whole(-1)), (none, zero), (above, whole(1))], NULL, nullable=number.type.nullable)


def _remainder(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "expression"})
    return remainder(operand(node.this), operand(node.expression))


def _quotient(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "expression"})
    left, right = operand(node.this), operand(node.expression)
    span(left), span(right)
    if left.type.digits or right.type.digits:
        raise Refusal(Code.TYPE_MISMATCH, "// divides whole numbers.", "Write TRUNC(x / y).")
    return quotient_of_wholes(left, right)


def _floor(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    number = operand(node.this)
    span(number)
    return floor(number, 10**number.type.digits) if number.type.digits else number


def _ceiling(node: exp.Expr, operand: Operand) -> Typed:
    """Return the least whole number that is not below a number: -FLOOR(-x)."""
    only(node, {"this"})
    number = operand(node.this)
    span(number)
    if not number.type.digits:
        return number
    below = floor(arithmetic(ArithmeticOp.SUBTRACT, whole(0), number), 10**number.type.digits)
    return arithmetic(ArithmeticOp.SUBTRACT, whole(0), below)


def _round(node: exp.Expr, operand: Operand) -> Typed:
    """Round half away from zero."""
    only(node, {"this", "decimals"})
    return _to_places(node, operand, rounded)


def _truncate(node: exp.Expr, operand: Operand) -> Typed:
    """Cut off towards zero."""
    only(node, {"this", "decimals"})
    return _to_places(node, operand, lambda number, divisor: quotient_of_wholes(number, whole(divisor)))


def rounded(number: Typed, divisor: int) -> Typed:
    """Return a number of units divided by a constant above 0, rounded half away from zero."""
    low, high = span(number)
    node = Divide(left=number.expression, right=Constant(value=divisor), bound=bound_of(low, high))
    kind = number_type(0, *extremes(divide(end, divisor) for end in (low, high)), nullable=number.type.nullable)
    return combined(node, kind, number)


def _to_places(node: exp.Expr, operand: Operand, divided: Callable[[Typed, int], Typed]) -> Typed:
    """Bring a number to fewer decimal places."""
    number, decimals = operand(node.this), node.args.get("decimals")
    span(number)
    places = 0 if decimals is None else constant_number(operand(decimals), FEWEST_PLACES, MOST_PLACES, "The number of decimal places")
    if places >= number.type.digits:
        return number
    divisor = 10 ** (number.type.digits - places)
    if divisor >= CONSTANT_LIMIT:
        raise too_large()
    return in_places(divided(number, divisor), places)


def in_units(number: Typed) -> Typed:
    """Return a number as the whole number of its units."""
    return replace(number, type=number.type.model_copy(update={"kind": Kind.INTEGER, "digits": 0}))


def in_places(number: Typed, places: int) -> Typed:
    """Return a whole number of units as the number that it stands for."""
    if places < 0:
        tens = arithmetic(ArithmeticOp.MULTIPLY, number, whole(10**-places))
        return replace(tens, type=tens.type.model_copy(update={"step": 10**-places}))
    return replace(number, type=number.type.model_copy(update={"kind": Kind.DECIMAL if places else Kind.INTEGER, "digits": places}))


def _width_bucket(node: exp.Expr, operand: Operand) -> Typed:
    """Return in which of some buckets of equal width a number lies: 0 below all of them, one more than there are above.

    x is cut off at the ends first, so that it needs no bounds; the buckets are those of floor((x - low) · n / (high - low)) + 1.
    """
    only(node, {"this", "min_value", "max_value", "num_buckets"})
    number, low, high = (operand(node.args[name]) for name in ("this", "min_value", "max_value"))
    buckets = constant_number(operand(node.args["num_buckets"]), 1, MOST_BUCKETS, "The number of buckets")
    if not number.type.numeric or not all(isinstance(end.expression, Constant) and end.type.numeric for end in (low, high)):
        raise mismatch("WIDTH_BUCKET needs a number and two constant numbers.")
    number, low, high = (scaled(one, max(number.type.digits, low.type.digits, high.type.digits)) for one in (number, low, high))
    (first, _), (last, _) = span(low), span(high)
    if first >= last:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "The buckets of WIDTH_BUCKET end before they begin.", "Write the lower end first.")
    bucket = _bucket(number, first, last, buckets)
    missing = combined(IsNull(operand=number.expression), BOOLEAN, number)
    return picked([(missing, NULL)], bucket, nullable=True) if number.type.nullable else bucket


def _bucket(number: Typed, first: int, last: int, buckets: int) -> Typed:
    """Return the bucket of a number of units that is there."""
    inside = extreme(Function.LEAST, extreme(Function.GREATEST, in_units(number), whole(first - 1)), whole(last))
    offset = arithmetic(ArithmeticOp.MULTIPLY, arithmetic(ArithmeticOp.SUBTRACT, inside, whole(first)), whole(buckets))
    width = last - first
    return extreme(Function.GREATEST, floor(arithmetic(ArithmeticOp.ADD, offset, whole(width)), width), whole(0))


NUMBERS: dict[str, Meaning] = {
    "Abs": _absolute,
    "Sign": _sign,
    "Mod": _remainder,
    "IntDiv": _quotient,
    "Floor": _floor,
    "Ceil": _ceiling,
    "Round": _round,
    "Trunc": _truncate,
    "WidthBucket": _width_bucket,
}
