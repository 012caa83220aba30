"""Logarithms, exponentials and powers after the noise, with intervals where they are noisy; their ends are rounded outward.

Where a bounded counterpart could be NULL, there is no interval.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from stillroom.model.after import ScalarFunction
from stillroom.query.reals import exponential, logarithm, power
from stillroom.query.table.estimate import Estimate, exact, uninformed, vague

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.query.reals import Real


def raised(function: ScalarFunction, *operands: Estimate) -> Estimate:
    """Return a logarithm, exponential or power."""
    values = [operand.value for operand in operands]
    found = _real(function, values)
    value = None if found is None else found.value
    if not any(operand.noisy for operand in operands):
        return exact(value)
    ends = [(operand.low, operand.high) for operand in operands]
    corners = None if value is None or None in {end for pair in ends for end in pair} else _corners(function, ends)  # type: ignore[arg-type]
    if corners is None:
        return vague(value)
    low, high = min(corner.below for corner in corners), max(corner.above for corner in corners)
    return Estimate(value, low, high, noisy=True, no_information=uninformed(operands))


def _real(function: ScalarFunction, values: Sequence[object]) -> Real | None:
    """Return what a function says of numbers; None for NULL."""
    match (function, *values):
        case ScalarFunction.LN, Fraction() as number:
            return logarithm(number, None)
        case ScalarFunction.LOG, Fraction() as number, Fraction() as base:
            return logarithm(number, int(base))
        case ScalarFunction.EXP, Fraction() as number:
            return exponential(number)
        case ScalarFunction.POWER, Fraction() as base, Fraction() as exponent:
            return power(base, exponent)
        case _:
            return None


def _corners(function: ScalarFunction, ends: Sequence[tuple[Fraction, Fraction]]) -> list[Real] | None:
    """Return where a function has its extremes: it rises or falls in each operand between them. None where it could be NULL."""
    if function is ScalarFunction.POWER and not _has_powers(*ends):
        return None
    places = [*dict.fromkeys(product(*ends))]
    if function is ScalarFunction.POWER and ends[0][0] < 0 < ends[0][1]:
        places.append((Fraction(0), ends[1][0]))
    found = [_real(function, place) for place in places]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None


def _has_powers(base: tuple[Fraction, Fraction], exponent: tuple[Fraction, Fraction]) -> bool:
    """Tell whether all numbers of a range have powers of all exponents of another.

    Around 0 and below, that takes one whole exponent: numbers there have no others. Of 0 alone, there are powers above 0.
    """
    if base[0] > 0 or (base[0] == 0 and exponent[0] > 0):
        return True
    return exponent[0] == exponent[1] and exponent[0].denominator == 1 and (exponent[0] >= 0 or base[1] < 0)
