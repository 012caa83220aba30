"""What a plan measures, as lazy frames: one for all sums over the same cells, and one for all counts of distinct values there.

Columns that all steps know: `person`, the keys `k0, k1, …`, their positions `i0, i1, …` and the measures `m0, m1, …`. A selected key has
no positions: its values stand for them. Where keys are selected, `persons` says, in one cell of each combination that a person is in, that
the person is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.engine.eager_aggregation import aggregated_eagerly
from stillroom.adapters.engine.kinds import key_places, kind_plan, measure_kinds
from stillroom.adapters.polars.joins import PERSON
from stillroom.adapters.polars.keeping import kept
from stillroom.adapters.polars.rows import RowWriter
from stillroom.adapters.polars.terms import term
from stillroom.adapters.polars.values import Term, Type, as_type, common, number, type_of, whole
from stillroom.adapters.statements.sql import within
from stillroom.adapters.statements.statement import SUM_LIMIT, TOTAL_LIMIT, can_clamp, needs_person_step
from stillroom.model.measure import Aggregate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.engine.kinds import MeasureKind
    from stillroom.adapters.polars.keeping import Choice
    from stillroom.adapters.polars.rows import Reader
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Key, Plan

PERSONS = "persons"


@dataclass(frozen=True)
class Cells:
    """Some measures of a plan as a frame.

    Its rows are the cells that somebody is in: the position of each key in its domain, or its value if it is selected, then the exact total
    of each measure, and, where they are counted along with these, the number of persons whose combination of selected keys is counted in
    this cell.

    Attributes:
        measures: The positions of these measures in the plan.
        cells: The positions of the keys that tell their cells apart.
        counted: Whether the last column is a number of persons.
        frame: The rows.
    """

    measures: tuple[int, ...]
    cells: tuple[int, ...]
    counted: bool
    frame: pl.LazyFrame


def cells_of(plan: Plan, reader: Reader, choice: Choice) -> list[Cells]:
    """Make the cells of a plan.

    Args:
        plan: What to measure.
        reader: Where its rows are.
        choice: What chooses among a person's cells.

    Raises:
        Failed: The plan is not one that this engine can run, whatever the data.
    """
    return [_cells(plan, kind, reader, choice) for kind in measure_kinds(plan)]


def _cells(plan: Plan, kind: MeasureKind, reader: Reader, choice: Choice) -> Cells:
    """Make the measures of one kind; to all that follows, these are the plan's, and their keys are its keys."""
    grouped, keys = len(plan.grouping), (*range(len(plan.grouping)), *kind.grid)
    places = key_places(plan, kind)
    plan = kind_plan(plan, kind)
    if needs_person_step(plan):
        plan = aggregated_eagerly(plan)
    keep = plan.bounds.keep_groups and plan.bounds.rows > 1
    valued = _Valued(plan, reader)
    cell = [_positions(plan)[n] for n in places]
    if kind.aggregate in {Aggregate.SUM, Aggregate.REMOVED} and not (keep and kind.grid):
        frame = _sums(plan, valued, cell, choice if keep else None)
    else:
        frame = _made(plan, cell, _of_rows(plan, valued, grouped, choice if keep else None))
    return Cells(kind.measures, tuple(keys[n] for n in places), kind.counted, frame)


class _Valued:
    """The rows of a plan with their person, keys and measures, and the domains of the keys."""

    def __init__(self, plan: Plan, reader: Reader) -> None:
        writer = RowWriter(plan, reader)
        source = writer.rows(plan.rows)
        scope = writer.scope(source.columns)
        keys = [_key(key, term(key.value, scope)) for key in plan.keys]
        values = [term(one.value, scope) for one in plan.measures]
        if all(one.aggregate is not Aggregate.UNION for one in plan.measures):
            values = [Term(as_type(number(value), Type.WIDE), Type.WIDE) for value in values]
        named = {f"k{n}": key for n, (key, _) in enumerate(keys)} | {f"m{n}": value.node for n, value in enumerate(values)}
        self.frame = scope.onto(source.frame).select(PERSON, *(node.alias(name) for name, node in named.items()))
        self._domains = {n: pl.LazyFrame([domain]) for n, (_, domain) in enumerate(keys) if domain is not None}

    def placed(self, frame: pl.LazyFrame, keys: Sequence[int]) -> pl.LazyFrame:
        """Add the position of each of some keys in its domain, if it has one; a value that is not in it is in no cell."""
        for n in keys:
            if n in self._domains:
                domain = self._domains[n].with_row_index(f"i{n}")
                frame = frame.join(domain, left_on=f"k{n}", right_on="value", how="inner", nulls_equal=True)
        return frame


def _key(key: Key, value: Term) -> tuple[pl.Expr, pl.Series | None]:
    """Return a key, and the values of its domain, if it has one, in one type."""
    if key.domain is None:
        return as_type(value, type_of(key.kind) if value.type is Type.NULL else value.type), None
    listed = Term(pl.col("value"), type_of(key.kind))
    shared = common((value, listed))
    return as_type(value, shared), pl.Series("value", key.domain, dtype=shared.value)


def _positions(plan: Plan) -> list[str]:
    """Return the columns that name a cell, selected keys first."""
    return [f"k{n}" if key.domain is None else f"i{n}" for n, key in enumerate(plan.keys)]


def _totals(plan: Plan) -> list[str]:
    return [f"m{n}" for n in range(len(plan.measures))]


def _sums(plan: Plan, valued: _Valued, cell: Sequence[str], choice: Choice | None) -> pl.LazyFrame:
    """Return the totals of rows, in their cells, in the cells that are kept, and the sums over persons in the cells of measures."""
    names, keys = _totals(plan), range(len(plan.keys))
    if needs_person_step(plan):
        frame = _of_persons(plan, valued.placed(valued.frame, keys), _positions(plan))
        if choice is not None:
            frame = kept(frame, plan.keys, _positions(plan), plan.bounds.groups, choice)
        if plan.selection is not None:
            frame = _counted(plan, frame)
    else:
        frame = _of_single_rows(plan, valued)
    persons = [PERSONS] if plan.selection is not None else []
    return _aggregated(frame, cell, [pl.col(name).sum() for name in (*names, *persons)])


def _aggregated(frame: pl.LazyFrame, groups: Sequence[str], totals: Sequence[pl.Expr]) -> pl.LazyFrame:
    """Return groups and totals; where there is nothing to group by, all rows are one group."""
    return frame.group_by(groups).agg(totals) if groups else frame.select(totals)


def _of_persons(plan: Plan, placed: pl.LazyFrame, cell: Sequence[str]) -> pl.LazyFrame:
    """Return each person's total in each cell, clamped where that can change it."""
    totals = [_bounded(_total(n, plan), one, plan.bounds.rows) for n, one in enumerate(plan.measures)]
    return _aggregated(placed, [PERSON, *cell], totals)


def _of_single_rows(plan: Plan, valued: _Valued) -> pl.LazyFrame:
    """Return the totals of each combination of keys in its cell, where no step needs persons.

    A row is then all that its person has, if it can be clamped. Keys are looked up once for each combination that occurs.
    """
    rows, keyed = valued.frame, [f"k{n}" for n in range(len(plan.keys))]
    clamps = [_bounded(pl.col(f"m{n}").fill_null(0), one, plan.bounds.rows) for n, one in enumerate(plan.measures)]
    totals = [_total(n, plan) for n in range(len(plan.measures))]
    persons = [pl.len().cast(Type.NARROW.value).alias(PERSONS)] if plan.selection is not None else []
    return valued.placed(_aggregated(rows.with_columns(clamps), keyed, [*totals, *persons]), range(len(plan.keys)))


def _total(n: int, plan: Plan) -> pl.Expr:
    """Write the total of as many rows as a person has at most. It is 0 of none; Polars adds 128 bits exactly, within the limits."""
    measure, rows = plan.measures[n], plan.bounds.rows
    within(max(-measure.low, measure.high), TOTAL_LIMIT)
    within(rows * max(-measure.row_low, measure.row_high), SUM_LIMIT)
    return pl.col(f"m{n}").sum()


def _bounded(total: pl.Expr, measure: Measure, rows: int) -> pl.Expr:
    """Write a total clamped where so many rows can change it, or what clamping removes from it."""
    clamped = total.clip(whole(measure.low, Type.WIDE), whole(measure.high, Type.WIDE)) if can_clamp(measure, rows) else total
    return total - clamped if measure.aggregate is Aggregate.REMOVED else clamped


def _counted(plan: Plan, cells: pl.LazyFrame) -> pl.LazyFrame:
    """Mark one cell of each combination of selected keys that a person is in: which one does not matter, since marks are added up."""
    combination = pl.struct(PERSON, *(f"k{n}" for n in range(plan.selected)))
    return cells.with_columns(combination.is_first_distinct().cast(Type.NARROW.value).alias(PERSONS))


def _of_rows(plan: Plan, valued: _Valued, grouped: int, choice: Choice | None) -> pl.LazyFrame:
    """Return rows in their groups, those of the groups that their persons keep, and the cells of the grid there.

    What a person keeps is decided before anything is counted, by groups alone: a value in a group that its person gives up does not count
    there, and the grid has no say in it.
    """
    rows, groups = valued.placed(valued.frame, range(grouped)), _positions(plan)[:grouped]
    if choice is not None:
        mine = rows.select(PERSON, *groups).unique()
        mine = kept(mine, plan.keys[:grouped], groups, plan.bounds.groups, choice)
        rows = rows.join(mine.select(PERSON, *groups), on=[PERSON, *groups], how="semi", nulls_equal=True)
    return valued.placed(rows, range(grouped, len(plan.keys)))


def _made(plan: Plan, cell: Sequence[str], rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return what is made of rows in the cells of measures: how many values they have, or the sum of their persons' totals.

    A person who is counted has one total in such a cell, and one in each leaf cell otherwise.
    """
    names = _totals(plan)
    if plan.measures[0].aggregate is Aggregate.UNION:
        return _aggregated(rows, cell, [pl.col(name).drop_nulls().n_unique().cast(Type.NARROW.value) for name in names])
    own = cell if plan.measures[0].aggregate is Aggregate.PERSONS else _positions(plan)
    return _aggregated(_of_persons(plan, rows, own), cell, [pl.col(name).sum() for name in names])
