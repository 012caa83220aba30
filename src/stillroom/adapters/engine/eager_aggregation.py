"""Eager aggregation: what persons add is added up on its own side of a join, before it, where the other side has all keys.

A person's rows in an inner join of private relations are all pairs of the person's rows on both sides. Where values are read on one side
and keys on the other, the total in a cell is the sum, over the pairs in it, of a value of each row of one side, once for each row of the
other; so it is that of the one side's total, once for each row of the other. A left join whose left side is added up is the same, since
it keeps all of these rows. Totals are clamped, and cells of a person kept, behind the join, as ever: they are the same numbers.

Few persons have one row, so that what is joined, looked up and grouped becomes much less. Where nobody has more than one row on the other
side, by the contract, none has more behind the join: totals are clamped as they come, with nobody told apart again.

Source: Yan and Larson, *Eager Aggregation and Lazy Aggregation*, VLDB 1995. Their totals have the columns of the join for keys,
which here are the person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.engine.lone_rows import has_lone_rows
from stillroom.model.expression import Column, columns_of
from stillroom.model.relation import Join, JoinKind, PerPerson, Total, TotalFunction, made, produced

if TYPE_CHECKING:
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan

_NAME = "#eager."
"""What such totals are called: no dataset of a contract can have such a name, and no column that the compiler makes."""


def aggregated_eagerly(plan: Plan) -> Plan:
    """Return a plan with the same cells for measures of one kind, which adds up one side of its join before it joins, if it can."""
    join, keys = plan.whole, frozenset[str]().union(*(columns_of(key.value) for key in plan.keys))
    values = frozenset[str]().union(*(columns_of(one.value) for one in plan.measures))
    summed = not any(one.distinct for one in plan.measures)
    if not isinstance(join, Join) or not summed or join.condition is not None or not values:
        return plan
    if join.kind is JoinKind.INNER and values <= produced(join.right) and keys <= produced(join.left):
        return _with_totals(plan, join, "right", lone=has_lone_rows(join.left, plan.lone))
    kept = join.kind in {JoinKind.INNER, JoinKind.LEFT}
    if kept and values <= produced(join.left) and keys <= produced(join.right) | frozenset(made(join)):
        return _with_totals(plan, join, "left", lone=has_lone_rows(join.right, plan.lone))
    return plan


def _with_totals(plan: Plan, join: Join, side: str, *, lone: bool) -> Plan:
    """Return the plan with the totals of a side in its place; and with one row of everybody, where nobody has more on the other side."""
    totals = tuple(Total(name=f"{_NAME}{n}", function=_function(one), value=one.value) for n, one in enumerate(plan.measures))
    added = PerPerson(source=getattr(join, side), keys=(), totals=totals)
    measures = tuple(one.model_copy(update={"value": Column(name=total.name)}) for one, total in zip(plan.measures, totals, strict=True))
    eager = plan.model_copy(update={"rows": join.model_copy(update={side: added}), "measures": measures})
    return _of_one_row(eager) if lone else eager


def _function(measure: Measure) -> TotalFunction:
    """Return what adds up a measure's values: ones are counted, which takes engines less."""
    return TotalFunction.COUNT if measure.of_ones else TotalFunction.SUM


def _of_one_row(plan: Plan) -> Plan:
    """Return a plan of totals of so many rows as one of rows, of which everybody has one."""
    rows = plan.bounds.rows
    of_totals = (one.model_copy(update={"row_low": rows * one.row_low, "row_high": rows * one.row_high}) for one in plan.measures)
    return plan.model_copy(update={"measures": tuple(of_totals), "bounds": plan.bounds.model_copy(update={"rows": 1})})
