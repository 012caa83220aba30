"""How the values of one person are spread, and hang together: variances, deviations, covariances, correlations and regressions.

All is made of counts and sums, and exact until one quotient or root at the end, which is rounded half away from zero: a quotient to six
decimal places, or to as many as what is divided has more; a root to as many as engines take exactly (`functions.roots`). With n rows that
have both values, n·Σyx - Σy·Σx is n² times their covariance.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.expression import ArithmeticOp, Comparison, IsNull
from stillroom.model.function import Function
from stillroom.model.relation import TotalFunction
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.comparisons import comparison_of
from stillroom.query.constants import NULL
from stillroom.query.functions.call import called, whole
from stillroom.query.functions.numbers import in_places, in_units, quotient_of_wholes
from stillroom.query.functions.roots import half_of_root, root_places
from stillroom.query.text.parse import unsupported
from stillroom.query.typed import CONSTANT_LIMIT, NUMBER_LIMIT, Typed, arithmetic, choice, combined, number_type, picked, quotient, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlglot import exp

    Measured = Callable[[TotalFunction, Typed], Typed]


CORRELATED = (6, 5, 4, 3, 2)
"""To how many decimal places a correlation is rounded: the first that numbers are small enough for."""


class Spread:
    """What is added up of one or two numbers, over the rows of a person in which none of them is NULL."""

    def __init__(self, operands: Sequence[Typed], rows: int, total: Measured) -> None:
        """Remember the numbers; what is not needed is not added up.

        Args:
            operands: The numbers: of two, y and x.
            rows: The most rows of a person.
            total: Adds a total of a person, and returns its column.
        """
        self._operands, self._rows, self._total = operands, rows, total

    def value(self, node: exp.Expr) -> Typed:
        """Return a variance, deviation, covariance, correlation or regression.

        Raises:
            Refusal: It is another aggregate, or a number has no bounds.
            InvalidInput: What is divided could become too large.
        """
        from sqlglot import exp

        match node:
            case exp.Variance() | exp.VariancePop():
                return self._covariance(0, 0, sample=isinstance(node, exp.Variance))
            case exp.Stddev() | exp.StddevSamp() | exp.StddevPop():
                return self._deviation(sample=not isinstance(node, exp.StddevPop))
            case exp.Corr():
                return self._correlation()
            case exp.CovarSamp() | exp.CovarPop():
                return self._covariance(0, 1, sample=isinstance(node, exp.CovarSamp))
            case exp.RegrSlope():
                return _between(quotient(self._moment(0, 1), self._moment(1, 1)), self._steepest(), self._digits(0) - self._digits(1))
            case exp.RegrIntercept():
                return self._intercept()
            case _:
                raise unsupported(node)

    def _covariance(self, one: int, other: int, *, sample: bool) -> Typed:
        """Return a covariance, or the variance of one number; NULL without rows, and of a sample without two.

        Its range is that of Popoviciu's inequality: a variance is at most (high - low)²/4, and by Cauchy and Schwarz a covariance is at
        most the product of two deviations. A sample's is n/(n - 1) times as much, which is at most 2.
        """
        found = quotient(self._moment(one, other), self._pairs(sample=sample))
        return _between(found, self._most(one, other, sample=sample), self._digits(one, other), signed=one != other)

    def _deviation(self, *, sample: bool) -> Typed:
        """Return the root of a variance: to as many more decimal places than the number has as roots are taken to."""
        most = self._most(0, 0, sample=sample)
        places = root_places(most)
        ahead, behind = (whole(4 * 10 ** (2 * max(places, 0))), whole(10 ** (2 * max(-places, 0))))
        four = quotient_of_wholes(_times(in_units(self._moment(0, 0)), ahead), _times(self._pairs(sample=sample), behind))
        found = half_of_root(_between(four, 4 * most * Fraction(10) ** (2 * places), 0, signed=False))
        return in_places(found, self._digits(0) + places)

    def _correlation(self) -> Typed:
        """Return a covariance by the root of the product of both variances; NULL where that is 0.

        Its square is a quotient of whole numbers, which is at most 1 by Cauchy and Schwarz. The more decimal places, the larger it is.
        """
        together, *own = (self._bounded_moment(*both) for both in ((0, 1), (0, 0), (1, 1)))
        square, apart = _times(together, together), _times(*own)
        places = next((places for places in CORRELATED if span(square)[1] * 4 * 10 ** (2 * places) < NUMBER_LIMIT), CORRELATED[-1])
        most = 4 * 10 ** (2 * places)
        size = half_of_root(_between(quotient_of_wholes(_times(square, whole(most)), apart), Fraction(most), 0, signed=False))
        negative, negated = comparison_of(Comparison.LESS, together, whole(0)), arithmetic(ArithmeticOp.SUBTRACT, whole(0), size)
        return in_places(picked([(negative, negated)], size, nullable=True), places)

    def _bounded_moment(self, one: int, other: int) -> Typed:
        """Return n² times a covariance, in units, within what it can be."""
        most = self._rows**2 * self._most(one, other, sample=False)
        return _between(in_units(self._moment(one, other)), most, 0, signed=one != other)

    def _pairs(self, *, sample: bool) -> Typed:
        """Return what n² times a covariance is divided by: n², or for a sample n·(n - 1)."""
        rows = self._count()
        return _times(rows, arithmetic(ArithmeticOp.SUBTRACT, rows, whole(1)) if sample else rows)

    def _most(self, one: int, other: int, *, sample: bool) -> Fraction:
        """Return the most that a covariance can be, in units."""
        return Fraction(self._width(one) * self._width(other), 2 if sample else 4)

    def _intercept(self) -> Typed:
        """Return where the line of the regression meets the axis: (Σy·Σx² - Σx·Σyx) by (n·Σx² - (Σx)²), NULL where that is 0.

        It is the mean of y less the slope times the mean of x.
        """
        ahead, behind = _times(self._sum(0), self._sum(1, 1)), _times(self._sum(1), self._sum(0, 1))
        found = quotient(arithmetic(ArithmeticOp.SUBTRACT, ahead, behind), self._moment(1, 1))
        largest = [max(map(abs, span(operand))) for operand in self._operands]
        return _between(found, largest[0] + self._steepest() * largest[1], self._digits(0))

    def _steepest(self) -> Fraction:
        """Return the most that a slope can be, in units of y by units of x.

        It is at most the deviation of y by that of x. The former is at most half the width of y's bounds. Unless all x are equal, n - 1
        pairs of them differ by a unit or more, and n² times the variance of x is the sum of the squared differences of all pairs: so the
        latter is at least √(n - 1)/n, and 1/n.
        """
        return Fraction(self._width(0) * self._rows, 2)

    def _moment(self, one: int, other: int) -> Typed:
        """Return n² times a covariance."""
        together = _times(self._count(), self._sum(one, other))
        return arithmetic(ArithmeticOp.SUBTRACT, together, _times(self._sum(one), self._sum(other)))

    def _count(self) -> Typed:
        """Return how many rows have all numbers."""
        return self._total(TotalFunction.COUNT, self._product(*range(len(self._operands))))

    def _sum(self, *numbers: int) -> Typed:
        """Return the sum of a product of numbers, over the rows that have all of them."""
        value = self._product(*numbers)
        for number, other in enumerate(self._operands):
            if number not in numbers and other.type.nullable:
                missing = combined(IsNull(operand=other.expression), ColumnType(kind=Kind.BOOLEAN, nullable=False), other)
                value = choice([(missing, NULL)], value)
        return self._total(TotalFunction.SUM, value)

    def _product(self, first: int, *others: int) -> Typed:
        """Return a product of numbers, which is NULL where one of them is."""
        value = self._operands[first]
        for other in others:
            value = _times(value, self._operands[other])
        return value

    def _width(self, number: int) -> int:
        low, high = span(self._operands[number])
        return high - low

    def _digits(self, *numbers: int) -> int:
        return sum(self._operands[number].type.digits for number in numbers)


def _times(left: Typed, right: Typed) -> Typed:
    return arithmetic(ArithmeticOp.MULTIPLY, left, right)


def _between(found: Typed, most: Fraction, digits: int, *, signed: bool = True) -> Typed:
    """Return a number whose size is known to be at most so many units of 10**-digits, so that it has that range.

    Rounding takes no number past the next whole one. Ends that are too large to be written are left out.
    """
    end = math.ceil(most * 10 ** (found.type.digits - digits))
    if end >= CONSTANT_LIMIT:
        return found
    low = -end if signed else 0
    return called(Function.WITHIN, number_type(found.type.digits, low, end, nullable=True), found, whole(low), whole(end))
