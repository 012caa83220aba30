"""Logarithms, exponentials and powers of rationals: each between two rationals that are less than 10**-39 apart, or exactly.

They are computed by `decimal`, whose logarithms and exponentials are rounded correctly, with more digits than any number of a table has.
So no platform's own functions have a part in them, and each has one value everywhere.
"""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.after import LARGEST_EXPONENT, ROOT_DIGITS
from stillroom.model.release import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = 64
"""Logarithms have no more than six digits before the point, and so are right to far more than 40 decimal places."""

_ERROR = Fraction(1, 10**40)
_UNIT = 10**ROOT_DIGITS

_LARGEST_LOGARITHM = 691
"""From here on, exponentials are larger than numbers of a table."""

_SMALLEST_LOGARITHM = -100
"""Below, they are closer to 0 than the error."""

MOST_BITS = 4_096
"""Powers with longer numerators or denominators are not computed exactly."""

MOST_ROOTED = 100
"""Roots of higher degrees are not known to be exact."""


class Real(NamedTuple):
    """A real number, which lies between two rationals, or is both."""

    low: Fraction
    high: Fraction

    @property
    def value(self) -> Fraction:
        """The number, or the nearest with `ROOT_DIGITS` decimal places."""
        return self.low if self.low == self.high else Fraction(math.floor((self.low + self.high) / 2 * _UNIT + Fraction(1, 2)), _UNIT)

    @property
    def below(self) -> Fraction:
        """The number, or one with so many places that is not greater."""
        return self.low if self.low == self.high else Fraction(math.floor(self.low * _UNIT), _UNIT)

    @property
    def above(self) -> Fraction:
        """The number, or one with so many places that is not less."""
        return self.high if self.low == self.high else Fraction(math.ceil(self.high * _UNIT), _UNIT)


def logarithm(number: Fraction, base: int | None) -> Real | None:
    """Return a logarithm, the natural one without a base; None where there is none."""
    if number <= 0:
        return None
    context = _context(_DIGITS)
    found = context.ln(_decimal(number, context))
    if base is None:
        return _exactly(0) if number == 1 else _around(found)
    found = context.divide(found, context.ln(Decimal(base)))
    whole = int(found.to_integral_value(context=context))
    return _exactly(whole) if Fraction(base) ** whole == number else _around(found)


def exponential(number: Fraction) -> Real | None:
    """Return e to some power; None where it is larger than numbers of a table."""
    return _exactly(1) if number == 0 else _exponential(lambda context: _decimal(number, context))


def power(base: Fraction, exponent: Fraction) -> Real | None:
    """Return a power; None where there is none, or none for a table, and for an exponent beyond `LARGEST_EXPONENT`."""
    if abs(exponent) > LARGEST_EXPONENT or (base == 0 and exponent < 0) or (base < 0 and exponent.denominator > 1):
        return None
    if exponent == 0 or base in {0, 1}:
        return _exactly(int(exponent == 0 or base == 1))
    sign = -1 if base < 0 and exponent.numerator % 2 else 1
    found = _magnitude(abs(base), exponent)
    return found if found is None or sign > 0 else Real(-found.high, -found.low)


def _magnitude(base: Fraction, exponent: Fraction) -> Real | None:
    """Return a power of a number above 0: exactly, if it is not too long or is that of a root."""
    length = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent)
    if exponent.denominator == 1 and length <= MOST_BITS:
        exact = base**exponent.numerator
        return Real(exact, exact) if exact < LARGEST else None
    found = _exponential(lambda context: context.multiply(_decimal(exponent, context), context.ln(_decimal(base, context))))
    if found is None or exponent.denominator > MOST_ROOTED or length > MOST_BITS:
        return found
    near = Fraction(round(found.low * _UNIT), _UNIT)
    rooted = found.low <= near <= found.high and near**exponent.denominator == base**exponent.numerator
    return Real(near, near) if rooted else found


def _exponential(logarithm: Callable[[Context], Decimal]) -> Real | None:
    """Return the number of a logarithm, which is computed with as many digits as the number has before the point, and more."""
    roughly = logarithm(_context(_DIGITS))
    if roughly > _LARGEST_LOGARITHM:
        return None
    if roughly < _SMALLEST_LOGARITHM:
        return Real(Fraction(0), _ERROR)
    context = _context(_DIGITS + max(0, int(roughly)) // 2)
    found = _around(context.exp(logarithm(context)))
    return None if found.high >= LARGEST else Real(max(found.low, Fraction(0)), found.high)


@cache
def _context(digits: int) -> Context:
    return Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


def _decimal(number: Fraction, context: Context) -> Decimal:
    return context.divide(Decimal(number.numerator), Decimal(number.denominator))


def _exactly(number: int) -> Real:
    return Real(Fraction(number), Fraction(number))


def _around(number: Decimal) -> Real:
    return Real(Fraction(number) - _ERROR, Fraction(number) + _ERROR)
