"""Functions after the noise: their values, with intervals where they are noisy.

A function that never falls takes the ends of an interval to the ends of one that covers its value; the others are said below. Where a
bounded counterpart could be NULL, there is no interval.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from stillroom.model.after import ScalarFunction
from stillroom.privacy.covariances import Sums, Total, covariance, of_sample, root, root_above, root_below
from stillroom.privacy.intervals import moved
from stillroom.query.table.estimate import Estimate, exact, uninformed, vague
from stillroom.query.table.powers import raised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.expression import After, Bounded, Covariance
    from stillroom.query.table.estimate import Plain


def applied(node: After) -> Callable[..., Estimate]:
    """Return what a function makes of its operands."""
    match node.function:
        case ScalarFunction.ROUND | ScalarFunction.TRUNC:
            unit, whole = Fraction(10) ** node.digits, _half_away if node.function is ScalarFunction.ROUND else math.trunc
            return lambda operand: _rising(lambda number: whole(number * unit) / unit, operand)
        case ScalarFunction.FLOOR | ScalarFunction.CEIL | ScalarFunction.SIGN:
            function = _WHOLE[node.function]
            return lambda operand: _rising(function, operand)
        case ScalarFunction.LN | ScalarFunction.LOG | ScalarFunction.EXP | ScalarFunction.POWER:
            return partial(raised, node.function)
        case ScalarFunction.BUCKET:
            return lambda number, *buckets: _rising(_bucket(*buckets), number)
        case ScalarFunction.GREATEST | ScalarFunction.LEAST:
            pick: Callable[[Sequence[Plain]], Plain] = max if node.function is ScalarFunction.GREATEST else min  # type: ignore[assignment]  # of one kind
            return lambda *operands: extreme(pick, operands)
        case ScalarFunction.COALESCE:
            return lambda *operands: _first(operands)
        case _:
            return _OTHERS[node.function]


def bounded(node: Bounded, operand: Estimate) -> Estimate:
    """Return a number that is moved into its known range. One that could be NULL has no interval here either."""
    low, high = Fraction(node.low), Fraction(node.high)
    if not isinstance(operand.value, Fraction):
        return operand
    value = min(max(operand.value, low), high)
    if operand.low is None or operand.high is None:
        return operand._replace(value=value)
    ends = moved(operand.low, operand.high, low, high)
    return Estimate(value, *ends, operand.noisy, operand.noisy and ends == (low, high))


def covaried(node: Covariance, *operands: Estimate) -> Estimate:
    """Return a covariance of noisy totals."""
    sums = Sums(*map(_total, operands))
    bounds = Fraction(node.low, 10**node.digits), Fraction(node.high, 10**node.digits)
    known = covariance(sums, bounds, square=node.left == node.right)
    value, low, high, no_information = of_sample(known, sums.rows) if node.sample else known
    return Estimate(value, low, high, noisy=True, no_information=no_information)


def _total(operand: Estimate) -> Total:
    """Return a noisy total, which is a number with an interval."""
    if not isinstance(operand.value, Fraction) or operand.low is None or operand.high is None:
        raise TypeError("A covariance is of totals.")
    return Total(operand.value, operand.low, operand.high)


def _half_away(number: Fraction) -> Fraction:
    """Return a number rounded to a whole one, half away from zero."""
    size = math.floor(abs(number) + Fraction(1, 2))
    return Fraction(-size if number < 0 else size)


_WHOLE: dict[ScalarFunction, Callable[[Fraction], Fraction]] = {
    ScalarFunction.FLOOR: lambda number: Fraction(math.floor(number)),
    ScalarFunction.CEIL: lambda number: Fraction(math.ceil(number)),
    ScalarFunction.SIGN: lambda number: Fraction((number > 0) - (number < 0)),
}


def _rising(function: Callable[[Fraction], Fraction], operand: Estimate) -> Estimate:
    """Return a function that never falls."""
    if not isinstance(operand.value, Fraction):
        return operand
    if operand.low is None or operand.high is None:
        return operand._replace(value=function(operand.value))
    return operand._replace(value=function(operand.value), low=function(operand.low), high=function(operand.high))


def _absolute(operand: Estimate) -> Estimate:
    """Return an absolute value; around 0 it may be 0."""
    if not isinstance(operand.value, Fraction):
        return operand
    if operand.low is None or operand.high is None:
        return operand._replace(value=abs(operand.value))
    ends = sorted((abs(operand.low), abs(operand.high)))
    low = Fraction(0) if operand.low <= 0 <= operand.high else ends[0]
    return operand._replace(value=abs(operand.value), low=low, high=ends[1])


def _root(operand: Estimate) -> Estimate:
    """Return a square root, its ends rounded outward; NULL below 0, and no interval where it could be that."""
    value = root(operand.value) if isinstance(operand.value, Fraction) and operand.value >= 0 else None
    if not operand.noisy:
        return exact(value)
    if value is None or operand.low is None or operand.high is None or operand.low < 0:
        return vague(value)
    return operand._replace(value=value, low=root_below(operand.low), high=root_above(operand.high))


def _remaining(one: Estimate, other: Estimate) -> Estimate:
    """Return a remainder: it rises with its operand while the quotient stays; else, or beside a noisy divisor, nothing is known."""
    value = _remainder(one.value, other.value)
    if not (one.noisy or other.noisy):
        return exact(value)
    known = one.low is not None and one.high is not None and not other.noisy and isinstance(other.value, Fraction)
    if not known or other.value == 0 or math.trunc(one.low / other.value) != math.trunc(one.high / other.value):  # type: ignore[operator]  # known
        return vague(value)
    return one._replace(value=value, low=_remainder(one.low, other.value), high=_remainder(one.high, other.value))


def _remainder(number: Plain, divisor: Plain) -> Fraction | None:
    """Return a remainder with the sign of the dividend; NULL for the divisor 0."""
    if not isinstance(number, Fraction) or not isinstance(divisor, Fraction) or divisor == 0:
        return None
    return number - divisor * math.trunc(number / divisor)


def _bucket(low: Estimate, high: Estimate, buckets: Estimate) -> Callable[[Fraction], Fraction]:
    """Return which of some buckets of equal width a number lies in, counted from 1."""
    first, last, count = (Fraction(one.value or 0) for one in (low, high, buckets))
    return lambda number: min(max(Fraction(math.floor((number - first) * count / (last - first)) + 1), Fraction(0)), count + 1)


def extreme(pick: Callable[[Sequence[Plain]], Plain], operands: Sequence[Estimate]) -> Estimate:
    """Return the greatest or least of what is not NULL; it never falls as an operand rises."""
    known = [operand for operand in operands if operand.noisy or operand.value is not None]
    values = [operand.value for operand in known if operand.value is not None]
    value = pick(values) if values else None
    if not any(operand.noisy for operand in known):
        return exact(value)
    lows, highs = [operand.low for operand in known], [operand.high for operand in known]
    low, high = (None, None) if None in lows or None in highs else (pick(lows), pick(highs))
    if not isinstance(value, Fraction) or not isinstance(low, Fraction) or not isinstance(high, Fraction):
        return vague(value)
    return Estimate(value, low, high, noisy=True, no_information=uninformed(known))


def _first(operands: Sequence[Estimate]) -> Estimate:
    """Return the first that is not NULL; a noisy one before it, or itself, that could be NULL leaves no interval."""
    for operand in operands:
        if operand.noisy and operand.low is None:
            return vague(next((one.value for one in operands if one.value is not None), None))
        if operand.value is not None:
            return operand
    return exact(None)


def _unless(one: Estimate, other: Estimate) -> Estimate:
    """Return the first of two, or NULL where both are equal; where they could be, there is no interval."""
    value = None if one.value == other.value else one.value
    if not (one.noisy or other.noisy):
        return exact(value)
    if other == exact(None):
        return one
    apart = one.low is not None and one.high is not None and other.low is not None and other.high is not None
    if apart and (one.high < other.low or other.high < one.low):  # type: ignore[operator]  # none is None
        return one._replace(noisy=True)
    return vague(value)


_OTHERS: dict[ScalarFunction, Callable[..., Estimate]] = {
    ScalarFunction.ABS: _absolute,
    ScalarFunction.SQRT: _root,
    ScalarFunction.REMAINDER: _remaining,
    ScalarFunction.NULLIF: _unless,
}
