"""Random questions: keys, aggregates and what is made of them after the noise, over random relations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillroom.model.question import Quantiles, Terms
from stillroom.model.schema import Kind, Use
from tests.generator.relations import Relations, where
from tests.generator.writer import Writer, fields_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.generator.maker import Field, Maker
    from tests.generator.relations import Table

AGGREGATES = (
    *("COUNT(*)", "COUNT(*)", "SUM({n})", "SUM({n})", "AVG({n})", "COUNT({any})", "COUNT(DISTINCT {p})", "COUNT({p})", "COUNT_IF({c})"),
    *("VARIANCE({n})", "VAR_POP({n})", "STDDEV({n})", "COVAR_POP({n}, {n})", "CORR({n}, {n})", "REGR_SLOPE({n}, {n})", "VAR_SAMP({n})"),
    *("REGR_INTERCEPT({n}, {n})", "COVAR_SAMP({n}, {n})", "STDDEV_POP({n})", "STDDEV_SAMP({n})"),
    *(
        "COUNT(DISTINCT {counted})",
        "COUNT(DISTINCT {counted})",
        "MEDIAN({n})",
        "QUANTILE_CONT({n}, 0.9)",
        "MIN({n})",
        "MAX({d})",
        "MEDIAN({s})",
    ),
)
FIXED = ("COUNT", "SUM", "AVG")
"""The beginnings of aggregates whose error can be asked for."""
AFTER = (
    *("ROUND({a}, 1)", "{a} / NULLIF({a}, 0)", "ABS({a})", "SQRT(ABS({a}))", "GREATEST({a}, 0)", "LEAST({a}, {a}, NULL)", "FLOOR({a} / 3)"),
    *("CASE WHEN {a} > 3 THEN 'many' ELSE 'few' END", "COALESCE({a} / {a}, 0)", "CEIL({a})", "SIGN({a})", "-{a} * 2 + 1", "{a} IS NULL"),
    *(
        "TRUNC({a}, 1)",
        "{a} % 7",
        "FLOOR({a}) // 3",
        "WIDTH_BUCKET({a}, 0, 100, 5)",
        "EXP({a} / 100)",
        "LN(ABS({a}) + 1)",
        "LOG10(ABS({a}) + 1)",
        "CBRT({a})",
    ),
    *(
        "POWER({a}, 2)",
        "CAST({a} AS BIGINT)",
        "CONCAT('n', CAST({a} AS BIGINT))",
        "UPPER(CAST({k} AS VARCHAR))",
        "CAST({k} AS VARCHAR) LIKE '%n%'",
    ),
    *("CASE WHEN {a} > {a} THEN {a} END", "{a} BETWEEN 0 AND 10", "{a} IN (1, 2, 3)", "NULLIF({a}, {a})", "NOT {a} > 1 AND {a} < 9"),
)
OVER = (
    *("RANK() OVER (ORDER BY {a} DESC)", "ROW_NUMBER() OVER (PARTITION BY {k} ORDER BY {a})", "SUM({a}) OVER (PARTITION BY {k})"),
    *("LAG({a}) OVER (ORDER BY {k} DESC)", "AVG({a}) OVER (ORDER BY {a} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", "COUNT({a}) OVER ()"),
    *(
        "MAX({a}) FILTER (WHERE {a} > 0) OVER (PARTITION BY {k})",
        "NTILE(2) OVER (ORDER BY {k}, {a})",
        "FIRST_VALUE({k}) OVER (ORDER BY {a})",
    ),
)
"""Windows over the table."""
AROUND = (
    *("SELECT * FROM ({q}) AS o", "SELECT {k}, {a} FROM ({q}) WHERE {a} > 1", "SELECT COUNT(*), AVG({a}), MAX({a}) FROM ({q})"),
    *("SELECT {k}, SUM({a}), COUNT({a}) FROM ({q}) GROUP BY {k} HAVING COUNT(*) > 0", "SELECT SUM({a}) FROM ({q}) WHERE {k} IS NOT NULL"),
    *("SELECT {k}, o.{a} FROM ({q}) AS o QUALIFY RANK() OVER (ORDER BY {a} DESC) <= 3", "SELECT MIN({a}), SUM({a}) FROM ({q})"),
)
"""What stands around a question: `q` is the question, `k` a column that it groups by, `a` one that is measured."""
HAVING = ("{a} > 1", "{a} >= 0 OR {a} < -1", "ROUND({a}) <> 2", "NOT {a} BETWEEN 1 AND 3", "({a}) / {a} > 1")
KEYS = (
    *("{c}", "CASE WHEN {c} THEN 'one' WHEN {c} THEN 'two' END", "UPPER({t})", "{i} % 3", "COALESCE({t}, '?')", "{i} * 2 + 1"),
    *(
        "EXTRACT(month FROM {d})",
        "LEFT({t}, 1)",
        "CASE WHEN {c} THEN 0 ELSE 1.5 END",
        "DATE_TRUNC('month', {d})",
        "EXTRACT(hour FROM {s})",
        "DATE_TRUNC('hour', {s})",
        "ABS({i})",
        "NULLIF({t}, {text})",
    ),
)


@dataclass(frozen=True)
class Asked:
    """A question in its parts, so that it can be written in more than one way.

    Attributes:
        head: WITH and what it defines.
        items: What is selected, with the names of some.
        table: What stands after FROM.
        conditions: Those of WHERE.
        keys: What is grouped by.
        sets: How keys go into a GROUP BY.
        tail: HAVING, ORDER BY and LIMIT.
        terms: Price or precision.
        around: The SELECT over its results, or nothing but itself.
    """

    head: str
    items: tuple[str, ...]
    table: str
    conditions: tuple[str, ...]
    keys: tuple[str, ...]
    sets: str
    tail: str
    terms: Terms
    around: str = "{q}"

    @property
    def sql(self) -> str:
        """The question as SQL."""
        group = f" GROUP BY {self.sets.replace('{keys}', ', '.join(self.keys))}" if self.keys else ""
        select = f"SELECT {', '.join(self.items)} FROM {self.table}{where(self.conditions)}{group}{self.tail}"
        return self.head + self.around.replace("{q}", select)

    @property
    def turned(self) -> str:
        """The same question with its conditions and keys in another order, where it groups in one way only."""
        keys = self.keys[::-1] if self.sets == "{keys}" else self.keys
        return replace(self, conditions=self.conditions[::-1], keys=keys).sql


class Questions:
    """Makes questions."""

    def __init__(self, maker: Maker) -> None:
        """Start with relations, and no aggregate that is a date or a timestamp."""
        self.maker, self.relations = maker, Relations(maker)
        self.dated: set[str] = set()

    def asked(self) -> Asked:
        """Return a question."""
        head = self._common()
        table = self.relations.table(self.maker.tape.pick([1, 2, 2, 3]))
        keys = [key for key in (self._key(table) for _ in range(self.maker.tape.pick([1, 1, 2, 0, 2, 3]))) if key]
        named = [(self.maker.name("g"), key) for key in dict.fromkeys(keys)]
        aggregates = [self._aggregate(table) for _ in range(self.maker.tape.upto(3, 1))]
        numbers = self._numbers(aggregates)
        windows = self._windows([key for _, key in named], numbers)
        measured = [(self.maker.name("r"), text) for text in [*aggregates, *windows, *self._after([key for _, key in named], numbers)]]
        items = [f"{text} AS {name}" for name, text in [*((name, key) for name, key in named), *measured]]
        around = self._around([name for name, _ in named], [name for name, _ in measured])
        sets = self._sets(len(named))
        if sets != "{keys}":
            items += [f"GROUPING({key})" for _, key in named[:1]]
        tail = self._tail(numbers, 0 if around != "{q}" else len(items))
        return Asked(
            head=head,
            items=tuple(items),
            table=table.sql,
            conditions=tuple(self.relations.where(table, 1)),
            keys=tuple(self.maker.tape.pick([name, key]) for name, key in named),
            sets=sets,
            tail=tail,
            terms=self._terms(aggregates, windows=any(" OVER " in text for text in (*items, tail, around))),
            around=around,
        )

    def _common(self) -> str:
        """Return the common table expressions."""
        definitions = []
        for _ in range(self.maker.tape.upto(2) if self.maker.tape.chance(30) else 0):
            name, query = self.maker.name("cte"), self.relations.query(1)
            self.relations.common[name] = query
            definitions.append(f"{name} AS ({query.sql})")
            self.maker.seen["WITH"] += 1
        return f"WITH {', '.join(definitions)} " if definitions else ""

    def _key(self, table: Table) -> str | None:
        """Return a key whose values the contract tells, or, where they may be selected, any."""
        grouped = fields_for(table.fields, Use.GROUP)
        endless = [one for one in grouped if not one.small]
        if endless and self.maker.contract.caps.selection_delta and self.maker.tape.chance(60):
            self.maker.seen["any key"] += 1
            return self.maker.tape.pick(endless).sql
        small = [one for one in grouped if one.small]
        if not small:
            return None
        if self.maker.tape.chance(65):
            return self.maker.tape.pick(small).sql
        return self._written(self.maker.tape.pick(KEYS), small, grouped)

    def _written(self, template: str, values: list[Field], tests: list[Field]) -> str | None:
        """Return a template of a key, filled in; None where there is no column for it."""
        writer = Writer(self.maker, [one for one in values if one.bounded], tests)
        text = writer.filled(template)
        return text if writer.read else None

    def _aggregate(self, table: Table) -> str:
        """Return an aggregate, some of them with FILTER."""
        measured, tested = fields_for(table.fields, Use.MEASURE, bounded=True), fields_for(table.fields, Use.FILTER)
        template = self.maker.tape.pick(AGGREGATES)
        if "{c}" in template and not tested:
            template = "COUNT(*)"
        self.maker.seen[template.split("(")[0]] += 1
        kind = self.maker.tape.pick([one.kind for one in measured] or [Kind.INTEGER])
        text = template.replace("{p}", self.maker.tape.pick(table.persons)).replace("{c}", "{test}")
        counted = fields_for(table.fields, Use.MEASURE, Use.GROUP)
        distinct = self.maker.tape.pick([one.kind for one in counted] or [Kind.INTEGER]) if "{counted}" in text else kind
        for place, wanted, fields in (
            ("{n}", Kind.DECIMAL, measured),
            ("{any}", kind, measured),
            ("{d}", Kind.DATE, measured),
            ("{s}", Kind.TIMESTAMP, measured),
            ("{counted}", distinct, counted),
        ):
            while place in text:
                text = text.replace(place, Writer(self.maker, fields, fields).write(wanted), 1)
        text = text.replace("{test}", Writer(self.maker, tested, tested).truth())
        dated = "{d}" in template or "{s}" in template
        if tested and self.maker.tape.chance(20):
            self.maker.seen["FILTER"] += 1
            text += f" FILTER (WHERE {Writer(self.maker, tested, tested).truth()})"
        self.dated.update([text] if dated else [])
        return text

    def _filled(self, template: str, aggregates: list[str], keys: Sequence[str] = ()) -> str:
        for place, options in (("{a}", aggregates), ("{k}", keys or aggregates)):
            while place in template:
                template = template.replace(place, self.maker.tape.pick(options), 1)
        return template

    def _numbers(self, aggregates: list[str]) -> list[str]:
        """Return the aggregates that are numbers, mostly, if there is one: of dates little can be computed."""
        numbers = [one for one in aggregates if one not in self.dated]
        return numbers if numbers and self.maker.tape.chance(90) else aggregates

    def _windows(self, keys: list[str], aggregates: list[str]) -> list[str]:
        """Return windows over the table."""
        found = [self.maker.tape.pick(OVER)] if self.maker.tape.chance(15) else []
        self.maker.seen.update(f"over {one}" for one in found)
        return [self._filled(one, aggregates, keys) for one in found]

    def _around(self, keys: list[str], measured: list[str]) -> str:
        """Return what stands around the question."""
        if not self.maker.tape.chance(15):
            return "{q}"
        found = self.maker.tape.pick(AROUND)
        self.maker.seen[f"around {found}"] += 1
        return self._filled(found, measured, keys)

    def _after(self, keys: list[str], aggregates: list[str]) -> list[str]:
        """Return what is computed after the noise."""
        found = [self.maker.tape.pick(AFTER)] if self.maker.tape.chance(45) else []
        self.maker.seen.update(f"after {one}" for one in found)
        return [self._filled(one, aggregates, keys) for one in found]

    def _sets(self, keys: int) -> str:
        if keys == 0 or self.maker.tape.chance(70):
            return "{keys}"
        found = self.maker.tape.pick(["ROLLUP ({keys})", "CUBE ({keys})", "GROUPING SETS (({keys}), ())"])
        self.maker.seen[found.split(" (")[0]] += 1
        return found

    def _tail(self, aggregates: list[str], items: int) -> str:
        """Return HAVING and QUALIFY; then ORDER BY and LIMIT, unless there are no items to order by."""
        having = f" HAVING {self._filled(self.maker.tape.pick(HAVING), aggregates)}" if self.maker.tape.chance(25) else ""
        self.maker.seen.update(["HAVING"] if having else [])
        having += self._qualify(aggregates)
        if not items:
            return having
        by = self.maker.tape.pick([str(self.maker.tape.upto(items, 1)), self.maker.tape.pick(aggregates)])
        order = f" ORDER BY {by}{self.maker.tape.pick(['', ' DESC', ' NULLS FIRST'])}" if self.maker.tape.chance(30) else ""
        limit = f" LIMIT {self.maker.tape.upto(5)}{self.maker.tape.pick(['', ' OFFSET 1'])}" if self.maker.tape.chance(15) else ""
        self.maker.seen.update(name for name, text in (("ORDER BY", order), ("LIMIT", limit)) if text)
        return having + order + limit

    def _qualify(self, aggregates: list[str]) -> str:
        """Return QUALIFY over the table."""
        if not self.maker.tape.chance(8):
            return ""
        self.maker.seen["QUALIFY after"] += 1
        return f" QUALIFY {self._filled('RANK() OVER (ORDER BY {a} DESC) <= 3', aggregates)}"

    def _terms(self, aggregates: Sequence[str], *, windows: bool) -> Terms:
        """Return a price, seldom a precision; seldom terms that are refused for such aggregates, or beside windows."""
        groups = self.maker.tape.pick([1, 2, 3]) if self.maker.tape.chance(20) else None
        fixed = all(text.startswith(FIXED) for text in aggregates)
        if self.maker.tape.chance(6 if fixed else 1):
            return Terms(error=50.0, group_size=100, groups_per_person=groups)
        epsilon, pure, nonnegative = (
            self.maker.tape.pick([1.0, 0.4, 5.0]),
            self.maker.tape.chance(11),
            self.maker.tape.chance(2 if windows else 25),
        )
        clamped = self.maker.tape.chance(20)
        advise = self.maker.tape.pick([0.05, 0.25]) if self.maker.tape.chance(7) and not clamped else None
        exponential = not any(text.startswith(("MIN", "MAX")) for text in aggregates) and self.maker.tape.chance(50)
        quantiles = Quantiles.EXPONENTIAL if exponential else Quantiles.TREE
        terms = Terms(epsilon=epsilon, pure=pure, groups_per_person=groups, nonnegative=nonnegative, clamped=clamped, advise=advise)
        return terms.model_copy(update={"quantiles": quantiles})
