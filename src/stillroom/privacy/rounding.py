"""Rounding in the safe direction."""

from __future__ import annotations

import math
from fractions import Fraction


def float_up(number: Fraction) -> float:
    """Return the least double that is not below a rational number."""
    near = float(number)
    return near if Fraction(near) >= number else math.nextafter(near, math.inf)


def units_up(number: Fraction, unit: Fraction) -> int:
    """Return the least whole count of `unit` that is not below a number."""
    return math.ceil(number / unit)


def units_down(number: Fraction, unit: Fraction) -> int:
    """Return the greatest whole count of `unit` that is not above a number."""
    return math.floor(number / unit)
