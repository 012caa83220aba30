"""The SELECTs that measure a plan: one for all sums over the same cells, and one for all counts of distinct values there.

Columns that all steps know: `person`, the keys `k0, k1, …`, their positions `i0, i1, …` and the measures `m0, m1, …`. A selected key has
no positions: its values stand for them. Where keys are selected, `persons` says, in one cell of each combination that a person is in, that
the person is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.engine.eager_aggregation import aggregated_eagerly
from stillroom.adapters.engine.kinds import key_places, kind_plan, measure_kinds
from stillroom.adapters.engine.screening import FOUND, screened
from stillroom.adapters.statements.keys import keyed, looked_up, positions
from stillroom.adapters.statements.rows import RowWriter
from stillroom.adapters.statements.sql import SqlType, Texts, all_of, as_type, number, sql_cast, whole, within
from stillroom.adapters.statements.terms import term
from stillroom.model.measure import Aggregate
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.engine.kinds import MeasureKind
    from stillroom.adapters.engine.screening import Screening
    from stillroom.adapters.statements.dialect import Dialect
    from stillroom.adapters.statements.keys import Keyed
    from stillroom.adapters.statements.rows import Read
    from stillroom.adapters.statements.terms import Scope
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Key, Plan

SUM_LIMIT = 2**126
"""No sum may reach this before it is clamped; whatever an engine takes for WIDE holds it: 128 bits, or 38 decimal digits."""

TOTAL_LIMIT = 2**95
"""No person's clamped total may reach this, so that those of 2**31 persons, as many as there are codes, add up to less than 2**126."""


@dataclass(frozen=True)
class Statement:
    """Some measures of a plan as SQL.

    Its rows are the cells that somebody is in: the position of each key in its domain that tells cells apart, or its value if it is
    selected, then the exact total of each measure, and, where they are counted along with these, the number of persons whose combination of
    selected keys is counted in this cell.
    A key that it looks up has a table `d<n>` of its domain, with the columns `i<n>` and `v<n>`.

    Attributes:
        measures: The positions of these measures in the plan.
        domains: For each `n` of such a key, its position in the plan.
        cells: The positions of the keys that tell the cells of the measures apart: no key for what clamping removes.
        counted: Whether the last column is a number of persons.
        sql: The text, made of names and numbers of our own only.
        texts: The text constants, bound as parameters.
        reads: The tables of the contract that it reads.
        names_persons: Whether it reads the table `persons`, with the columns `code` and `identifier`.
    """

    measures: tuple[int, ...]
    domains: dict[int, int]
    cells: tuple[int, ...]
    counted: bool
    sql: str
    texts: dict[str, str]
    reads: tuple[Read, ...]
    names_persons: bool


def needs_person_step(plan: Plan) -> bool:
    """Tell whether rows must be added up for each person before they are added up for all.

    A measure is the sum over persons of the clamped total of the person's rows in a cell. No person has more than `bounds.rows`
    rows: declared in the contract, enforced at admission, and recorded with the version that a run reads.

    With one row at most, the total is that row's value and the person is in one cell, which is never more than `groups` cells:
    clamping each row is the same. With more rows, each value lies in [row_low, row_high], 0 included, so that every total
    lies in [rows · row_low, rows · row_high]; where the clamp lets all of these pass, it changes nothing, and the sum over persons
    of totals is the sum over rows. Only a choice of cells, or a clamp that could change a total, needs the person; and so does counting
    each person once in a combination of selected keys.
    """
    rows = plan.bounds.rows
    return rows > 1 and (
        plan.bounds.keep_groups or plan.selection is not None or any(can_clamp(measure, rows) for measure in plan.measures)
    )


def can_clamp(measure: Measure, rows: int) -> bool:
    """Tell whether a total of that many rows can lie outside its bounds."""
    return rows * measure.row_low < measure.low or rows * measure.row_high > measure.high


def statements(plan: Plan, salt: bytes, dialect: Dialect) -> tuple[Statement, ...]:
    """Write a plan as SQL.

    Args:
        plan: What to measure.
        salt: Key of the hash that chooses among a person's cells.
        dialect: The words of the engine.

    Raises:
        Failed: The plan is not one that this engine can run, whatever the data.
    """
    return tuple(_statement(plan, kind, salt, dialect) for kind in measure_kinds(plan))


def row_statement(plan: Plan, dialect: Dialect) -> Statement:
    """Write the rows of a plan without keys, each with the code of its person and the value of each measure; NULL where it has none.

    Raises:
        Failed: As for `statements`.
    """
    _check_limits(plan)
    texts = Texts()
    writer = RowWriter(plan, texts, dialect)
    select, _ = _valued(plan, writer, 0)
    measures = tuple(range(len(plan.measures)))
    return Statement(measures, {}, (), False, dialect.sql(select), texts.parameters(), tuple(writer.reads), False)  # noqa: FBT003 - fields


def _statement(plan: Plan, kind: MeasureKind, salt: bytes, dialect: Dialect) -> Statement:
    """Write the measures of one kind; to all that follows, these are the plan's, and their keys are its keys."""
    grouped, keys = len(plan.grouping), (*range(len(plan.grouping)), *kind.grid)
    places = key_places(plan, kind)
    plan = kind_plan(plan, kind)
    _check_limits(plan)
    plan, screening = _fastest(plan)
    texts = Texts()
    writer = RowWriter(plan, texts, dialect)
    keep = plan.bounds.keep_groups and plan.bounds.rows > 1
    bound = texts.bind(f"{salt.hex()}|") if keep else None
    cell = [positions(plan)[n] for n in places]
    if screening is not None:
        select = _screened(screening, writer, cell)
    elif kind.aggregate in {Aggregate.SUM, Aggregate.REMOVED} and not (keep and kind.grid):
        select = _sums(plan, writer, cell, bound)
    else:
        select = _made(plan, writer, cell, _of_rows(plan, writer, grouped, bound))
    cells = tuple(keys[n] for n in places)
    domains = {n: keys[n] for n, key in enumerate(plan.keys) if key.domain is not None and key not in writer.as_positions.values()}
    return Statement(kind.measures, domains, cells, kind.counted, dialect.sql(select), texts.parameters(), tuple(writer.reads), keep)


def _check_limits(plan: Plan) -> None:
    """See that no sum can be too large, whatever the plan is turned into.

    Raises:
        Failed: One could be.
    """
    for one in plan.measures:
        within(max(-one.low, one.high), TOTAL_LIMIT)
        within(plan.bounds.rows * max(-one.row_low, one.row_high), SUM_LIMIT)


def _fastest(plan: Plan) -> tuple[Plan, Screening | None]:
    """Return a plan with the same cells that has the least to do for each person, and how it is screened, if it is."""
    if not needs_person_step(plan):
        return plan, None
    eager = aggregated_eagerly(plan)
    if eager is not plan:
        return eager, None
    return plan, screened(plan, [one for one in plan.measures if can_clamp(one, plan.bounds.rows)])


def _screened(screening: Screening, writer: RowWriter, cell: Sequence[str]) -> exp.Select:
    """Write both plans of a screening, over persons that are found once, and the sums of their cells."""
    name = writer.name("r")
    found = writer.defined(FOUND, name, screening.found)
    apart, together = (_sums(plan, writer, cell, None) for plan in (screening.apart, screening.together))
    both = all_of(exp.union(apart, together, distinct=False, copy=False).subquery(writer.name("r"), copy=False))
    sums = {name: _sum(exp.column(name), writer.dialect) for name in _totals(screening.apart)}
    return writer.aggregate(both, _columns(cell), sums).with_(name, as_=found, materialized=True, copy=False)


def _sums(plan: Plan, writer: RowWriter, cell: Sequence[str], salt: exp.Expr | None) -> exp.Select:
    """Write rows, their totals, the totals in their cells, the cells that are kept, and the sums over persons in the cells of measures."""
    by_person = needs_person_step(plan)
    select = _placed(plan, writer, by_person=by_person)
    if salt is not None:
        select = _kept(_written(plan, writer.dialect), plan.bounds.groups, writer, select, salt)
    if plan.selection is not None and by_person:
        select = _counted(plan, writer, select)
    totals = [*_totals(plan), *(["persons"] if plan.selection is not None else [])]
    return writer.aggregate(select, _columns(cell), {name: _sum(exp.column(name), writer.dialect) for name in totals})


def _of_rows(plan: Plan, writer: RowWriter, grouped: int, salt: exp.Expr | None) -> exp.Select:
    """Write rows in their groups, those of the groups that their persons keep, and the cells of the grid there.

    What a person keeps is decided before anything is counted, by groups alone: a value in a group that its person gives up does not count
    there, and the grid has no say in it.
    """
    rows, keys = _valued(plan, writer, grouped)
    groups = positions(plan)[:grouped]
    if salt is not None:
        name = writer.name("r")
        mine = exp.select("person", *groups, copy=False).distinct(copy=False).from_(exp.table_(name), copy=False)
        kept = _kept(_written(plan, writer.dialect)[:grouped], plan.bounds.groups, writer, mine, salt)
        chosen = _of_kept(name, kept, ["person", *groups], writer).with_(name, as_=rows, materialized=True, copy=False)
    else:
        chosen = rows
    return looked_up(all_of(writer.table(chosen)), keys[grouped:])


def _of_kept(rows: str, kept: exp.Select, columns: Sequence[str], writer: RowWriter) -> exp.Select:
    """Write the rows whose person keeps their group; of a selected key, NULL is a group like others.

    Engines differ in what binds stronger than IS NOT DISTINCT FROM.
    """
    theirs = {column: writer.name() for column in columns}
    named = [exp.alias_(exp.column(column), name, copy=False) for column, name in theirs.items()]
    found = exp.select(*named, copy=False).from_(writer.table(kept), copy=False)
    pairs = [(exp.column(column, table=rows), exp.column(name)) for column, name in theirs.items()]
    on = [exp.Paren(this=(exp.NullSafeEQ if left.name[0] == "k" else exp.EQ)(this=left, expression=right)) for left, right in pairs]
    mine = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(rows)), copy=False).from_(exp.table_(rows), copy=False)
    return mine.join(writer.table(found), on=exp.and_(*on, copy=False), join_type="inner", copy=False)


def _made(plan: Plan, writer: RowWriter, cell: Sequence[str], rows: exp.Select) -> exp.Select:
    """Write what is made of rows in the cells of measures: how many values they have, or the sum of their persons' totals.

    A person who is counted has one total in such a cell, and one in each leaf cell otherwise.
    """
    names = _totals(plan)
    if plan.measures[0].aggregate is Aggregate.UNION:
        counts: dict[str, exp.Expr] = {name: exp.Count(this=exp.Distinct(expressions=[exp.column(name)]), big_int=True) for name in names}
        return writer.aggregate(rows, _columns(cell), counts)
    totals = {name: _total(exp.column(name), one, plan.bounds.rows, writer.dialect) for name, one in zip(names, plan.measures, strict=True)}
    own = cell if plan.measures[0].aggregate is Aggregate.PERSONS else positions(plan)
    of_persons = writer.aggregate(rows, {"person": exp.column("person"), **_columns(own)}, totals)
    return writer.aggregate(of_persons, _columns(cell), {name: _sum(exp.column(name), writer.dialect) for name in names})


def _valued(plan: Plan, writer: RowWriter, grouped: int) -> tuple[exp.Select, list[Keyed]]:
    """Write rows with their person, their position in each key that is grouped by, all keys and measures; return the keys, too."""
    source = writer.rows(plan.rows)
    scope = writer.scope(source.columns)
    keys = keyed(plan, scope, writer.as_positions)
    values = [term(one.value, scope) for one in plan.measures]
    if plan.measures[0].aggregate is not Aggregate.UNION:
        values = [number(value) for value in values]
    named: dict[str, exp.Expr] = {"person": exp.column(source.person)}
    named |= {key.name: key.node for key in keys} | {f"m{n}": value.node for n, value in enumerate(values)}
    columns = [exp.alias_(node, name, copy=False) for name, node in named.items()]
    rows = exp.select(*columns, copy=False).from_(writer.table(source.select), copy=False)
    return looked_up(all_of(writer.table(rows)), keys[:grouped]), keys


def _totals(plan: Plan) -> list[str]:
    return [f"m{n}" for n in range(len(plan.measures))]


def _columns(names: Sequence[str]) -> dict[str, exp.Expr]:
    return {name: exp.column(name) for name in names}


def _placed(plan: Plan, writer: RowWriter, *, by_person: bool) -> exp.Select:
    """Write the totals of each cell, and of each person if need be; a value that is not in its key's domain is in no cell.

    Keys are looked up once for each cell that occurs; or, since there are about as many persons' cells as rows, once for each row, so that
    rows are grouped by small numbers.
    """
    source = writer.rows(plan.rows)
    scope = writer.scope(source.columns)
    keys = keyed(plan, scope, writer.as_positions)
    sums = {f"m{n}": _measure(measure, plan.bounds.rows, scope, by_person=by_person) for n, measure in enumerate(plan.measures)}
    if by_person:
        named = [exp.alias_(key.node, key.name, copy=False) for key in keys]
        rows = all_of(writer.table(source.select), *named)
        placed = looked_up(all_of(writer.table(rows)), keys)
        return writer.aggregate(placed, {"person": exp.column(source.person), **_columns(positions(plan))}, sums)
    if plan.selection is not None:
        sums["persons"] = exp.Count(this=exp.Star())
    totals = writer.aggregate(source.select, {key.name: key.node for key in keys}, sums)
    return looked_up(exp.select(*_columns([*positions(plan), *sums]).values(), copy=False).from_(writer.table(totals), copy=False), keys)


def _counted(plan: Plan, writer: RowWriter, cells: exp.Select) -> exp.Select:
    """Mark one cell of each combination of selected keys that a person is in: which one does not matter, since marks are added up."""
    names = ["person", *(f"k{n}" for n in range(plan.selected))]
    rank = exp.Window(this=exp.RowNumber(), partition_by=[exp.column(name) for name in names])
    first = exp.Case(ifs=[exp.If(this=exp.EQ(this=rank, expression=whole(1)), true=whole(1))], default=whole(0))
    return all_of(writer.table(cells), exp.alias_(first, "persons", copy=False))


def _measure(measure: Measure, rows: int, scope: Scope, *, by_person: bool) -> exp.Expr:
    """Write a total. It is clamped where that can change it: after adding up a person's rows, or each row where a person has one.

    Ones are counted, which takes engines less than to add them up.
    """
    value = number(term(measure.value, scope))
    if by_person or not can_clamp(measure, rows):
        total = sql_cast(exp.Count(this=exp.Star()), SqlType.WIDE) if measure.of_ones else _sum(value.node, scope.dialect)
        return _clamped(total, measure, rows)
    return _sum(_bounded(_or_zero(as_type(value, SqlType.WIDE)), measure), scope.dialect)


def _total(value: exp.Expr, measure: Measure, rows: int, dialect: Dialect) -> exp.Expr:
    """Write the total of so many rows at most, clamped where that can change it."""
    return _clamped(_sum(value, dialect), measure, rows)


def _clamped(total: exp.Expr, measure: Measure, rows: int) -> exp.Expr:
    """Write a total of so many rows at most, clamped where that can change it."""
    if can_clamp(measure, rows):
        return _bounded(total, measure)
    return whole(0, SqlType.WIDE) if measure.aggregate is Aggregate.REMOVED else total


def _bounded(total: exp.Expr, measure: Measure) -> exp.Expr:
    """Write a clamped total, or what clamping removes from it."""
    clamped = _clamp(total.copy(), measure)
    return exp.Sub(this=total, expression=clamped) if measure.aggregate is Aggregate.REMOVED else clamped


def _sum(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    return _or_zero(dialect.total(node))


def _or_zero(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=node, expressions=[whole(0, SqlType.WIDE)])


def _clamp(node: exp.Expr, measure: Measure) -> exp.Expr:
    """Clamp a value that is never NULL: LEAST and GREATEST of most engines pass over NULL."""
    low, high = (whole(bound, SqlType.WIDE) for bound in (measure.low, measure.high))
    raised = exp.Greatest(this=node, expressions=[low], ignore_nulls=True)
    return exp.Least(this=raised, expressions=[high], ignore_nulls=True)


def _kept(written: Sequence[exp.Expr], groups: int, writer: RowWriter, placed: exp.Select, salt: exp.Expr) -> exp.Select:
    """Keep `groups` cells of each person: those with the smallest SHA-256 of `salt|identifier|positions`.

    Salt and hash are written in hexadecimal, and so is the UTF-8 of a selected text, in place of a position; other selected values are
    written as whole numbers, and NULL as a dash, so that no two cells are written alike. The identifier is the canonical text, so that the
    choice depends on that person alone, not on a code, an order or anybody else. Only persons in more than `groups` cells are hashed: the
    others keep all theirs.
    """
    limit = whole(groups)
    mine = [exp.column("person")]
    number = exp.Window(this=exp.Count(this=exp.Star()), partition_by=mine)
    counted = all_of(writer.table(placed), exp.alias_(number, "cells", copy=False))
    digest = exp.Case(ifs=[exp.If(this=exp.GT(this=exp.column("cells"), expression=limit), true=_hash(written, salt, writer.dialect))])
    order = exp.Order(expressions=[exp.Ordered(this=digest)])
    rank = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("person")], order=order)
    ranked = all_of(writer.table(counted), exp.alias_(rank, "rank", copy=False))
    ranked.join(exp.table_("persons"), on=exp.EQ(this=exp.column("person"), expression=exp.column("code")), join_type="inner", copy=False)
    kept = exp.LTE(this=exp.column("rank"), expression=limit.copy())
    return all_of(writer.table(ranked)).where(kept, copy=False)


def _hash(written: Sequence[exp.Expr], salt: exp.Expr, dialect: Dialect) -> exp.Expr:
    pieces: list[exp.Expr] = [salt, exp.column("identifier"), exp.Literal.string("|")]
    for n, cell in enumerate(written):
        pieces += [exp.Literal.string(",")] if n else []
        pieces.append(cell)
    return dialect.hashed(pieces)


def _written(plan: Plan, dialect: Dialect) -> list[exp.Expr]:
    """Write where a cell is along each key."""
    return [_along(exp.column(name), key, dialect) for name, key in zip(positions(plan), plan.keys, strict=True)]


def _along(cell: exp.Expr, key: Key, dialect: Dialect) -> exp.Expr:
    if key.domain is not None:
        return sql_cast(cell, SqlType.TEXT)
    hexed = key.kind is Kind.TEXT
    text = dialect.hexadecimal(cell) if hexed else sql_cast(sql_cast(cell, SqlType.WIDE), SqlType.TEXT)
    return exp.Coalesce(this=text, expressions=[exp.Literal.string("-")])
