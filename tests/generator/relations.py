"""Random relations as SQL: what can stand after FROM, with its columns and its persons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillroom.model.contract import PrivateDataset, PublicDataset
from stillroom.model.schema import Kind, Use, column_type
from tests.generator.maker import EVERY_USE, Field
from tests.generator.writer import NUMERIC, Writer, fields_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.generator.maker import Maker

FEW = 8
"""So many values are few."""

KINDS = (Kind.INTEGER, Kind.TEXT, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP)
JOINS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "INNER JOIN", "FULL OUTER JOIN", "LEFT OUTER JOIN")

FIRST = ("= 1", "<= 2", "IN (1, 3)", "< 2", "= 1.0")
"""Conditions that leave few of a person's rows, by their numbers."""

TOTALS = (
    *("COUNT(*)", "SUM({n})", "COUNT({any})", "MIN({n})", "MAX({n})", "AVG({n})", "MIN({d})", "MAX({s})", "MIN({any})", "MAX({any})") * 2,
    *("COUNT(DISTINCT {any})", "COUNT(DISTINCT {any})", "COUNT(DISTINCT {p})"),
    *("VARIANCE({n})", "VAR_POP({n})", "COVAR_SAMP({n}, {n})", "COVAR_POP({n}, {n})", "REGR_SLOPE({n}, {n})", "REGR_INTERCEPT({n}, {n})"),
    *("STDDEV({n})", "STDDEV_POP({n})", "CORR({n}, {n})"),
    *("MEDIAN({n})", "QUANTILE_CONT({n}, 0.9)", "PERCENTILE_CONT(0.35) WITHIN GROUP (ORDER BY {n} DESC)"),
    *("BOOL_OR({c})", "BOOL_AND({c})", "ARG_MIN({any}, {any})", "ARG_MAX({any}, {any})", "MODE({any})", "ANY_VALUE({any})"),
    *("FIRST({any} ORDER BY {any} DESC)", "LAST({any} ORDER BY {any} NULLS FIRST)"),
)
FINER = ("AVG", "VAR", "STDDEV", "COVAR", "CORR", "REGR", "MEDIAN", "QUANTILE", "PERCENTILE")
"""Aggregates that have decimal places whatever they are of."""

WINDOWS = (
    *("ROW_NUMBER()", "ROW_NUMBER()", "LAG({any})", "LAG({any}, 2)", "LEAD({any})", "FIRST_VALUE({any})", "LAST_VALUE({any})"),
    *("COUNT(*)", "COUNT({any})", "SUM({n})", "AVG({n})", "MIN({n})", "MAX({n})", "MAX({d})"),
    *("MIN({any})", "MAX({any})"),
    *("RANK()", "DENSE_RANK()", "COUNT(DISTINCT {any})", "COUNT_IF({c})", "BOOL_OR({c})", "SUM({n}) FILTER (WHERE {n} > 1)"),
)
FRAMES = (
    "",
    " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    " ROWS UNBOUNDED PRECEDING",
)


@dataclass(frozen=True)
class Table:
    """What stands after FROM.

    Attributes:
        sql: Its text.
        fields: Its columns.
        persons: How its persons are written; the first is there in every row.
        rows: How many rows a person has at most, about.
        using: The name of its person, where it is one table.
    """

    sql: str
    fields: tuple[Field, ...]
    persons: tuple[str, ...]
    rows: int
    using: str | None = None


@dataclass(frozen=True)
class Query:
    """A subquery: its text, its columns by name, and how many rows a person has at most, about. Its person is `p`."""

    sql: str
    fields: tuple[Field, ...]
    rows: int

    def named(self, sql: str, alias: str) -> Table:
        """Return it in FROM."""
        fields = tuple(replace(one, sql=f"{alias}.{one.sql}") for one in self.fields)
        return Table(f"{sql} AS {alias}", fields, (f"{alias}.p",), self.rows, "p")


class Relations:
    """Makes relations."""

    def __init__(self, maker: Maker) -> None:
        """Start without common table expressions."""
        self.maker = maker
        self.common: dict[str, Query] = {}

    def table(self, depth: int) -> Table:
        """Return something after FROM, with joins."""
        if depth <= 0:
            return self.single(0)
        return self.maker.weighted(
            [(3, lambda: self.single(depth)), (4, lambda: self.joined(depth)), (1, lambda: self.enriched(depth))],
        )

    def single(self, depth: int) -> Table:
        """Return one table: a dataset, a subquery or a common table expression."""
        ways: list[tuple[int, Callable[[], Table]]] = [(3, self.scan)]
        ways += [(2, self.reused)] if self.common else []
        ways += [(5, lambda: self.derived(depth - 1))] if depth > 0 else []
        return self.maker.weighted(ways)

    def scan(self) -> Table:
        """Return a private dataset."""
        datasets = self.maker.contract.datasets
        name = self.maker.tape.pick([name for name, dataset in datasets.items() if isinstance(dataset, PrivateDataset)])
        dataset, alias = datasets[name], self.maker.name("a")
        assert isinstance(dataset, PrivateDataset)
        person = dataset.person.column
        return Table(f"{name} AS {alias}", declared(dataset, alias), (f"{alias}.{person}",), dataset.rows_per_person, person)

    def reused(self) -> Table:
        """Return a common table expression."""
        self.maker.seen["reused"] += 1
        name = self.maker.tape.pick([*self.common])
        return self.common[name].named(name, self.maker.name("x"))

    def derived(self, depth: int) -> Table:
        """Return a subquery."""
        query = self.query(depth)
        return query.named(f"({query.sql})", self.maker.name("q"))

    def joined(self, depth: int) -> Table:
        """Return two tables, joined on the person."""
        left, right = self.table(depth - 1), self.single(depth - 1)
        how = self.maker.tape.pick(JOINS)
        self.maker.seen[how] += 1
        one, other = left.persons[0], right.persons[0]
        fields = left.fields + right.fields
        rows = max(left.rows * right.rows, left.rows + right.rows if "FULL" in how else 0)
        if left.using is not None and left.using == right.using and self.maker.tape.chance(25):
            self.maker.seen["USING"] += 1
            return Table(f"{left.sql} {how} {right.sql} USING ({left.using})", fields, (left.using,), rows, left.using)
        on = [f"{one} = {other}" if self.maker.tape.chance(60) else f"{other} = {one}", *self.conditions(fields, 45)]
        either = f"COALESCE({one}, {other})"
        persons = (either, one, other) if "FULL" in how else (other, one) if "RIGHT" in how else (one, other)
        return Table(f"{left.sql} {how} {right.sql} ON {' AND '.join(on)}", fields, persons, rows)

    def enriched(self, depth: int) -> Table:
        """Return a table, joined with a public one on its key."""
        table, datasets = self.table(depth - 1), self.maker.contract.datasets
        name = self.maker.tape.pick([name for name, dataset in datasets.items() if isinstance(dataset, PublicDataset)])
        dataset, alias = datasets[name], self.maker.name("u")
        assert isinstance(dataset, PublicDataset)
        matched = {key: self._matching(table.fields, column_type(dataset.columns[key]).kind) for key in dataset.key}
        if not all(matched.values()):
            return table
        pairs = [(key, self.maker.tape.pick(fields)) for key, fields in matched.items()]
        how = self.maker.tape.pick(["JOIN", "LEFT JOIN"])
        self.maker.seen[f"public {how}"] += 1
        on = " AND ".join(f"{alias}.{key} = {one.sql}" for key, one in pairs)
        chosen = self._chosen(name, dataset) if self.maker.tape.chance(30) else name
        uses = EVERY_USE.intersection(*(one.uses for _, one in pairs if Use.JOIN not in one.uses))
        fields = tuple(replace(one, uses=one.uses & uses) for one in declared(dataset, alias))
        return Table(
            f"{table.sql} {how} {chosen} AS {alias} ON {on}", table.fields + fields, table.persons, table.rows * dataset.rows_per_key
        )

    def _chosen(self, name: str, dataset: PublicDataset) -> str:
        """Return some rows of a public table."""
        self.maker.seen["public subquery"] += 1
        alias = self.maker.name("u")
        return f"(SELECT * FROM {name} AS {alias}{where(self.conditions(declared(dataset, alias), 70))})"

    def _matching(self, fields: Sequence[Field], kind: Kind) -> list[Field]:
        return [one for one in fields_for(fields, Use.JOIN, Use.FILTER, Use.GROUP) if one.kind is kind]

    # ------------------------------------------------------------------------------------------------------- conditions

    def conditions(self, fields: Sequence[Field], percent: int) -> list[str]:
        """Return one or two conditions that rows are filtered by, or none."""
        tested = fields_for(fields, Use.FILTER)
        number = self.maker.tape.upto(2, 1) if self.maker.tape.chance(percent) else 0
        found = [self._condition(tested) for _ in range(number)] if tested else []
        ranks = [one.sql for one in tested if one.rank]
        return (
            [*found, f"{self.maker.tape.pick(ranks)} {self.maker.tape.pick(FIRST)}"] if ranks and self.maker.tape.chance(percent) else found
        )

    def _condition(self, tested: Sequence[Field]) -> str:
        """Return a condition, seldom one over constants alone: where that is false, a question has no group."""
        bounded = [one for one in tested if one.bounded]
        tested = bounded if bounded and self.maker.tape.chance(70) else tested
        writer = Writer(self.maker, tested, tested)
        text = writer.truth()
        fixed = not writer.read and self.maker.tape.chance(80)
        return f"({text} OR {self.maker.tape.pick(tested).sql} IS NOT NULL)" if fixed else text

    def where(self, table: Table, depth: int) -> list[str]:
        """Return the conditions of a WHERE."""
        found = self.conditions(table.fields, 35)
        if self.maker.tape.chance(18):
            found.append(self.membership(table, depth))
        if self.maker.tape.chance(10):
            text, made = self.value(table, depth)
            number = made.kind in NUMERIC and self.maker.tape.chance(70)
            found.append(
                f"{text} {self.maker.tape.pick(['>', '<=', '<>'])} {self.maker.constant(made.kind)}" if number else f"{text} IS NOT NULL"
            )
        return found

    def value(self, table: Table, depth: int) -> tuple[str, Field]:
        """Return what a subquery says about the person."""
        self.maker.seen["value"] += 1
        inner = self.single(depth - 1)
        text, made = self._total(inner, inner.persons[0])
        conditions = [f"{inner.persons[0]} = {self.maker.tape.pick(table.persons)}", *self.conditions(inner.fields, 30)]
        group = f" GROUP BY {inner.persons[0]}" if self.maker.tape.chance(15) else ""
        return f"(SELECT {text} FROM {inner.sql} WHERE {' AND '.join(conditions)}{group})", made

    def membership(self, table: Table, depth: int) -> str:
        """Return whether the person has rows somewhere else."""
        person, negated = self.maker.tape.pick(table.persons), self.maker.tape.pick(["", "NOT "])
        if self.maker.tape.chance(50):
            self.maker.seen[f"{negated}IN"] += 1
            inner = self.table(depth - 1)
            asked = f"SELECT {inner.persons[0]} FROM {inner.sql}{where(self.conditions(inner.fields, 40))}"
            test = f"{person} {negated}IN ({asked})"
        else:
            self.maker.seen[f"{negated}EXISTS"] += 1
            inner = self.single(depth - 1)
            conditions = [f"{inner.persons[0]} = {person}", *self.conditions(inner.fields + table.fields, 60)]
            test = f"{negated}EXISTS (SELECT 1 FROM {inner.sql} WHERE {' AND '.join(conditions)})"
        if self.maker.tape.chance(20):
            return f"({test} OR {''.join(self.conditions(table.fields, 100)[:1]) or 'FALSE'})"
        return test

    # ------------------------------------------------------------------------------------------------------- subqueries

    def query(self, depth: int) -> Query:
        """Return a subquery of any kind."""
        return self.maker.weighted(
            [
                (2, lambda: self.plain(depth)),
                (4, lambda: self.grouped(depth)),
                (5, lambda: self.windowed(depth)),
                (2, lambda: self.united(depth)),
            ]
        )

    def _items(self, fields: Sequence[Field], most: int, kinds: Sequence[Kind] | None = None) -> list[tuple[str, Field]]:
        """Return expressions with the columns that they make."""
        wanted = kinds or [self.maker.tape.pick([one.kind for one in fields] or KINDS) for _ in range(self.maker.tape.upto(most, 1))]
        return [self._item(fields, kind) for kind in wanted]

    def _item(self, fields: Sequence[Field], kind: Kind) -> tuple[str, Field]:
        usable = [one for one in fields if one.uses]
        alike = [one for one in usable if one.kind is kind]
        name = self.maker.name("c")
        if alike and self.maker.tape.chance(65):
            found = self.maker.tape.pick(alike)
            return found.sql, replace(found, sql=name)
        writer = Writer(self.maker, [one for one in usable if one.bounded], usable)
        text = writer.write(kind)
        return text, Field(name, kind, writer.uses, small=kind is Kind.BOOLEAN)

    def plain(self, depth: int, kinds: Sequence[Kind] | None = None) -> Query:
        """Return a subquery that keeps rows, or each of them once."""
        table = self.table(depth)
        items = self._items(table.fields, 3, kinds)
        items += [self.value(table, depth)] if kinds is None and self.maker.tape.chance(15) else []
        distinct = "DISTINCT " if self.maker.tape.chance(25) else ""
        self.maker.seen["DISTINCT" if distinct else "plain"] += 1
        sql = f"SELECT {distinct}{self._person(table)} AS p, {listed(items)} FROM {table.sql}{where(self.where(table, depth))}"
        return Query(sql, tuple(one for _, one in items), table.rows)

    def _person(self, table: Table) -> str:
        """Return a column with the person; seldom one that may be NULL."""
        return self.maker.tape.pick(table.persons) if self.maker.tape.chance(12) else table.persons[0]

    def united(self, depth: int) -> Query:
        """Return the rows of two subqueries."""
        kinds = [self.maker.tape.pick(KINDS) for _ in range(self.maker.tape.upto(2, 1))]
        one, other = self.plain(depth - 1, kinds), self.plain(depth - 1, kinds)
        every = self.maker.tape.pick(["UNION ALL", "UNION"])
        self.maker.seen[every] += 1
        fields = tuple(
            replace(first, uses=first.uses & second.uses, small=first.small and second.small, bounded=first.bounded and second.bounded)
            for first, second in zip(one.fields, other.fields, strict=True)
        )
        return Query(f"{one.sql} {every} {other.sql}", fields, one.rows + other.rows)

    def grouped(self, depth: int) -> Query:
        """Return a subquery with aggregates of each person."""
        table = self.table(depth)
        person = self._person(table)
        keys = self._items([one for one in table.fields if one.small and Use.GROUP in one.uses], 2) if self.maker.tape.chance(40) else []
        keys = [(text, one) for text, one in keys if Use.GROUP in one.uses]
        totals = [self._total(table, person) for _ in range(self.maker.tape.upto(3, 1))]
        self.maker.seen["grouped"] += 1
        having = (
            f" HAVING {totals[0][0]} {self.maker.tape.pick(['>', '<', '<>', 'IS NOT NULL OR 1 ='])} 1" if self._numeric(totals[0]) else ""
        )
        group = ", ".join([person, *(text for text, _ in keys)])
        items = [*keys, *totals]
        sql = f"SELECT {person} AS p, {listed(items)} FROM {table.sql}{where(self.where(table, depth))} GROUP BY {group}{having}"
        return Query(sql, tuple(one for _, one in items), table.rows if keys else 1)

    def _numeric(self, total: tuple[str, Field]) -> bool:
        return total[1].kind in NUMERIC and Use.FILTER in total[1].uses and self.maker.tape.chance(25)

    def _total(self, table: Table, person: str) -> tuple[str, Field]:
        """Return an aggregate of a person's rows."""
        template = self.maker.tape.pick(TOTALS)
        text, made = self._filled(template, table)
        self.maker.seen[f"per person {template.split('{')[0]}"] += 1
        tested = fields_for(table.fields, Use.FILTER)
        if tested and self.maker.tape.chance(12):
            writer = Writer(self.maker, tested, tested)
            text += f" FILTER (WHERE {writer.truth()})"
            made = replace(made, uses=made.uses & writer.uses)
            self.maker.seen["FILTER per person"] += 1
        return text.replace("{p}", person), made

    def _filled(self, template: str, table: Table) -> tuple[str, Field]:
        """Return an aggregate or window function with a value in its place, and what it makes."""
        usable = [one for one in table.fields if one.uses]
        writer = Writer(self.maker, [one for one in usable if one.bounded], usable)
        number = self.maker.tape.pick([Kind.INTEGER, Kind.DECIMAL])
        place = next((one for one in ("any", "n", "d", "s", "c") if f"{{{one}}}" in template), None)
        counted = template.startswith(("COUNT", "ROW_NUMBER", "RANK", "DENSE_RANK"))
        known = {"n": number, "d": Kind.DATE, "s": Kind.TIMESTAMP, "c": Kind.BOOLEAN, None: Kind.INTEGER}
        kind = self.maker.tape.pick([one.kind for one in usable] or [number]) if place == "any" else known[place]
        written = writer.write(kind) if place else ""
        text = template.replace(f"{{{place}}}", written, 1)
        text = text.replace(f"{{{place}}}", writer.write(kind)) if f"{{{place}}}" in text else text
        alone = len(writer.read) == 1 and writer.read[0].sql == written
        small = (
            table.rows <= FEW if counted else alone and writer.read[0].small and template[:3] in {"MIN", "MAX", "LAG", "LEA", "FIR", "LAS"}
        )
        made = Field(self.maker.name("w"), Kind.INTEGER if counted else kind, writer.uses, small=small or kind is Kind.BOOLEAN)
        if template.startswith(FINER):
            made = replace(made, kind=Kind.DECIMAL, small=False)
        return text, made

    def windowed(self, depth: int) -> Query:
        """Return a subquery with windows over each person's rows."""
        table = self.table(depth)
        windows = [self._window(table) for _ in range(self.maker.tape.upto(3, 1))]
        items = [*self._items(table.fields, 2), *windows]
        distinct = "DISTINCT " if self.maker.tape.chance(15) else ""
        self.maker.seen["windowed" + distinct] += 1
        numbered = [(text, one) for text, one in windows if one.kind is Kind.INTEGER and Use.FILTER in one.uses]
        qualify, rows = "", table.rows
        if numbered and self.maker.tape.chance(45):
            text, one = self.maker.tape.pick(numbered)
            test, rows = self.maker.tape.pick([("= 1", 1), ("<= 2", 2), ("< 2", 1), ("IN (1, 3)", 2), ("> 1", table.rows)])
            named = self.maker.tape.chance(50)
            qualify = f" QUALIFY {one.sql if named else text} {test}"
            rows = rows if text.startswith("ROW_NUMBER") else table.rows
            self.maker.seen["QUALIFY"] += 1
        head = f"SELECT {distinct}{table.persons[0]} AS p, {listed(items)}"
        return Query(f"{head} FROM {table.sql}{where(self.where(table, depth))}{qualify}", tuple(one for _, one in items), rows)

    def _window(self, table: Table) -> tuple[str, Field]:
        """Return a window."""
        template = self.maker.tape.pick(WINDOWS)
        text, made = self._filled(template, table)
        self.maker.seen[f"window {template.split('(')[0]}"] += 1
        keys = self.maker.tape.some([one for one in table.fields if one.uses], 1) if self.maker.tape.chance(25) else []
        ranked = template.startswith(("RANK", "DENSE"))
        order = self.maker.tape.some([one for one in table.fields if one.uses], 2, ranked) if ranked or self.maker.tape.chance(75) else []
        terms = [f"{one.sql}{self.maker.tape.pick(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])}" for one in order]
        over = f"PARTITION BY {', '.join([self.maker.tape.pick(table.persons), *(one.sql for one in keys)])}"
        over += f" ORDER BY {', '.join(terms)}" if terms else ""
        over += self.maker.tape.pick(FRAMES) if not template.startswith(("ROW", "LAG", "LEAD", "RANK", "DENSE")) else ""
        uses = made.uses.intersection(*(one.uses for one in [*keys, *order]))
        return f"{text} OVER ({over})", replace(made, uses=uses, rank=template.startswith("ROW"))


def declared(dataset: PrivateDataset | PublicDataset, alias: str) -> tuple[Field, ...]:
    """Return the columns of a dataset."""
    found = []
    for name, column in dataset.columns.items():
        known = column_type(column)
        uses = frozenset(column.uses) if isinstance(dataset, PrivateDataset) else EVERY_USE
        bounded = not known.numeric or known.low is not None
        found.append(Field(f"{alias}.{name}", known.kind, uses, small=known.domain(FEW) is not None, bounded=bounded))
    return tuple(found)


def listed(items: Sequence[tuple[str, Field]]) -> str:
    """Return the items of a SELECT."""
    return ", ".join(f"{text} AS {one.sql}" for text, one in items)


def where(conditions: Sequence[str]) -> str:
    """Return a WHERE, or nothing."""
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
