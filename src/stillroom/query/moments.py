"""Variances, covariances and what is made of them, from counts, sums and sums of products.

The middle of a column's bounds is taken off its values before they are multiplied. That changes no variance or covariance, and makes what
one person can add to a sum of products as small as it can be made from the contract alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.after import ScalarFunction
from stillroom.model.expression import After, Arithmetic, ArithmeticOp, Bounded, Column, Constant, Covariance, Divide, Expression, IsNull
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.constants import NULL
from stillroom.query.result import SHOWN_DIGITS, Result
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, arithmetic, choice, combined, constant, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlglot import exp

FINER = 2
"""Decimal places of the bounds of a variance beyond those of a product of its columns: they are quarters."""

QUARTER = 25
"""A quarter, in hundredths."""


class Moments:
    """What is measured of one or two columns, over the rows in which none of them is NULL; what is not needed is not measured."""

    def __init__(self, operands: Sequence[Typed], count: Callable[[], str], total: Callable[[Typed], str]) -> None:
        """Remember the columns.

        Args:
            operands: The columns.
            count: Measures how many rows there are, and returns the name of that.
            total: Measures the sum of a value, likewise.
        """
        self.operands, self._total = operands, total
        self.count = Column(name=count())
        self.centres = [constant(sum(span(one)) // 2, one.type.kind, one.type.digits) for one in operands]
        self.values = [arithmetic(ArithmeticOp.SUBTRACT, one, centre) for one, centre in zip(operands, self.centres, strict=True)]

    def covariance(self, one: int, other: int, *, sample: bool) -> Covariance:
        """Return the covariance of two columns, or the variance of one.

        Its range is that of Popoviciu's inequality: a variance is at most (high - low)²/4, and by Cauchy and Schwarz a covariance is at
        most the product of two deviations.
        """
        widths = [high - low for low, high in (span(self.operands[number]) for number in (one, other))]
        most = QUARTER * widths[0] * widths[1]
        return Covariance(
            count=self.count,
            left=self.sum(one),
            right=self.sum(other),
            product=self._measured(arithmetic(ArithmeticOp.MULTIPLY, self.values[one], self.values[other]), one, other),
            sample=sample,
            low=0 if one == other else -most,
            high=most,
            digits=self.digits(one, other) + FINER,
        )

    def sum(self, number: int) -> Column:
        """Return the sum of a column, without its centre."""
        return self._measured(self.values[number], number)

    def mean(self, number: int) -> Expression:
        """Return the average of a column; a count below 1 is taken as 1."""
        rows = After(function=ScalarFunction.GREATEST, operands=(self.count, Constant(value=1)))
        centre = self.centres[number]
        middle = Constant(value=centre.type.low, digits=centre.type.digits)
        return Arithmetic(operation=ArithmeticOp.ADD, left=middle, right=Divide(left=self.sum(number), right=rows))

    def digits(self, *numbers: int) -> int:
        """Return how many decimal places a product of columns has."""
        return sum(self.operands[number].type.digits for number in numbers)

    def _measured(self, value: Typed, *numbers: int) -> Column:
        """Measure the sum of a value that is made of some of the columns, in rows where the others are not NULL either."""
        for number, other in enumerate(self.operands):
            if number not in numbers and other.type.nullable:
                kind = ColumnType(kind=Kind.BOOLEAN, nullable=False)
                value = choice([(combined(IsNull(operand=other.expression), kind, other), NULL)], value)
        return Column(name=self._total(value))


def moment(node: exp.Expr, moments: Moments) -> Result:
    """Return a variance, deviation, covariance, correlation or regression.

    Raises:
        Refusal: It is another aggregate.
    """
    from sqlglot import exp

    only(node, {"this", "expression"})
    match node:
        case exp.Variance() | exp.VariancePop():
            return _number(moments.covariance(0, 0, sample=isinstance(node, exp.Variance)), moments.digits(0, 0) + SHOWN_DIGITS)
        case exp.Stddev() | exp.StddevSamp() | exp.StddevPop():
            return _number(_root(moments.covariance(0, 0, sample=not isinstance(node, exp.StddevPop))), moments.digits(0) + SHOWN_DIGITS)
        case exp.CovarSamp() | exp.CovarPop():
            return _number(moments.covariance(0, 1, sample=isinstance(node, exp.CovarSamp)), moments.digits(0, 1) + SHOWN_DIGITS)
        case exp.Corr():
            return _number(_correlation(moments), SHOWN_DIGITS)
        case exp.RegrSlope():
            return _number(_slope(moments), SHOWN_DIGITS)
        case exp.RegrIntercept():
            rise = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=_slope(moments), right=moments.mean(1))
            return _number(Arithmetic(operation=ArithmeticOp.SUBTRACT, left=moments.mean(0), right=rise), SHOWN_DIGITS)
        case _:
            raise unsupported(node)


def _number(expression: Expression, digits: int) -> Result:
    return Result(expression, Kind.DECIMAL, digits, noisy=True)


def _root(expression: Expression) -> Expression:
    return After(function=ScalarFunction.SQRT, operands=(expression,))


def _correlation(moments: Moments) -> Expression:
    """Return the covariance by the product of the deviations; NULL where one of these is 0."""
    variances = [moments.covariance(number, number, sample=False) for number in (0, 1)]
    both = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=variances[0], right=variances[1])
    return Bounded(operand=Divide(left=moments.covariance(0, 1, sample=False), right=_root(both)), low=-1, high=1)


def _slope(moments: Moments) -> Expression:
    """Return the covariance by the variance of the second column; NULL where that is 0."""
    return Divide(left=moments.covariance(0, 1, sample=False), right=moments.covariance(1, 1, sample=False))
