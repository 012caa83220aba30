"""Functions after the noise, as the verifier understands them."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from stillroom.client.verification.reals import exponential, logarithm, power
from stillroom.model.after import ROOT_DIGITS, ScalarFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.client.verification.reals import Between
    from stillroom.model.expression import After

Plain: TypeAlias = bool | Fraction | str | None

_FINEST = 10**ROOT_DIGITS


class Known(NamedTuple):
    """A value, the ends of its interval if it has one, and whether noise is in it."""

    value: Plain
    low: Fraction | None = None
    high: Fraction | None = None
    noisy: bool = True

    @property
    def ends(self) -> tuple[Fraction, Fraction] | None:
        """Both ends of the interval, if there is one."""
        return None if self.low is None or self.high is None else (self.low, self.high)


def sure(value: Plain) -> Known:
    """Return a value without noise."""
    return Known(value, value, value, noisy=False) if isinstance(value, Fraction) else Known(value, noisy=False)


def applied(node: After, operands: list[Known]) -> Known:
    """Return the value of a function."""
    if not any(operand.noisy for operand in operands):
        return sure(_value(node, [operand.value for operand in operands]))
    value = _value(node, [operand.value for operand in operands])
    if not isinstance(value, Fraction):
        return Known(value)
    ends = _ends(node, operands)
    return Known(value, *ends) if ends is not None else Known(value)


def _value(node: After, values: list[Plain]) -> Plain:
    """Return what a function makes of values."""
    present = [value for value in values if value is not None]
    match node.function:
        case ScalarFunction.GREATEST | ScalarFunction.LEAST:
            ordered = sorted(present)
            return None if not ordered else ordered[-1 if node.function is ScalarFunction.GREATEST else 0]
        case ScalarFunction.COALESCE:
            return present[0] if present else None
        case ScalarFunction.NULLIF:
            return None if values[0] == values[1] else values[0]
        case ScalarFunction.LN | ScalarFunction.LOG | ScalarFunction.EXP | ScalarFunction.POWER:
            found = _real(node, values)
            return None if found is None else found[0] if found[0] == found[1] else nearest((found[0] + found[1]) / 2)
        case ScalarFunction.REMAINDER | ScalarFunction.BUCKET:
            numbers = [value for value in values if isinstance(value, Fraction)]
            together = _left if node.function is ScalarFunction.REMAINDER else _bucket
            return together(*numbers) if len(numbers) == len(values) else None
        case _:
            return _of_number(node, values[0]) if isinstance(values[0], Fraction) else None


def _real(node: After, values: Sequence[Plain]) -> Between | None:
    """Return what a logarithm, exponential or power lies between."""
    numbers = [value for value in values if isinstance(value, Fraction)]
    if len(numbers) < len(values):
        return None
    match node.function:
        case ScalarFunction.LN | ScalarFunction.LOG:
            return logarithm(numbers[0], numbers[1] if len(numbers) > 1 else None)
        case ScalarFunction.EXP:
            return exponential(numbers[0])
        case _:
            return power(numbers[0], numbers[1])


def _ends_of_real(node: After, spans: Sequence[Between | None]) -> Between | None:
    """Return the ends of the interval of a logarithm, exponential or power, rounded outward, if it always has a value.

    A power with one whole exponent turns at 0; with others, all numbers must be above 0, or 0 itself to powers above 0.
    """
    places: list[list[Fraction]] = [sorted(set(span)) for span in spans if span is not None]
    if len(places) < len(spans):
        return None
    if node.function is ScalarFunction.POWER:
        bases, exponents = places
        whole = len(exponents) == 1 and exponents[0].denominator == 1
        if bases[0] <= 0 <= bases[-1]:
            bases.append(Fraction(0))
        if not whole and (bases[0] < 0 or (bases[0] == 0 and exponents[0] <= 0)):
            return None
    found = [_real(node, corner) for corner in product(*places)]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return min(_down(*one) for one in known), -min(_down(-high, -low) for low, high in known)


def _down(low: Fraction, high: Fraction) -> Fraction:
    """Return what a number is not below: itself where it is exact, and else a number with so many decimal places."""
    return low if low == high else Fraction(math.floor(low * _FINEST), _FINEST)


def _left(number: Fraction, divisor: Fraction) -> Fraction | None:
    """Return a remainder with the sign of the dividend."""
    rest = abs(number) % abs(divisor) if divisor else None
    return rest if rest is None or number >= 0 else -rest


def _bucket(number: Fraction, low: Fraction, high: Fraction, buckets: Fraction) -> Fraction:
    """Return which of buckets of equal width a number lies in, counted from 1."""
    if number < low or number >= high:
        return Fraction(0) if number < low else buckets + 1
    return Fraction((number - low) // ((high - low) / buckets) + 1)


def _of_number(node: After, number: Fraction) -> Fraction | None:
    """Return what a function makes of one number."""
    match node.function:
        case ScalarFunction.ROUND:
            grain = Fraction(1, 10**node.digits) if node.digits >= 0 else Fraction(10**-node.digits)
            steps, rest = divmod(abs(number), grain)
            size = (steps + (2 * rest >= grain)) * grain
            return size if number >= 0 else -size
        case ScalarFunction.TRUNC:
            grain = Fraction(10) ** -node.digits
            return (abs(number) // grain) * (grain if number >= 0 else -grain)
        case ScalarFunction.FLOOR:
            return Fraction(number.numerator // number.denominator)
        case ScalarFunction.CEIL:
            return Fraction(-(-number.numerator // number.denominator))
        case ScalarFunction.SIGN:
            return Fraction(0 if number == 0 else 1 if number > 0 else -1)
        case ScalarFunction.SQRT:
            return None if number < 0 else nearest_root(number)
        case _:
            return abs(number)


def _ends(node: After, operands: list[Known]) -> tuple[Fraction, Fraction] | None:
    """Return the ends of the interval of a function, a number, of operands of which one or more are noisy."""
    match node.function:
        case ScalarFunction.GREATEST | ScalarFunction.LEAST:
            pick = max if node.function is ScalarFunction.GREATEST else min
            ends = [operand.ends for operand in operands if operand.noisy or operand.value is not None]
            found = [one for one in ends if one is not None]
            return None if len(found) < len(ends) else (pick(low for low, _ in found), pick(high for _, high in found))
        case ScalarFunction.COALESCE:
            decisive = next(operand for operand in operands if operand.noisy or operand.value is not None)
            return decisive.ends
        case ScalarFunction.NULLIF:
            return _unless(operands[0], operands[1])
        case ScalarFunction.LN | ScalarFunction.LOG | ScalarFunction.EXP | ScalarFunction.POWER:
            return _ends_of_real(node, [operand.ends for operand in operands])
        case ScalarFunction.REMAINDER if not _steady(operands[0], operands[1]):
            return None
        case ScalarFunction.REMAINDER | ScalarFunction.BUCKET:
            rest = [operand.value for operand in operands[1:]]
            low, high = (_value(node, [end, *rest]) for end in operands[0].ends or (None, None))
            return (low, high) if isinstance(low, Fraction) and isinstance(high, Fraction) else None
        case _:
            return None if operands[0].ends is None else _ends_of_number(node, *operands[0].ends)


def _steady(one: Known, other: Known) -> bool:
    """Tell whether all of an interval leaves the same quotient, so that the remainder rises."""
    if one.ends is None or other.noisy or not isinstance(other.value, Fraction) or other.value == 0:
        return False
    low, high = ((end - (_left(end, other.value) or 0)) / other.value for end in one.ends)
    return low == high


def _unless(one: Known, other: Known) -> tuple[Fraction, Fraction] | None:
    """Return the interval of NULLIF, which is that of the first where the two cannot be equal."""
    if other.value is None and not other.noisy:
        return one.ends
    if one.ends is None or other.ends is None or max(one.ends[0], other.ends[0]) <= min(one.ends[1], other.ends[1]):
        return None
    return one.ends


def _ends_of_number(node: After, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return the ends of the interval of a function of one number."""
    if node.function is ScalarFunction.SQRT:
        return None if low < 0 else (root_at_most(low), root_at_least(high))
    if node.function is ScalarFunction.ABS:
        return max(Fraction(0), low, -high), max(-low, high)
    ends = _of_number(node, low), _of_number(node, high)
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def nearest(number: Fraction) -> Fraction:
    """Return the nearest number with so many decimal places."""
    return Fraction(math.floor(number * _FINEST + Fraction(1, 2)), _FINEST)


def nearest_root(number: Fraction) -> Fraction:
    """Return the square root to so many places: of two neighbours that one whose square brackets it from the nearer side."""
    below = root_at_most(number)
    return below if number < (below + Fraction(1, 2 * _FINEST)) ** 2 else below + Fraction(1, _FINEST)


def root_at_most(number: Fraction) -> Fraction:
    """Return the square root, rounded down: of p/q that of pq, divided by q."""
    scaled = number.numerator * number.denominator * _FINEST**2
    return Fraction(math.isqrt(scaled) // number.denominator, _FINEST)


def root_at_least(number: Fraction) -> Fraction:
    """Return the square root, rounded up."""
    below = root_at_most(number)
    return below if below * below >= number else below + Fraction(1, _FINEST)


def held(known: Known, low: Fraction, high: Fraction) -> Known:
    """Return a number that is moved into its range, and its interval likewise, of which at least half its width stays."""
    if not isinstance(known.value, Fraction):
        return known
    value = min(max(known.value, low), high)
    if known.ends is None:
        return Known(value, noisy=known.noisy)
    left, right = known.ends
    half = (right - left) / 2
    return Known(value, max(low, min(left, high - half)), min(high, max(right, low + half)), known.noisy)


def covariance(count: Known, left: Known, right: Known, product: Known, *, one: bool) -> Known:
    """Return Σxy/n - (Σx/n)(Σy/n); its interval is what that can be while each total is in its own, n being at least 1.

    With q = Σx·Σy and t = 1/n, it is Σxy·t - q·t²: a parabola in t, whose extremes are at the ends or where it turns.
    """
    if not all(isinstance(part.value, Fraction) and part.ends is not None for part in (count, left, right, product)):
        return Known(None)
    rows = max(Fraction(1), _number(count.value))
    value = _number(product.value) / rows - _number(left.value) * _number(right.value) / rows / rows
    corners = [a * b for a in left.ends or () for b in right.ends or ()]
    if one:
        corners = [number * number for number in left.ends or ()] + [Fraction(0)] * (min(corners) <= 0)
    times = [1 / max(Fraction(1), end) for end in count.ends or ()]
    ends = product.ends or (Fraction(0), Fraction(0))
    return Known(value, min(_parabola(ends[0], max(corners), times)), max(_parabola(ends[1], min(corners), times)))


def _parabola(linear: Fraction, square: Fraction, times: list[Fraction]) -> list[Fraction]:
    """Return what a parabola can be at its extremes."""
    turns = [linear / square / 2] if square != 0 else []
    return [linear * t - square * t * t for t in times + [t for t in turns if min(times) <= t <= max(times)]]


def unbiased(known: Known, count: Known) -> Known:
    """Return a covariance times n/(n - 1), n being at least 2."""
    factors = [1 + 1 / (max(Fraction(2), _number(rows)) - 1) for rows in (count.value, *(count.ends or ()))]
    corners = [end * factor for end in known.ends or () for factor in factors[1:]]
    return Known(_number(known.value) * factors[0], min(corners), max(corners))


def _number(value: Plain) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(0)
