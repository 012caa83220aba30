"""Functions of numbers after the noise that the finish has besides rounding, written down once more for its reference.

Reals are computed with hundreds of digits, and taken for exact where they are so close to a number with few digits that they must be.
"""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from tests import reference_functions

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = {"remainder", "bucket", "ln", "log", "exp", "power"}
UNIT = 10**18
DIGITS = 450
TINY = Decimal("1e-90")
"""What stands for exponentials that no table tells from it."""
NO_RANGE = (None, None)


def value_of(node: Any, values: list[Any], toward: Callable[[Any], int] | None = None) -> Any:  # noqa: ANN401 - values of any kind
    """Return what a function makes of numbers; `toward` is how reals are rounded, to the nearest if it is left out."""
    if None in values:
        return None
    if node.function == "remainder":
        return values[0] - values[1] * math.trunc(values[0] / values[1]) if values[1] else None
    if node.function == "bucket":
        number, low, high, count = values
        edges = [low + (high - low) * place / count for place in range(int(count) + 1)]
        return Fraction(sum(edge <= number for edge in edges))
    with decimal.localcontext(prec=DIGITS, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN):
        return _real(node.function, values, toward or (lambda number: math.floor(number + Decimal("0.5"))))


def _real(function: str, values: list[Any], toward: Callable[[Any], int]) -> Fraction | None:
    exponent = values[-1]
    if function in {"exp", "power"} and exponent == 0:
        return Fraction(1)
    if function == "power":
        return _power(values[0], exponent, toward)
    if function == "exp":
        number = _exp(Decimal(values[0].numerator) / Decimal(values[0].denominator))
        return None if number is None else _rounded(number, toward)
    if values[0] <= 0:
        return None
    return _rounded(_ln(values[0]) if function == "ln" else _ln(values[0]) / _ln(values[1]), toward)


@cache
def _exp(number: Decimal) -> Decimal | None:
    return None if number > 700 else TINY if number < -200 else number.exp()


@cache
def _ln(number: Fraction) -> Decimal:
    return (Decimal(number.numerator) / Decimal(number.denominator)).ln()


def _power(base: Fraction, exponent: Fraction, toward: Callable[[Any], int]) -> Fraction | None:
    if abs(exponent) > 1000 or (base == 0 > exponent) or (base < 0 and exponent != int(exponent)):
        return None
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent)
    if base == 0 or (exponent == int(exponent) and bits <= 4096):
        exact = Fraction(base**exponent) if base else Fraction(0)
        return exact if abs(exact) < 10**300 else None
    size = _exp(Decimal(exponent.numerator) / Decimal(exponent.denominator) * _ln(abs(base)))
    return None if size is None else _rounded(size * (-1 if base < 0 and exponent % 2 else 1), toward)


def _rounded(number: Decimal, toward: Callable[[Any], int]) -> Fraction | None:
    scaled = number * UNIT
    near = scaled.to_integral_value()
    exact = abs(scaled - near) < Decimal("1e-60") and (near or not number)
    return None if abs(number) >= 10**300 else Fraction(int(near) if exact else toward(scaled), UNIT)


def ends_of(node: Any, ends: list[tuple[Any, Any]], noisy: list[bool]) -> tuple[Any, Any]:  # noqa: ANN401 - a function of numbers
    """Return the ends of the interval of a function, of which one operand or more are noisy; None twice where there is none."""
    if any(None in pair for pair in ends):
        return NO_RANGE
    if node.function in {"remainder", "bucket"}:
        rest = [low for low, _ in ends[1:]]
        steps = {math.trunc(end / rest[0]) for end in ends[0]} if node.function == "remainder" and rest[0] else {0}
        found = [value_of(node, [end, *rest]) for end in ends[0]]
        return (found[0], found[1]) if not any(noisy[1:]) and len(steps) == 1 and None not in found else NO_RANGE
    turns = []
    if node.function == "power":
        (least, most), (first, last) = ends
        single = first == last == int(first)
        if (least < 0 or (least == 0 and first <= 0)) and not single:
            return NO_RANGE
        turns = [(Fraction(0), first)] if least <= 0 <= most else []
    corners = [list(corner) for corner in [*product(*ends), *turns]]
    lows, highs = ([value_of(node, corner, toward) for corner in corners] for toward in (math.floor, math.ceil))
    return NO_RANGE if None in [*lows, *highs] else (min(lows), max(highs))


def called(function: str, values: list[Any], ends: list[tuple[Any, Any]], noisy: list[bool]) -> tuple[Any, tuple[Any, Any]]:
    """Return what a function of rows makes of values, and the ends of its interval."""

    def says(operands: list[Any]) -> Any:  # noqa: ANN401 - a value of any kind
        found = reference_functions.call(function, [int(one) if isinstance(one, Fraction) else one for one in operands])
        return Fraction(found) if type(found) is int else found

    value, rest = says(values), values[1:]
    if None in ends[0] or any(noisy[1:]) or not isinstance(value, Fraction):
        return value, NO_RANGE
    rises = function in {"floor", "within", "months", "month_start", "add_months"} or (function == "quotient" and rest[0] > 0)
    rises |= function == "remainder" and rest[0] != 0 and len({math.trunc(end / rest[0]) for end in ends[0]}) == 1
    found = [says([end, *rest]) for end in ends[0]]
    return value, (found[0], found[1]) if rises and None not in found else NO_RANGE
