"""Aggregates of the outer SELECT: each becomes one or two measures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, Refusal
from stillroom.model.expression import PARTS, Average, Branch, Case, Column, Constant, Expression, IsNull, Quantile, walk
from stillroom.model.measure import Aggregate, Measure
from stillroom.model.plan import leaves
from stillroom.model.schema import CALENDAR, Kind
from stillroom.query import uses
from stillroom.query.added import of_rows, of_value
from stillroom.query.apart import within
from stillroom.query.domains import most_values
from stillroom.query.expressions import condition, person_reference, row_expression
from stillroom.query.grouping import is_aggregate
from stillroom.query.kept import between, conditions
from stillroom.query.moments import Moments, moment
from stillroom.query.quantiles import COMBINATIONS, ladder, operand_and_part
from stillroom.query.result import SHOWN_DIGITS, Result
from stillroom.query.rewrites.order_operands import ordered
from stillroom.query.size import check_measured
from stillroom.query.text.instead import OF_EVERYBODY
from stillroom.query.text.parse import only
from stillroom.query.text.said import name_of
from stillroom.query.typed import Typed, both_true, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.model.plan import Key
    from stillroom.query.added import Added
    from stillroom.query.frame import Frame

TOTAL_LIMIT = 2**62
"""No person's total may reach this, so that engines and noise stay within 64 bits a person."""

BETWEEN_DIGITS = 2
"""Decimal places that a quantile shows beyond those of its column: it may fall between two values."""

ROWS_LIMIT = 2**120
"""Nor may its total before clamping reach this: engines add up in 127 bits."""

MOMENTS = frozenset({"variance", "variancepop", "stddev", "stddevsamp", "stddevpop", "covarsamp", "covarpop", "corr"}) | {
    "regrslope",
    "regrintercept",
}
"""Aggregates that are made of counts, sums and sums of products, by the names of their syntax nodes."""

Ends: TypeAlias = tuple[int, int]
"""Between what one person's total in a cell lies, before it is clamped."""

Sums: TypeAlias = dict[str, Ends]
"""The measures that are sums, by name."""

_ONE = Constant(value=1)
_ZERO = Constant(value=0)


class Measures:
    """Collects the measures of a question; equal ones are measured once."""

    def __init__(self, frame: Frame, contract: Contract, typed: Sequence[Typed], keys: tuple[Key, ...], *, scattered: bool) -> None:
        """Start with none, over the cells of the keys that are grouped by: their expressions, and what the plan says of these.

        A person may be `scattered` over several parts of a total.
        """
        self.frame, self.contract, self.scattered = frame, contract, scattered
        self.keys = keys
        self.rows = within(frame, typed)
        self.conditions = conditions(frame.relation)
        self.grid: list[Key] = []
        self.measures: list[Measure] = []
        self.summed: Sums = {}
        self.nodes = 0
        self.results: dict[str, Result] = {}

    def note(self, node: exp.Expr) -> str:
        """Note an aggregate and return the name of its result.

        Raises:
            Refusal: It is not an aggregate in a supported form, or a column may not be measured or filtered by.
        """
        from sqlglot import exp

        node, given = self._of_chosen(*self._given(node))
        inside = node.this if isinstance(node, exp.WithinGroup | exp.IgnoreNulls) else node
        if inside.key in OF_EVERYBODY and isinstance(inside, exp.AggFunc):
            raise Refusal(
                Code.AGGREGATE_NOT_ALLOWED, f"{name_of(inside)} is supported per person, not of everybody.", OF_EVERYBODY[inside.key]
            )
        if any(is_aggregate(inner) for child in inside.iter_expressions() for inner in child.walk()):
            raise Refusal(
                Code.AGGREGATE_NOT_ALLOWED, "An aggregate stands inside an aggregate.", "Aggregate per person in a subquery first."
            )
        match node:
            case exp.Count():
                return self._single(self._count(node), given)
            case exp.CountIf():
                only(node, {"this"})
                return self._single(self._rows(_ONE, self.rows), self._test(node.this, given))
            case exp.Sum():
                only(node, {"this"})
                return self._summed(self._limited(self._argument(node.this)), given)
            case exp.Avg():
                only(node, {"this"})
                return self._average(self._limited(self._argument(node.this)), given)
            case _ if isinstance(node, exp.AggFunc) and node.key in MOMENTS:
                return self._moment(node, given)
            case _:
                value, part = operand_and_part(node)
                return self._quantile(self._limited(self._argument(value)), part, given)

    def _given(self, node: exp.Expr) -> tuple[exp.Expr, Typed | None]:
        """Return an aggregate and the condition of its FILTER; its measures count the rows for which that is true."""
        from sqlglot import exp

        if not isinstance(node, exp.Filter):
            return node, None
        only(node, {"this", "expression"})
        return node.this, self._test(node.expression.this)

    def _of_chosen(self, node: exp.Expr, given: Typed | None) -> tuple[exp.Expr, Typed | None]:
        """Return COUNT([DISTINCT] CASE WHEN condition THEN person END) as a count of the person with the condition in FILTER."""
        from sqlglot import exp

        if not isinstance(node, exp.Count):
            return node, given
        targets = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this]
        case = targets[0].unnest() if len(targets) == 1 and isinstance(targets[0], exp.Expr) else None
        otherwise = None if case is None else case.args.get("default")
        if not isinstance(case, exp.Case) or len(case.args["ifs"]) != 1 or not isinstance(otherwise, exp.Null | None):
            return node, given
        branch = case.args["ifs"][0]
        if person_reference(branch.args["true"], self.frame) is None:
            return node, given
        test = branch.this if not case.this else exp.EQ(this=case.this, expression=branch.this)
        person = branch.args["true"].copy()
        counted = exp.Distinct(expressions=[person]) if isinstance(node.this, exp.Distinct) else person
        return exp.Count(this=counted, big_int=node.args.get("big_int")), self._test(test, given)

    def _test(self, node: exp.Expr, given: Typed | None = None) -> Typed:
        """Compile a condition on rows, beside one that is given."""
        test = condition(node, self.frame)
        uses.allow(self.contract, test, uses.FILTERS)
        return test if given is None else both_true(given, test)

    def _argument(self, node: exp.Expr) -> Typed:
        """Compile what is aggregated."""
        from sqlglot import exp

        if isinstance(node, exp.Distinct):
            raise Refusal(
                Code.AGGREGATE_NOT_ALLOWED,
                "DISTINCT is supported in COUNT only.",
                "Write COUNT(DISTINCT column), or SELECT DISTINCT in a subquery.",
            )
        typed = row_expression(node, self.frame)
        uses.allow(self.contract, typed, uses.MEASURES, uses.TESTED)
        return typed

    def _limited(self, typed: Typed) -> Typed:
        """Return a column with the range that the conditions of the question leave of it: no row that is measured has another value."""
        low, high = typed.type.low, typed.type.high
        if not isinstance(typed.expression, Column) or low is None or high is None:
            return typed
        low, high = between(typed.expression.name, low, high, self.conditions)
        return replace(typed, type=typed.type.model_copy(update={"low": low, "high": high}))

    def _count(self, node: exp.Count) -> Measure:
        """Return the measure of a COUNT."""
        from sqlglot import exp

        only(node, {"this", "big_int"})
        if isinstance(node.this, exp.Star):
            return self._rows(_ONE, self.rows)
        distinct = isinstance(node.this, exp.Distinct)
        if distinct:
            only(node.this, {"expressions"})
        targets = node.this.expressions if distinct else [node.this]
        if len(targets) != 1 or targets[0] is None or isinstance(targets[0], exp.Tuple):
            fix = "Write COUNT(*), COUNT(column) or COUNT(DISTINCT person); of combinations, COUNT(DISTINCT a || '-' || b)."
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "COUNT needs one argument.", fix)
        person = person_reference(targets[0], self.frame)
        if person is not None:
            counted = self._rows(_present(person.present), 1 if distinct else self.rows)
            return counted.model_copy(update={"aggregate": Aggregate.PERSONS}) if distinct and self.scattered else counted
        typed = row_expression(targets[0], self.frame)
        if distinct:
            return self._union(typed)
        uses.allow(self.contract, typed, uses.TESTED)
        return self._rows(_present(typed), self.rows)

    def _union(self, typed: Typed) -> Measure:
        """Return the measure of a COUNT(DISTINCT …) of something other than the person.

        Let f be the exact cells. What a person p adds to a cell, f(D with p) - f(D), is how many values p has there that nobody else has:
        between 0 and the values of p there, which are no more than p's rows there, nor than there are values at all. Over all cells they
        are no more than p's rows, in no more cells than p keeps. So it is a feasible vector of `PersonBound`, whatever D is; a change is
        the difference of two such vectors, and m identifiers are added one after the other, each by such a vector.
        """
        uses.allow(self.contract, typed, uses.COUNTED, uses.TESTED)
        most = most_values(typed.expression, self.frame.facts, self.frame.rows)
        return Measure(value=typed.expression, row_low=0, row_high=1, low=0, high=most, aggregate=Aggregate.UNION)

    def _rows(self, value: Expression, most: int) -> Measure:
        """Return a measure that counts rows for which `value` is 1, at most `most` a person."""
        return Measure(value=value, row_low=0, row_high=1, low=0, high=most)

    def _sum(self, typed: Typed) -> Measure:
        """Return the measure of a SUM; a total that the contract declares for the column is its clamp."""
        low, high = span(typed)
        row_low, row_high = min(low, 0), max(high, 0)
        least, most = self._total(typed)
        declared = self._declared_total(typed)
        if declared is not None:
            least, most = max(least, declared[0]), min(most, declared[1])
        if max(-least, most) >= TOTAL_LIMIT or max(-row_low, row_high) * self.frame.rows >= ROWS_LIMIT:
            raise Refusal(
                Code.BOUND_TOO_LARGE, "One person's total could be too large to measure.", "Narrow the column's bounds, or rows_per_person."
            )
        size = self._every(typed).size
        total = size if size < max(-row_low, row_high) * self.frame.rows else None
        return Measure(
            value=typed.expression, row_low=row_low, row_high=row_high, low=least, high=most, total=total, digits=typed.type.digits
        )

    def _total(self, typed: Typed) -> Ends:
        """Return between what the total of a number lies in one cell, for one person: no clamp is needed to keep it there.

        It is that of as many rows as a person has in a cell, and of some of all the person's rows.
        """
        every, cell = self._every(typed), of_rows(*span(typed), self.rows)
        return max(every.low, cell.low), min(every.high, cell.high)

    def _every(self, typed: Typed) -> Added:
        """Return what a number adds up to over any of a person's rows.

        So do a person's totals in all cells, each row being in one at most: their absolute values to no more than those of the rows.
        """
        rows = self.frame.rows
        return of_value(typed.expression, typed.type, rows, self.frame.added) or of_rows(*span(typed), rows)

    def _declared_total(self, typed: Typed) -> tuple[int, int] | None:
        """Return the per-person total that the contract declares for a plain column, or for that of which a column is sums, in units."""
        from stillroom.model.schema import to_units

        if not isinstance(typed.expression, Column):
            return None
        summed = self.frame.added.get(typed.expression.name)
        column = typed.expression.name if typed.reads == {typed.expression.name} else summed.column if summed is not None else None
        if column is None:
            return None
        dataset, _, name = column.partition(".")
        total = self.contract.datasets[dataset].columns[name].total
        return None if total is None else (min(0, to_units(total[0], typed.type.digits)), max(0, to_units(total[1], typed.type.digits)))

    def _summed(self, typed: Typed, given: Typed | None) -> str:
        """Add the measure of a SUM and return the name of its result."""
        return self._single(self._sum(typed), given, summed=self._total(typed))

    def _added(self, typed: Typed, given: Typed | None) -> str:
        """Add the measure of a sum and return its name."""
        return self._add(self._sum(typed), given, summed=self._total(typed))

    def _single(self, measure: Measure, given: Typed | None, *, summed: Ends | None = None) -> str:
        """Add a measure and return the name of its result."""
        name = self._add(measure, given, summed=summed)
        kind = Kind.DECIMAL if measure.digits else Kind.INTEGER
        self.results[name] = Result(Column(name=name), kind, measure.digits, noisy=True)
        return name

    def _average(self, typed: Typed, given: Typed | None) -> str:
        """Add the two measures of an average and return the name of its result.

        The bounded average lies within the bounds of a value; where the clamp of a person's total can bind, it may come closer to 0.
        """
        low, high = span(typed)
        measure = self._sum(typed)
        if (measure.low, measure.high) != self._total(typed):
            low, high = min(low, 0), max(high, 0)
        total = self._added(typed, given)
        count = self._add(self._rows(_present(typed), self.rows), given)
        digits = typed.type.digits
        node = Average(total=total, count=count, low=low, high=high, digits=digits)
        name = f"{total}/{count}"
        self.results[name] = Result(node, Kind.DECIMAL, digits + SHOWN_DIGITS, noisy=True)
        return name

    def _moment(self, node: exp.Expr, given: Typed | None) -> str:
        """Add the measures of a variance, covariance or regression and return the name of its result."""
        written = [node.args.get(name) for name in ("this", "expression") if name in node.arg_types]
        if None in written:
            fix = "Write two columns, as in CORR(y, x)." if len(written) > 1 else "Write one column, as in VARIANCE(x)."
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "An aggregate lacks a column.", fix)
        operands = [self._argument(operand) for operand in written if operand is not None]
        rows = self._rows(_present(*operands), self.rows)
        moments = Moments(operands, lambda: self._add(rows, given), lambda value: self._added(value, given))
        name = f"r{len(self.results)}"
        self.results[name] = moment(node, moments)
        return name

    def _quantile(self, typed: Typed, part: int, given: Typed | None) -> str:
        """Add the count of rows on the column's grid and return the name of a quantile; all quantiles share it."""
        selected = any(key.domain is None for key in self.keys)
        of = ladder(typed, leaves(self.keys, ()) * (COMBINATIONS if selected else 1))
        grid = tuple(self._position(key) for key in of.keys)
        count = self._add(self._rows(_ONE, self.rows).model_copy(update={"grid": grid}), given)
        node = Quantile(measure=count, part=part, low=of.low, high=of.high, width=of.width, step=of.step, digits=typed.type.digits)
        of_calendar = typed.type.kind in CALENDAR
        between = BETWEEN_DIGITS if 0 < part < PARTS and not of_calendar else 0
        digits = typed.type.digits + between
        number = Kind.DECIMAL if digits else Kind.INTEGER
        name = f"r{len(self.results)}"
        self.results[name] = Result(node, typed.type.kind if of_calendar else number, digits, noisy=True)
        return name

    def _position(self, key: Key) -> int:
        """Return the position of a key of a grid, which stands behind those that are grouped by."""
        if key not in self.grid:
            self.grid.append(key)
        return len(self.keys) + self.grid.index(key)

    def _add(self, measure: Measure, given: Typed | None, *, summed: Ends | None = None) -> str:
        """Add a measure of the rows for which a condition is true, unless it or an equal one is there, and return its name.

        Sums are remembered, with what a person's totals are before they are clamped: what clamps them is a loss, while what clamps a count
        makes it one of persons.

        All other rows count 0, which lies within the bounds of every measure, so that these hold as they are.
        """
        if given is not None:
            chosen = Case(branches=(Branch(when=given.expression, then=measure.value),), otherwise=Constant(value=None))
            measure = measure.model_copy(update={"value": chosen})
        measure = measure.model_copy(update={"value": ordered(measure.value)})
        if measure not in self.measures:
            self.measures.append(measure)
            self.nodes += sum(1 for _ in walk(measure.value))
            check_measured(self.nodes)
        name = f"m{self.measures.index(measure)}"
        self.summed |= {} if summed is None else {name: summed}
        return name


def _present(*values: Typed | None) -> Expression:
    """Return 1 where no value is NULL, else 0; always 1 when none can be NULL."""
    nullable = [value.expression for value in values if value is not None and value.type.nullable]
    missing = [IsNull(operand=one) for one in sorted(nullable, key=lambda one: canonical(one.to_json()))]
    return Case(branches=tuple(Branch(when=one, then=_ZERO) for one in missing), otherwise=_ONE) if missing else _ONE
