"""Functions of rows, called after the noise: they have the values that they have in a row, and intervals where noise leaves some.

Numbers are whole there. A function that never falls takes the ends of an interval to those of its value; a remainder does so where both
ends leave the same quotient. Where a bounded counterpart could be NULL, or anything, there is no interval.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.function import Function
from stillroom.query.function_values import function_value
from stillroom.query.table.estimate import Estimate, exact, uninformed, vague

if TYPE_CHECKING:
    from stillroom.model.schema import Scalar
    from stillroom.query.table.estimate import Plain

_RISING = frozenset({Function.FLOOR, Function.WITHIN, Function.MONTHS, Function.MONTH_START, Function.ADD_MONTHS})
"""Functions that never fall as their first operand rises, whatever constants stand behind it."""


def called(function: Function, *operands: Estimate) -> Estimate:
    """Return what a function makes of its operands."""
    value = _value(function, [operand.value for operand in operands])
    if not any(operand.noisy for operand in operands):
        return exact(value)
    ends = _ends(function, operands)
    if ends is None or not isinstance(value, Fraction):
        return vague(value)
    return Estimate(value, *ends, noisy=True, no_information=uninformed(operands))


def _ends(function: Function, operands: tuple[Estimate, ...]) -> tuple[Fraction, Fraction] | None:
    """Return the ends of an interval, if there is one: of a first operand that alone is noisy."""
    one, rest = operands[0], [operand.value for operand in operands[1:]]
    if any(operand.noisy for operand in operands[1:]) or one.low is None or one.high is None:
        return None
    if function is Function.REMAINDER:
        low, high = (_value(Function.QUOTIENT, [end, *rest]) for end in (one.low, one.high))
        if low != high:
            return None
    elif function is Function.QUOTIENT:
        if not isinstance(rest[0], Fraction) or rest[0] <= 0:
            return None
    elif function not in _RISING:
        return None
    low, high = (_value(function, [end, *rest]) for end in (one.low, one.high))
    return (low, high) if isinstance(low, Fraction) and isinstance(high, Fraction) else None


def _value(function: Function, values: list[Plain]) -> Plain:
    """Return the value of a function."""
    found = function_value(function, list(map(_scalar, values)))
    return Fraction(found) if isinstance(found, int) and not isinstance(found, bool) else found


def _scalar(value: Plain) -> Scalar:
    """Return a value as rows have it."""
    if not isinstance(value, Fraction):
        return value
    if value.denominator != 1:
        raise TypeError("A function of rows is of whole numbers.")
    return value.numerator
