"""Screening: persons whose totals clamping cannot change are added up together, and only the others one by one.

A person's total in a cell of an inner join is a sum of values over some of the pairs of the person's rows on both sides. So its absolute
value is at most that of all pairs of the person: where values are read on one side, the sum of their absolute values there, once for each
row of the other side. Where that is no more than a total's bounds, on either side of 0, no cell of the person is clamped, whatever the keys
are; and clamped totals that are totals add up to the sum over rows. NULL counts as 0 in both sums.

That sum needs one group for each person, on one side of the join; totals need one for each person's cell, behind it. Where nobody has
more than one row on the other side, by the contract, nothing need be counted there. The other side is then divided: rows of persons that
are found are measured as ever, and those of all others with nobody told apart (`statements.statement`). Which these are depends on their
own rows alone, and is told to nobody: the cells of both add up to the same integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.adapters.engine.lone_rows import has_lone_rows
from stillroom.model.expression import (
    Any,
    Arithmetic,
    ArithmeticOp,
    Branch,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    IsNull,
    columns_of,
)
from stillroom.model.measure import Aggregate
from stillroom.model.relation import Filter, Join, JoinKind, PerPerson, Scan, Total, TotalFunction, produced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation

_NAME = "#screening."
"""What its columns are called: no dataset of a contract can have such a name, and no column that the compiler makes."""

FOUND = f"{_NAME}found"
"""What stands for the persons that are found, one row each, in the rows of the two plans."""

_CLAMPED = f"{_NAME}clamped"
"""The column that is true on all rows of persons that are found, and NULL on those of others."""

_ONE = Constant(value=1)

_FEW = 4
"""Bounds that as many of the largest rows reach are reached by too many persons for a screening to pay."""

_LARGEST = 2**53 - 1
"""The largest constant of a plan. A bound that clamping reaches is no larger than the total of all rows, so that this one holds it, too."""


class Screening(NamedTuple):
    """A plan in two: cells of the first and the second add up to those of the plan.

    Attributes:
        found: Everybody whose totals clamping may change, in one row each; in both plans, `FOUND` stands for it.
        apart: The plan of these persons.
        together: The plan of all others, where no total is clamped, and so nobody is told apart.
    """

    found: Relation
    apart: Plan
    together: Plan


def screened(plan: Plan, clamped: Sequence[Measure]) -> Screening | None:
    """Return a plan in two, or nothing if that does not pay.

    Args:
        plan: Sums over the same cells.
        clamped: Those of them that clamping can change.
    """
    join, chosen = plan.whole, plan.bounds.keep_groups or plan.selection is not None
    seldom = all(_seldom(one, plan.bounds.rows) for one in clamped)
    if chosen or not seldom or not isinstance(join, Join) or join.kind is not JoinKind.INNER:
        return None
    values = frozenset[str]().union(*(columns_of(one.value) for one in clamped))
    for side, other in (("right", "left"), ("left", "right")):
        if values <= produced(getattr(join, side)):
            of_one = has_lone_rows(getattr(join, other), plan.lone)
            found = _found(getattr(join, side), None if of_one else getattr(join, other), clamped, plan.bounds.rows)
            mine, others = (join.model_copy(update={other: half}) for half in _halves(getattr(join, other)))
            return Screening(found, plan.model_copy(update={"rows": mine}), _unclamped(plan.model_copy(update={"rows": others})))
    return None


def _halves(side: Relation) -> tuple[Relation, Relation]:
    """Return the rows of persons that are found, and those of all others."""
    found = Scan(dataset=FOUND, name=FOUND, columns=())
    marked = Join(kind=JoinKind.LEFT, left=side, right=found, has_right=_CLAMPED)
    return Join(kind=JoinKind.INNER, left=side, right=found), Filter(source=marked, condition=IsNull(operand=Column(name=_CLAMPED)))


def _unclamped(plan: Plan) -> Plan:
    """Return a plan whose bounds let all totals pass."""
    rows = plan.bounds.rows
    wide = (one.model_copy(update={"low": rows * one.row_low, "high": rows * one.row_high}) for one in plan.measures)
    return plan.model_copy(update={"measures": tuple(wide)})


def _seldom(measure: Measure, rows: int) -> bool:
    """Tell whether few persons' totals are clamped, as far as bounds tell, in numbers that plans can hold."""
    largest = _largest(measure)
    return measure.aggregate is Aggregate.SUM and _FEW * largest <= _bound(measure) and rows * largest <= _LARGEST


def _largest(measure: Measure) -> int:
    """Return the largest absolute value of a row."""
    return max(-measure.row_low, measure.row_high)


def _bound(measure: Measure) -> int:
    """Return the largest absolute value that a total may have on either side of 0, where it can be there."""
    return min(measure.high, -measure.low) if measure.row_low < 0 else measure.high


def _found(side: Relation, other: Relation | None, clamped: Sequence[Measure], rows: int) -> Relation:
    """Return one row for each person with a sum of absolute values, over all pairs, that is beyond a bound."""
    totals = tuple(Total(name=f"{_NAME}{n}", function=TotalFunction.SUM, value=_absolute(one)) for n, one in enumerate(clamped))
    summed, times = PerPerson(source=side, keys=(), totals=totals), Total(name=f"{_NAME}times", function=TotalFunction.COUNT, value=_ONE)
    sums: list[Expression] = [Column(name=total.name) for total in totals]
    if other is None:
        return _beyond(summed, sums, clamped)
    both = Join(kind=JoinKind.INNER, left=summed, right=PerPerson(source=other, keys=(), totals=(times,)))
    pairs = [_times(one, Column(name=times.name), rows * _largest(bounded)) for one, bounded in zip(sums, clamped, strict=True)]
    return _beyond(both, pairs, clamped)


def _beyond(persons: Relation, sums: Sequence[Expression], clamped: Sequence[Measure]) -> Relation:
    """Return the persons with a sum that is beyond a bound."""
    bounds = (Constant(value=_bound(one)) for one in clamped)
    beyond = (Compare(comparison=Comparison.LESS, left=bound, right=one) for bound, one in zip(bounds, sums, strict=True))
    return Filter(source=persons, condition=Any(operands=tuple(beyond)))


def _absolute(measure: Measure) -> Expression:
    """Write the absolute value of a row's value."""
    if measure.row_low == 0:
        return measure.value
    zero = Constant(value=0)
    negated = Arithmetic(operation=ArithmeticOp.SUBTRACT, left=zero, right=measure.value, bound=_largest(measure))
    negative = Compare(comparison=Comparison.LESS, left=measure.value, right=zero)
    return Case(branches=(Branch(when=negative, then=negated),), otherwise=measure.value)


def _times(left: Expression, right: Expression, bound: int) -> Expression:
    return Arithmetic(operation=ArithmeticOp.MULTIPLY, left=left, right=right, bound=bound)
