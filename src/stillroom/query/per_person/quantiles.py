"""Quantiles of one person's rows: between the two values that a place in their order falls between, exactly.

Of n values in order, numbered from 1, the quantile p stands at the place 1 + (n - 1)·p. With p = a/b in lowest terms, row i lies
i·b - b - (n - 1)·a parts of 1/b from there. Nearer than b of these, it counts b less how many they are: the two rows around the place, or
the one on it, count b together, and what they add up to is b times the value that lies between them. Rows of equal values may change
places; the sum is the same.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.expression import PARTS, ArithmeticOp
from stillroom.model.function import Function
from stillroom.query.aggregate_types import between
from stillroom.query.functions.call import whole
from stillroom.query.functions.choices import extreme
from stillroom.query.functions.numbers import absolute
from stillroom.query.typed import Typed, arithmetic, quotient

if TYPE_CHECKING:
    from collections.abc import Callable


def quantile(value: Typed, number: Typed, count: Typed, part: int, total: Callable[[Typed], Typed]) -> Typed:
    """Return a quantile of a person, with six decimal places, or as many as its values have more; NULL without a value.

    Args:
        value: The value of a row.
        number: The row's number in the order of these.
        count: How many rows have a value.
        part: Which quantile, in units of 1/`PARTS`.
        total: Adds the sum of a value over the person's rows, and returns its column.
    """
    at = Fraction(part, PARTS)
    before = arithmetic(ArithmeticOp.SUBTRACT, number, whole(1))
    place = _times(arithmetic(ArithmeticOp.SUBTRACT, count, whole(1)), at.numerator)
    away = absolute(arithmetic(ArithmeticOp.SUBTRACT, _times(before, at.denominator), place))
    counts = extreme(Function.GREATEST, arithmetic(ArithmeticOp.SUBTRACT, whole(at.denominator), away), whole(0))
    weighed = arithmetic(ArithmeticOp.MULTIPLY, value, counts)
    found = quotient(total(replace(weighed, reads=value.reads, tests=value.tests)), whole(at.denominator))
    return between(found, value)


def _times(number: Typed, factor: int) -> Typed:
    return arithmetic(ArithmeticOp.MULTIPLY, number, whole(factor))
