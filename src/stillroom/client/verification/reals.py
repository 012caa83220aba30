"""Logarithms, exponentials and powers, by series in whole numbers of small fractions: each as the two rationals that it lies between.

The series are those of the inverse hyperbolic tangent and of the exponential. What is exact is found by whole numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import TypeAlias

from stillroom.model.after import LARGEST_EXPONENT
from stillroom.model.release import LARGEST

Between: TypeAlias = tuple[Fraction, Fraction]
"""What a number lies between; both are the number itself where it is exact."""

_BITS = 1_400
"""Exponentials are computed with so many binary places."""

_FEWER_BITS = 300
"""Logarithms are, that no exponential is taken of."""

_ONE = 1 << _BITS
_ERROR = Fraction(1, 10**40)
_TOO_LARGE, _TOO_SMALL = 691, -100
_HALVINGS = 40
"""An exponential is that of its argument halved so often, squared as often."""

_LONGEST = 4_096
_HIGHEST_ROOT = 100
_PLACES = 10**18


def logarithm(number: Fraction, base: Fraction | None) -> Between | None:
    """Return a logarithm, the natural one without a base."""
    if number <= 0:
        return None
    if number == 1:
        return Fraction(0), Fraction(0)
    found = Fraction(_ln(number, _FEWER_BITS), 1 << _FEWER_BITS)
    if base is not None:
        found /= Fraction(_ln(base, _FEWER_BITS), 1 << _FEWER_BITS)
        if base ** round(found) == number:
            return Fraction(round(found)), Fraction(round(found))
    return found - _ERROR, found + _ERROR


def exponential(number: Fraction) -> Between | None:
    """Return e to some power; None where it is too large for a table."""
    return (Fraction(1), Fraction(1)) if number == 0 else _exp(number)


def power(base: Fraction, exponent: Fraction) -> Between | None:
    """Return a power; None where there is none, or none for a table."""
    whole = exponent.denominator == 1
    if abs(exponent) > LARGEST_EXPONENT or (base <= 0 and ((base == 0 and exponent < 0) or (base < 0 and not whole))):
        return None
    if base in {0, 1} or exponent == 0:
        return (Fraction(0), Fraction(0)) if base == 0 and exponent else (Fraction(1), Fraction(1))
    size = _size(abs(base), exponent)
    negative = base < 0 and exponent % 2 == 1
    return (-size[1], -size[0]) if size is not None and negative else size


def _size(base: Fraction, exponent: Fraction) -> Between | None:
    """Return a power of a number above 0."""
    bits = max(one.bit_length() for one in base.as_integer_ratio()) * abs(exponent)
    if exponent.denominator == 1 and bits <= _LONGEST:
        exact = Fraction(base**exponent)
        return (exact, exact) if exact < LARGEST else None
    found = _exp(exponent * Fraction(_ln(base, _BITS), _ONE))
    if found is not None and exponent.denominator <= _HIGHEST_ROOT and bits <= _LONGEST:
        root = Fraction(math.floor((found[0] + found[1]) / 2 * _PLACES + Fraction(1, 2)), _PLACES)
        if root**exponent.denominator == base**exponent.numerator:
            return root, root
    return found


def _ln(number: Fraction, bits: int) -> int:
    """Return a natural logarithm: that of a number from 1/2 to 2, and of a power of 2."""
    doublings = number.numerator.bit_length() - number.denominator.bit_length()
    near = number / Fraction(2) ** doublings
    return _of_quotient((near - 1) / (near + 1), bits) + doublings * _ln_of_two(bits)


@cache
def _ln_of_two(bits: int) -> int:
    return _of_quotient(Fraction(1, 3), bits)


def _of_quotient(quotient: Fraction, bits: int) -> int:
    """Return twice the inverse hyperbolic tangent of (x - 1)/(x + 1), which is the logarithm of x."""
    term = (quotient.numerator << bits) // quotient.denominator
    square, total, odd = term * term >> bits, 0, 1
    while term not in {0, -1}:
        total, term, odd = total + term // odd, term * square >> bits, odd + 2
    return 2 * total


def _exp(number: Fraction) -> Between | None:
    """Return an exponential, as one of a small number that is squared."""
    if number > _TOO_LARGE:
        return None
    if number < _TOO_SMALL:
        return Fraction(0), _ERROR
    small = _ONE * number.numerator // number.denominator >> _HALVINGS
    total, term, place = _ONE, small, 2
    while term not in {0, -1}:
        total, term, place = total + term, (term * small >> _BITS) // place, place + 1
    for _ in range(_HALVINGS):
        total = total * total >> _BITS
    found = Fraction(total, _ONE)
    return None if found + _ERROR >= LARGEST else (max(found - _ERROR, Fraction(0)), found + _ERROR)
