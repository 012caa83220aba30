"""Square roots, rounded half away from zero to as many decimal places as engines take exactly.

Engines have roots of doubles alone. IEEE 754 (section 5.4.1) has them rounded correctly; and a root of a whole number below 2**52 that is
not whole lies more than 2**-27 below the next whole number, where doubles are no further apart. So its whole part is the same everywhere:
that is `Function.ROOT`. A root is rounded by the whole part r of the root of four times the number: it is (r + 1) // 2.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING

from stillroom.model.expression import ArithmeticOp
from stillroom.model.function import LARGEST_ROOTED, Function
from stillroom.query.functions.call import called, nullable, whole
from stillroom.query.functions.numbers import floor, in_places, in_units
from stillroom.query.text.parse import only
from stillroom.query.typed import arithmetic, number_type, span, too_large

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand
    from stillroom.query.typed import Typed

FEWEST_PLACES, MOST_PLACES = -6, 6
"""To how many decimal places a root is rounded, of a number in whole units."""


def root_places(most: Fraction) -> int:
    """Return to how many decimal places a root can be taken of numbers up to some number.

    Raises:
        InvalidInput: To none: the numbers are too large.
    """
    for places in range(MOST_PLACES, FEWEST_PLACES - 1, -1):
        if 4 * most * Fraction(10) ** (2 * places) <= LARGEST_ROOTED:
            return places
    raise too_large()


def half_of_root(four_times: Typed) -> Typed:
    """Return the root of a whole number, rounded, from four times that number; NULL below 0."""
    low, high = span(four_times)
    ends = isqrt(max(low, 0)), isqrt(max(high, 0))
    found = called(Function.ROOT, number_type(0, *ends, nullable=low < 0 or nullable(four_times)), four_times)
    return floor(arithmetic(ArithmeticOp.ADD, found, whole(1)), 2)


def root(number: Typed) -> Typed:
    """Return the square root of a number; NULL below 0."""
    digits, (_, high) = number.type.digits, span(number)
    places = root_places(Fraction(max(high, 0), 10**digits))
    shift = 2 * places - digits
    four = arithmetic(ArithmeticOp.MULTIPLY, in_units(number), whole(4 * 10 ** max(shift, 0)))
    return in_places(half_of_root(floor(four, 10**-shift) if shift < 0 else four), places)


def _root(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    return root(operand(node.this))


ROOTS: dict[str, Meaning] = {"Sqrt": _root}
