"""Logarithms, exponentials, powers and cube roots in rows, as tables: a CASE over all values that the operand can have.

Engines compute these in doubles, each in its own way; cells must agree, integer by integer. So the compiler computes them, by the same
exact reals as after the noise, rounds them half away from zero to as many decimal places as a square root has, and writes them down. Where
the contract leaves too many values for that, the function is refused. A whole power is a product, and needs no table.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache, reduce
from itertools import groupby
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import ArithmeticOp, Comparison
from stillroom.model.schema import Kind
from stillroom.query.comparisons import compared
from stillroom.query.constants import NULL
from stillroom.query.functions.call import whole
from stillroom.query.functions.numbers import in_units
from stillroom.query.functions.roots import MOST_PLACES
from stillroom.query.reals import exponential, logarithm, power
from stillroom.query.text.parse import only
from stillroom.query.typed import CONSTANT_LIMIT, SIZE_LIMIT, arithmetic, constant, mismatch, picked, span, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand
    from stillroom.query.reals import Real
    from stillroom.query.typed import Typed

    Curve: TypeAlias = Callable[[Fraction], Real | None]
    """A function of one number; None where it has no value."""

_KNOWN = 20_000
"""So many values are kept, as a question compiles what it repeats several times."""

_logarithm, _exponential, _power = (lru_cache(_KNOWN)(curve) for curve in (logarithm, exponential, power))

MOST_FACTORS = 4
"""The highest whole power that is a product."""

_THIRD = Fraction(1, 3)


def tabled(curve: Curve, number: Typed, name: str) -> Typed:
    """Return what a function says of a number, as a CASE over its values; NULL where it has none.

    Args:
        curve: The function.
        number: What it is of.
        name: What it is called.

    Raises:
        Refusal: It is no number, has no bounds, or too many values.
        InvalidInput: A value is too large.
    """
    span(number)
    most = (SIZE_LIMIT - 2) // (number.size + 3)
    domain = number.type.domain(most)
    if domain is None:
        raise _too_many(name, most)
    units = sorted(int(value) for value in domain if value is not None)
    found = [curve(Fraction(unit, 10**number.type.digits)) for unit in units]
    values = _rounded([None if one is None else one.value for one in found])
    if all(value.expression == NULL.expression for value in values):
        raise mismatch(f"{name} has no value of any number that the contract allows.")
    branches, place = [], 0
    for _, equal in groupby(values, key=lambda value: value.expression):
        same = list(equal)
        place += len(same)
        branches.append((compared(Comparison.LESS_OR_EQUAL, in_units(number), whole(units[place - 1])), same[0]))
    without = any(value.expression == NULL.expression for value in values)
    return picked(branches, NULL, nullable=number.type.nullable or without)


def _rounded(values: Sequence[Fraction | None]) -> list[Typed]:
    """Return numbers to six decimal places, or as many as the largest leaves room for; NULL for those that there are not.

    Raises:
        InvalidInput: The largest is too large without decimal places.
    """
    largest = max((abs(value) for value in values if value is not None), default=Fraction(0))
    places = next((places for places in range(MOST_PLACES, -1, -1) if largest * 10**places < CONSTANT_LIMIT - 1), None)
    if places is None:
        raise too_large()
    kind = Kind.DECIMAL if places else Kind.INTEGER
    return [NULL if value is None else constant(_half_away(value * 10**places), kind, places) for value in values]


def _half_away(number: Fraction) -> int:
    """Return the nearest whole number, of two that one further from zero."""
    size = int(abs(number) + Fraction(1, 2))
    return size if number >= 0 else -size


def _too_many(name: str, most: int) -> Refusal:
    """Return the refusal of a number with too many values."""
    reason = f"{name} in a row needs an operand of at most {most} values, by its bounds and step in the contract."
    fix = f"Write it of WIDTH_BUCKET(x, low, high, n), ROUND(x, 1), ROUND(x, -1), or of a result: {name}(AVG(x)); or ask for larger steps."
    return Refusal(Code.FUNCTION_NOT_ALLOWED, reason, fix)


def _natural(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    return tabled(lambda number: _logarithm(number, None), operand(node.this), "LN")


def _to_base(node: exp.Expr, operand: Operand) -> Typed:
    """Compile LOG(x), LOG10(x), LOG2(x) and LOG(base, x)."""
    from sqlglot import exp

    only(node, {"this", "expression"})
    other = node.args.get("expression")
    base, number = (exp.Literal.number(10), node.this) if other is None else (node.this, other)
    if not isinstance(base, exp.Literal) or base.this not in {"2", "10"}:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "Logarithms are to the base 2 or 10, or natural.", "Write LN(x) / LN(base).")
    return tabled(lambda value: _logarithm(value, int(base.this)), operand(number), "LOG2" if base.this == "2" else "LOG10")


def _raised_e(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    return tabled(_exponential, operand(node.this), "EXP")


def _cube_root(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})

    def curve(number: Fraction) -> Real | None:
        size = _power(abs(number), _THIRD)
        return size if size is None or number >= 0 else type(size)(-size.high, -size.low)

    return tabled(curve, operand(node.this), "CBRT")


def _raised(node: exp.Expr, operand: Operand) -> Typed:
    """Compile POWER, of which one operand is constant: a low whole power is a product."""
    only(node, {"this", "expression"})
    base, exponent = operand(node.this), operand(node.expression)
    known, value = _written(exponent), _written(base)
    if known is not None and known.denominator == 1 and 1 <= known <= MOST_FACTORS:
        span(base)
        return reduce(lambda left, right: arithmetic(ArithmeticOp.MULTIPLY, left, right), [base] * int(known))
    if known is not None:
        return tabled(lambda number: _power(number, known), base, "POWER")
    if value is not None:
        return tabled(lambda number: _power(value, number), exponent, "POWER")
    reason = "POWER in a row needs a constant base or exponent."
    raise Refusal(Code.EXPRESSION_NOT_ALLOWED, reason, "Write POWER(x, 2), POWER(x, 0.5) or POWER(2, x).")


def _written(number: Typed) -> Fraction | None:
    """Return a constant number, with its sign; None for what is none."""
    if not number.type.numeric or number.type.nullable:
        return None
    low, high = number.type.low, number.type.high
    return Fraction(low, 10**number.type.digits) if low is not None and low == high and not number.mentions else None


CURVES: dict[str, Meaning] = {"Ln": _natural, "Log": _to_base, "Exp": _raised_e, "Pow": _raised, "Cbrt": _cube_root}
