"""Relations as lazy frames, in which every row carries its person's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import polars as pl

from stillroom.adapters.polars.joins import HOW, PERSON, marked, paired
from stillroom.adapters.polars.terms import term, truth
from stillroom.adapters.polars.values import Names, Scope, Term, Type, alike, as_type, common, null, number, type_of
from stillroom.adapters.polars.windows import in_order, partition, windowed
from stillroom.model.relation import Enrich, Filter, Join, Mark, PartRows, PerPerson, Scan, Total, TotalFunction, Union, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation


class Reader(Protocol):
    """Finds the rows of datasets."""

    def private(self, dataset: str, names: Mapping[str, str]) -> pl.LazyFrame:
        """Return columns, by other names, and `PERSON`: codes that all private datasets share. Rows of who cannot matter may lack."""
        ...

    def public(self, dataset: str, names: Mapping[str, str]) -> pl.LazyFrame:
        """Return some columns of a public table, by other names."""
        ...


@dataclass(frozen=True)
class Rows:
    """Rows of persons: a frame, and where each column of the plan is."""

    frame: pl.LazyFrame
    columns: Mapping[str, Term]


class RowWriter:
    """Makes the rows of one plan. Every column of a frame has a name of its own, so that both sides of a join stand side by side."""

    def __init__(self, plan: Plan, reader: Reader) -> None:
        """Start with the plan's facts."""
        self._plan = plan
        self._reader = reader
        self._kinds = {fact.name: fact.type.kind for fact in plan.facts}
        self._names = Names()

    def rows(self, relation: Relation) -> Rows:
        """Make a relation."""
        match relation:
            case Scan():
                return self._scan(relation)
            case PartRows():
                return self.rows(self._plan.parts[relation.part].relation)
            case Filter():
                return self._filter(relation)
            case Join():
                return self._pairs(relation)
            case Mark():
                return self._mark(relation)
            case Enrich():
                return self._enrich(relation)
            case PerPerson():
                return self._per_person(relation)
            case Union():
                return self._union(relation)
            case Window():
                return self._window(relation)

    def scope(self, columns: Mapping[str, Term]) -> Scope:
        """Return what names stand for."""
        return Scope(columns, self._names)

    def _read(self, reading: str, columns: Sequence[str]) -> tuple[dict[str, str], list[pl.Expr], dict[str, Term]]:
        """Give each column of a table a name, and the type of its kind: return the names, the columns, and where those of the plan are."""
        names = {column: self._names.new() for column in columns}
        types = {column: type_of(self._kinds[f"{reading}.{column}"]) for column in columns}
        typed = [pl.col(names[column]).cast(types[column].value) for column in columns]
        return names, typed, {f"{reading}.{column}": Term(pl.col(names[column]), types[column]) for column in columns}

    def _scan(self, scan: Scan) -> Rows:
        names, typed, columns = self._read(scan.name, scan.columns)
        return Rows(self._reader.private(scan.dataset, names).select(PERSON, *typed), columns)

    def _filter(self, relation: Filter) -> Rows:
        source = self.rows(relation.source)
        scope = self.scope(source.columns)
        condition = scope.bind(truth(relation.condition, scope))
        return Rows(scope.onto(source.frame).filter(condition), source.columns)

    def _pairs(self, join: Join) -> Rows:
        """Join two relations on the person's code. A mark is a column of its side, so that the join makes it NULL elsewhere."""
        left, right = self._marked(self.rows(join.left), join.has_left), self._marked(self.rows(join.right), join.has_right)
        columns = {**left.columns, **right.columns}
        if join.condition is None:
            return Rows(left.frame.join(right.frame, on=PERSON, how=HOW[join.kind], coalesce=True), columns)
        scope = self.scope(columns)
        condition = scope.bind(truth(join.condition, scope))
        return Rows(paired(left.frame, right.frame, join.kind, lambda both: scope.onto(both).with_columns(condition.alias("hit"))), columns)

    def _marked(self, side: Rows, name: str | None) -> Rows:
        """Add the column that is true on all rows of a side, if it has a name."""
        if name is None:
            return side
        mark = self._names.new()
        marked_rows = side.frame.with_columns(pl.lit(value=True).alias(mark))
        return Rows(marked_rows, {**side.columns, name: Term(pl.col(mark), Type.TRUTH)})

    def _mark(self, relation: Mark) -> Rows:
        """Tell which rows have a match; EXISTS is true or false, whatever the condition is."""
        source, among, mark = self.rows(relation.source), self.rows(relation.among), self._names.new()
        columns = {**source.columns, relation.name: Term(pl.col(mark), Type.TRUTH)}
        if relation.condition is None:
            persons = among.frame.select(PERSON).unique().with_columns(pl.lit(value=True).alias(mark))
            return Rows(source.frame.join(persons, on=PERSON, how="left").with_columns(pl.col(mark).fill_null(value=False)), columns)
        scope = self.scope({**source.columns, **among.columns})
        condition = scope.bind(truth(relation.condition, scope))
        return Rows(marked(source.frame, among.frame, mark, lambda both: scope.onto(both).with_columns(condition.alias("hit"))), columns)

    def _enrich(self, relation: Enrich) -> Rows:
        """Join a public table; NULL keys match nothing."""
        source = self.rows(relation.source)
        wanted = tuple(dict.fromkeys((*(on.column for on in relation.on), *relation.columns)))
        names, typed, columns = self._read(relation.name, wanted)
        public = self._reader.public(relation.dataset, names).select(typed)
        left_scope, right_scope = self.scope(source.columns), self.scope(columns)
        pairs = [alike([term(on.left, left_scope), columns[f"{relation.name}.{on.column}"]])[0] for on in relation.on]
        on_left, on_right = [left_scope.bind(left) for left, _ in pairs], [right_scope.bind(right) for _, right in pairs]
        joined = left_scope.onto(source.frame).join(
            right_scope.onto(public), left_on=on_left, right_on=on_right, how=HOW[relation.kind], coalesce=False
        )
        return Rows(joined, {**source.columns, **columns})

    def _per_person(self, relation: PerPerson) -> Rows:
        """Group by person and keys; a key or total that is always NULL needs no column."""
        source = self.rows(relation.source)
        scope = self.scope(source.columns)
        keys = {named.name: self._named(term(named.value, scope)) for named in relation.keys}
        totals = {total.name: self._total(total, scope) for total in relation.totals}
        frame = scope.onto(source.frame).with_columns(one.node.alias(name) for name, one in keys.values() if name)
        frame = frame.group_by(PERSON, *(name for name, _ in keys.values() if name)).agg(
            one.node.alias(name) for name, one in totals.values() if name
        )
        columns = {key: Term(pl.col(name), one.type) if name else one for key, (name, one) in (keys | totals).items()}
        return Rows(frame, columns)

    def _named(self, value: Term) -> tuple[str | None, Term]:
        """Return a name for a column, unless it would always be NULL."""
        return (None if value.type is Type.NULL else self._names.new()), value

    def _total(self, total: Total, scope: Scope) -> tuple[str | None, Term]:
        """Write an aggregate inside one person. A sum is wide, and like every number of a plan it is bounded by the compiler."""
        value = term(total.value, scope)
        if total.function is TotalFunction.SUM:
            value = Term(as_type(number(value), Type.WIDE), Type.WIDE)
        if value.type is Type.NULL:
            counts = total.function in {TotalFunction.COUNT, TotalFunction.DISTINCT}
            return self._named(Term(pl.lit(0, dtype=Type.NARROW.value), Type.NARROW) if counts else value)
        node = scope.bind(value.node)
        match total.function:
            case TotalFunction.COUNT:
                return self._named(Term(node.count().cast(Type.NARROW.value), Type.NARROW))
            case TotalFunction.DISTINCT:
                return self._named(Term(node.drop_nulls().n_unique().cast(Type.NARROW.value), Type.NARROW))
            case TotalFunction.SUM:
                return self._named(Term(pl.when(node.count() > 0).then(node.sum()), Type.WIDE))
            case TotalFunction.MIN:
                return self._named(Term(node.min(), value.type))
            case TotalFunction.MAX:
                return self._named(Term(node.max(), value.type))

    def _union(self, relation: Union) -> Rows:
        """Put the rows of all arms under the same names, each column in a type that holds all arms' values."""
        arms = [(rows, self.scope(rows.columns), arm) for arm in relation.arms for rows in [self.rows(arm.relation)]]
        terms = [[term(value, scope) for value in arm.values] for _, scope, arm in arms]
        types = [common(column) for column in zip(*terms, strict=True)]
        names = [None if kind is Type.NULL else self._names.new() for kind in types]
        frames = [
            scope.onto(rows.frame).select(
                PERSON, *(as_type(one, kind).alias(name) for one, kind, name in zip(values, types, names, strict=True) if name)
            )
            for (rows, scope, _), values in zip(arms, terms, strict=True)
        ]
        columns = {
            column: Term(pl.col(name) if name else null(), kind) for column, kind, name in zip(relation.columns, types, names, strict=True)
        }
        return Rows(pl.concat(frames), columns)

    def _window(self, relation: Window) -> Rows:
        """Add columns over the person's rows; the order is complete, so that only rows that are equal could change places."""
        source, place = self.rows(relation.source), self._names.new()
        scope = self.scope(source.columns)
        among = partition(relation, PERSON, scope)
        frame = in_order(source.frame, relation, scope).with_row_index(place)
        scope, columns = self.scope(source.columns), dict(source.columns)
        said = {column.name: self._named(windowed(column, among, pl.col(place), scope)) for column in relation.columns}
        frame = scope.onto(frame).with_columns(one.node.alias(name) for name, one in said.values() if name)
        columns |= {column: Term(pl.col(name), one.type) if name else one for column, (name, one) in said.items()}
        return Rows(frame, columns)
