"""Relations as SELECT statements, in which every row carries its person's code."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.engine.links import base_of
from stillroom.adapters.engine.positions import read_as_positions
from stillroom.adapters.statements.sql import SqlType, Term, all_of, as_type, common, number, sql_cast, type_of, whole
from stillroom.adapters.statements.terms import Scope, term, truth
from stillroom.adapters.statements.windows import windowed
from stillroom.model.relation import (
    Enrich,
    Filter,
    Join,
    JoinKind,
    Mark,
    PartRows,
    PerPerson,
    Scan,
    Total,
    TotalFunction,
    Union,
    Window,
)
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.adapters.statements.dialect import Dialect
    from stillroom.adapters.statements.sql import Texts
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Arm, Relation
    from stillroom.model.schema import Scalar


@dataclass(frozen=True)
class Read:
    """A table that a statement reads.

    Attributes:
        table: Its name in the statement.
        dataset: Where its rows come from.
        columns: Which of the dataset's columns are read.
        names: What the statement calls them.
        domains: For each of them that is read as a position, the domain that it is a position in; None for the others.
        person: What the statement calls the person's code; None for a public table.
    """

    table: str
    dataset: str
    columns: tuple[str, ...]
    names: tuple[str, ...]
    domains: tuple[tuple[Scalar, ...] | None, ...]
    person: str | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of persons: a statement, the name of its column with the person's code, and where each column of the plan is."""

    select: exp.Select
    person: str
    columns: Mapping[str, Term]


class RowWriter:
    """Writes the rows of one plan.

    It makes up the name of every table and column, each once: no name of a contract or question can be taken for another, and the
    columns of both sides of a join stand side by side.
    """

    def __init__(self, plan: Plan, texts: Texts, dialect: Dialect) -> None:
        """Start with the plan's facts."""
        self.reads: list[Read] = []
        self.as_positions = read_as_positions(plan)
        self.dialect = dialect
        self._plan = plan
        self._base = base_of(plan.whole, plan.lone)
        self._texts = texts
        self._kinds = {fact.name: fact.type.kind for fact in plan.facts}
        self._numbers = count()
        self._defined: dict[str, str] = {}

    def rows(self, relation: Relation) -> Rows:
        """Write a relation."""
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

    def defined(self, dataset: str, table: str, relation: Relation) -> exp.Select:
        """Write the persons of a relation, which is what scans of a dataset of that name read from now on, in a table of the statement."""
        rows = self.rows(relation)
        self._defined[dataset] = table
        named = exp.alias_(exp.column(rows.person), "person", copy=False)
        return exp.select(named, copy=False).from_(self.table(rows.select), copy=False)

    def name(self, prefix: str = "c") -> str:
        """Return a new name."""
        return f"{prefix}{next(self._numbers)}"

    def scope(self, columns: Mapping[str, Term]) -> Scope:
        """Return what names stand for."""
        return Scope(columns, self._texts, self.dialect)

    def table(self, select: exp.Select) -> exp.Subquery:
        """Return a statement as an item of FROM."""
        return select.subquery(self.name("r"), copy=False)

    def _scan(self, scan: Scan) -> Rows:
        """Read a private table.

        Persons who can have no row in the end share one missing code, see `base_of`. Their rows are left out at once: added up as one
        person, they would break the bounds of every number.
        """
        person = self.name()
        if scan.dataset in self._defined:
            named = exp.alias_(exp.column("person"), person, copy=False)
            return Rows(exp.select(named, copy=False).from_(exp.table_(self._defined[scan.dataset]), copy=False), person, {})
        select, columns = self._read(scan.dataset, scan.name, scan.columns, person)
        if scan.dataset != self._base:
            select.where(exp.Not(this=exp.Is(this=exp.column(person), expression=exp.null())), copy=False)
        return Rows(select, person, columns)

    def _read(self, dataset: str, reading: str, columns: Sequence[str], person: str | None = None) -> tuple[exp.Select, dict[str, Term]]:
        """Select columns of a table, each in the type of its kind."""
        keys = [self.as_positions.get(f"{reading}.{column}") for column in columns]
        domains = tuple(None if key is None else key.domain for key in keys)
        read = Read(self.name("t"), dataset, tuple(columns), tuple(self.name() for _ in columns), domains, person)
        self.reads.append(read)
        kinds = (self._kinds[f"{reading}.{column}"] for column in columns)
        types = [type_of(Kind.INTEGER if key else kind) for key, kind in zip(keys, kinds, strict=True)]
        names = [self.name() for _ in columns]
        select = exp.select(*([exp.column(person)] if person else ()), copy=False).from_(exp.table_(read.table), copy=False)
        for name, stored, sql_type in zip(names, read.names, types, strict=True):
            select.select(exp.alias_(sql_cast(exp.column(stored), sql_type), name, copy=False), copy=False)
        terms = zip(columns, names, types, strict=True)
        return select, {f"{reading}.{column}": Term(exp.column(name), sql_type) for column, name, sql_type in terms}

    def _pairs(self, join: Join) -> Rows:
        """Join two relations on the person's code. A mark is a column of its side, so that the join makes it NULL elsewhere."""
        left, has_left = self._marked(self.rows(join.left), join.has_left)
        right, has_right = self._marked(self.rows(join.right), join.has_right)
        columns = {**left.columns, **right.columns, **has_left, **has_right}
        on: list[exp.Expr] = [exp.EQ(this=exp.column(left.person), expression=exp.column(right.person))]
        if join.condition is not None:
            on.append(truth(join.condition, self.scope(columns)))
        joined = self._join(left.select, right.select, join.kind, on)
        if join.kind is not JoinKind.FULL:
            rows, absent = Rows(joined, left.person, columns), {**right.columns, **has_right} if join.kind is JoinKind.LEFT else {}
        else:
            person, either = self.name(), exp.Coalesce(this=exp.column(left.person), expressions=[exp.column(right.person)])
            rows, absent = Rows(joined.select(exp.alias_(either, person, copy=False), copy=False), person, columns), columns
        return self._veiled(rows, absent) if self.dialect.suits_datafusion else rows

    def _veiled(self, rows: Rows, absent: Mapping[str, Term]) -> Rows:
        """Write columns that an outer join may leave NULL in terms of the person, who is there on every row.

        DataFusion 55, and so what is built on it, takes a column that is constant on one side of an outer join, by a filter or by being
        `TRUE`, to be constant above the join too, where it is NULL on rows that lack the side: it leaves that column out when it sorts rows
        for windows, and finds a group several times. What is made of the person it takes for constant no more.
        """
        missing = exp.Is(this=exp.column(rows.person), expression=exp.null())
        select = all_of(self.table(rows.select))
        columns = dict(rows.columns)
        for name, column in absent.items():
            if column.type is not SqlType.NULL:
                seen, node = self.name(), exp.Case(ifs=[exp.If(this=missing.copy(), true=exp.null())], default=column.node.copy())
                select.select(exp.alias_(node, seen, copy=False), copy=False)
                columns[name] = Term(exp.column(seen), column.type)
        return Rows(select, rows.person, columns) if absent else rows

    def _marked(self, side: Rows, name: str | None) -> tuple[Rows, dict[str, Term]]:
        """Add the column that is true on all rows of a side, if it has a name."""
        if name is None:
            return side, {}
        mark = self.name()
        marked = all_of(self.table(side.select), exp.alias_(exp.true(), mark, copy=False))
        return Rows(marked, side.person, side.columns), {name: Term(exp.column(mark), SqlType.TRUTH)}

    def _mark(self, relation: Mark) -> Rows:
        """Tell which rows have a match; EXISTS is true or false, whatever the condition is."""
        source, among = self.rows(relation.source), self.rows(relation.among)
        matches: list[exp.Expr] = [exp.EQ(this=exp.column(source.person), expression=exp.column(among.person))]
        if relation.condition is not None:
            matches.append(truth(relation.condition, self.scope({**source.columns, **among.columns})))
        mark = self.name()
        marked = self._with_exists(source, among, matches, mark) if self.dialect.has_exists else self._joined(source, among, matches, mark)
        return Rows(marked, source.person, {**source.columns, relation.name: Term(exp.column(mark), SqlType.TRUTH)})

    def _with_exists(self, source: Rows, among: Rows, matches: Sequence[exp.Expr], mark: str) -> exp.Select:
        found = exp.select("1").from_(self.table(among.select), copy=False).where(*matches, copy=False)
        return all_of(self.table(source.select), exp.alias_(exp.Exists(this=found), mark, copy=False))

    def _joined(self, source: Rows, among: Rows, matches: Sequence[exp.Expr], mark: str) -> exp.Select:
        """Write the same with a join: rows are numbered, and of the pairs of each the first stays; all tell whether there is a match."""
        number, rank = self.name(), self.name()
        numbered = all_of(self.table(source.select), exp.alias_(exp.Window(this=exp.RowNumber()), number, copy=False))
        pairs = self._join(numbered, among.select, JoinKind.LEFT, matches)
        first = exp.Window(this=exp.RowNumber(), partition_by=[exp.column(number)])
        ranked = all_of(self.table(pairs), exp.alias_(first, rank, copy=False))
        matched = exp.Not(this=exp.Is(this=exp.column(among.person), expression=exp.null()))
        marked = all_of(self.table(ranked), exp.alias_(matched, mark, copy=False))
        return marked.where(exp.EQ(this=exp.column(rank), expression=whole(1)), copy=False)

    def _join(self, left: exp.Select, right: exp.Select, kind: JoinKind, on: Sequence[exp.Expr]) -> exp.Select:
        both = all_of(self.table(left))
        return both.join(self.table(right), on=exp.and_(*on, copy=False), join_type=kind.value, copy=False)

    def _filter(self, relation: Filter) -> Rows:
        source = self.rows(relation.source)
        condition = truth(relation.condition, self.scope(source.columns))
        kept = all_of(self.table(source.select)).where(condition, copy=False)
        return Rows(kept, source.person, source.columns)

    def _enrich(self, relation: Enrich) -> Rows:
        """Join a public table; `=` is never true of NULL, so that NULL keys match nothing."""
        source = self.rows(relation.source)
        keys = tuple(on.column for on in relation.on)
        wanted = tuple(dict.fromkeys((*keys, *relation.columns)))
        public, columns = self._read(relation.dataset, relation.name, wanted)
        scope = self.scope(source.columns)
        pairs = [(term(on.left, scope), columns[f"{relation.name}.{on.column}"]) for on in relation.on]
        joined = self._join(source.select, public, relation.kind, [_equal(left, right) for left, right in pairs])
        return Rows(joined, source.person, {**source.columns, **columns})

    def _per_person(self, relation: PerPerson) -> Rows:
        """Group by person and keys; a key or total that is always NULL needs no column."""
        source = self.rows(relation.source)
        scope = self.scope(source.columns)
        keys = {named.name: term(named.value, scope) for named in relation.keys}
        totals = {total.name: _total(total, scope) for total in relation.totals}
        person = self.name()
        names = {name: self.name() for name, value in (keys | totals).items() if value.type is not SqlType.NULL}
        grouping = {names[name]: key.node for name, key in keys.items() if name in names}
        select = self.aggregate(
            source.select,
            {person: exp.column(source.person), **grouping},
            {names[name]: total.node for name, total in totals.items() if name in names},
        )
        columns = {name: Term(exp.column(names[name]), value.type) if name in names else value for name, value in (keys | totals).items()}
        return Rows(select, person, columns)

    def _union(self, relation: Union) -> Rows:
        """Put the rows of all arms under the same names, each column in a type that holds all arms' values."""
        arms = [(rows, [term(value, self.scope(rows.columns)) for value in arm.values]) for rows, arm in self._arms(relation)]
        types = [common(terms) for terms in zip(*(terms for _, terms in arms), strict=True)]
        person, names = self.name(), [self.name() for _ in relation.columns]
        stored = [SqlType.TRUTH if kind is SqlType.NULL else kind for kind in types]
        selects = [
            exp.select(
                exp.alias_(exp.column(rows.person), person, copy=False),
                *(exp.alias_(as_type(one, kind), name, copy=False) for one, kind, name in zip(terms, stored, names, strict=True)),
                copy=False,
            ).from_(self.table(rows.select), copy=False)
            for rows, terms in arms
        ]
        both = exp.union(*selects, distinct=False, copy=False)
        columns = zip(relation.columns, names, types, strict=True)
        terms = {column: Term(exp.column(name) if kind is not SqlType.NULL else exp.null(), kind) for column, name, kind in columns}
        return Rows(all_of(both.subquery(self.name("r"), copy=False)), person, terms)

    def _arms(self, relation: Union) -> list[tuple[Rows, Arm]]:
        return [(self.rows(arm.relation), arm) for arm in relation.arms]

    def _window(self, relation: Window) -> Rows:
        """Add columns over the person's rows; the order is complete, so that only rows that are equal could change places."""
        source = self.rows(relation.source)
        scope, select = self.scope(source.columns), all_of(self.table(source.select))
        columns = dict(source.columns)
        for column in relation.columns:
            said = windowed(column, relation, source.person, scope)
            if said.type is not SqlType.NULL:
                name = self.name()
                select.select(exp.alias_(said.node, name, copy=False), copy=False)
                said = Term(exp.column(name), said.type)
            columns[column.name] = said
            if self.dialect.suits_datafusion:
                select = all_of(self.table(select))
        return Rows(select, source.person, columns)

    def aggregate(self, source: exp.Select, groups: Mapping[str, exp.Expr], totals: Mapping[str, exp.Expr]) -> exp.Select:
        """Select groups and totals, by name, from rows."""
        if self.dialect.suits_datafusion:
            source = self._named_apart(source, groups, totals)
            groups = {name: exp.column(name) for name in groups}
        columns = [exp.alias_(node, name, copy=False) for name, node in (*groups.items(), *totals.items())]
        select = exp.select(*columns, copy=False).from_(self.table(source), copy=False)
        if groups:
            select.group_by(*(exp.Literal.number(position + 1) for position in range(len(groups))), copy=False)
        return select

    def _named_apart(self, source: exp.Select, groups: Mapping[str, exp.Expr], totals: Mapping[str, exp.Expr]) -> exp.Select:
        """Add what is grouped by and what is added up as columns of their own, and let totals say their names."""
        named = dict(groups)
        for total in totals.values():
            for function in total.find_all(exp.Sum, exp.Count, exp.Min, exp.Max):
                distinct = isinstance(function.this, exp.Distinct)
                of = function.this.expressions[0] if distinct else function.this
                if not isinstance(of, exp.Star | exp.Column):
                    name = self.name()
                    named[name] = of
                    function.set("this", exp.Distinct(expressions=[exp.column(name)]) if distinct else exp.column(name))
        new = [exp.alias_(node, name, copy=False) for name, node in named.items() if node != exp.column(name)]
        return all_of(self.table(source), *new) if new else source


def _equal(left: Term, right: Term) -> exp.Expr:
    shared = common((left, right))
    return exp.EQ(this=as_type(left, shared), expression=as_type(Term(right.node.copy(), right.type), shared))


def _total(total: Total, scope: Scope) -> Term:
    """Write an aggregate inside one person. A sum is WIDE, and like every number of a plan it is bounded by the compiler."""
    value = term(total.value, scope)
    match total.function:
        case TotalFunction.COUNT:
            return Term(exp.Count(this=value.node), SqlType.NARROW)
        case TotalFunction.DISTINCT:
            return Term(exp.Count(this=exp.Distinct(expressions=[value.node])), SqlType.NARROW)
        case TotalFunction.SUM:
            return Term(scope.dialect.total(number(value).node), SqlType.WIDE)
        case TotalFunction.MIN:
            return value if value.type is SqlType.NULL else Term(exp.Min(this=value.node), value.type)
        case TotalFunction.MAX:
            return value if value.type is SqlType.NULL else Term(exp.Max(this=value.node), value.type)
