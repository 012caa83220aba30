"""Aggregates inside one person: what a subquery that is grouped by the person makes of the person's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.expression import Column
from stillroom.model.relation import Total, TotalFunction
from stillroom.query.added import of_rows, of_value
from stillroom.query.aggregate_types import ROW, average, counted_type, total_type
from stillroom.query.apart import within
from stillroom.query.comparisons import as_condition
from stillroom.query.domains import most_values
from stillroom.query.expressions import person_reference, row_expression
from stillroom.query.filter_clause import without_filter
from stillroom.query.per_person.picked import PICKED, picked
from stillroom.query.per_person.quantiles import quantile
from stillroom.query.per_person.spread import Spread
from stillroom.query.quantiles import operand_and_part
from stillroom.query.text.parse import only, unsupported
from stillroom.query.text.said import name_of
from stillroom.query.typed import Typed, span
from stillroom.query.windows import where

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.expression import Expression
    from stillroom.model.schema import ColumnType
    from stillroom.query.added import Added
    from stillroom.query.frame import Frame
    from stillroom.query.windows import Windows

_SPREADS = frozenset(
    {"variance", "variancepop", "stddev", "stddevsamp", "stddevpop", "covarsamp", "covarpop", "corr", "regrslope", "regrintercept"}
)
"""What is made of counts and sums of one or two numbers, by the names of its syntax nodes."""


@dataclass
class Totals:
    """Collects the aggregates of a subquery as per-person totals.

    Attributes:
        windows: The rows, and what has been added to them.
        keys: What they are grouped by besides the person.
        made: The totals.
        added: What they add up to over any groups of a person, by name.
        composed: What is made of totals, by place-holder.
        ranks: The number of each row in the order of a value, and how many rows have one, by value.
    """

    windows: Windows
    keys: tuple[Typed, ...]
    made: list[tuple[Total, Typed]] = field(default_factory=list)
    added: dict[str, Added] = field(default_factory=dict)
    composed: dict[str, Typed] = field(default_factory=dict)
    ranks: dict[Expression, tuple[Typed, Typed]] = field(default_factory=dict)

    @property
    def frame(self) -> Frame:
        """The rows."""
        return self.windows.frame

    @property
    def keyed(self) -> bool:
        """Whether a person may have several rows afterwards."""
        return not all(key.functional for key in self.keys)

    def note(self, node: exp.Expr) -> str:
        """Note an aggregate and return its place-holder."""
        from sqlglot import exp

        node, given = self._given(node)
        if isinstance(node, exp.Avg):
            only(node, {"this"})
            value = where(given, row_expression(node.this, self.frame))
            return self._composed(average(self._made(TotalFunction.SUM, value), self._made(TotalFunction.COUNT, value), value))
        if node.key in PICKED:
            return self._total(TotalFunction.MIN, picked(node, given, self.windows, self.keys))
        if node.key in _SPREADS:
            return self._composed(self._spread(node, given))
        if isinstance(node, exp.Median | exp.PercentileCont | exp.WithinGroup):
            return self._composed(self._quantile(node, given))
        function, value = self._function(node)
        return self._total(function, where(given, value))

    def _quantile(self, node: exp.Expr, given: Typed | None) -> Typed:
        """Return a quantile; all of a value share the numbers of rows."""
        written, part = operand_and_part(node)
        value = where(given, row_expression(written, self.frame))
        span(value)
        if value.expression not in self.ranks:
            self.ranks[value.expression] = self.windows.ranked(value, self.keys)
        return quantile(value, *self.ranks[value.expression], part, lambda weighed: self._made(TotalFunction.SUM, weighed))

    def _composed(self, value: Typed) -> str:
        """Remember what is made of totals, and return its place-holder."""
        name = f"of totals {len(self.composed)}"
        self.composed[name] = value
        return name

    def _spread(self, node: exp.Expr, given: Typed | None) -> Typed:
        """Return a variance, deviation, covariance, correlation or regression."""
        only(node, {"this", "expression"})
        written = [node.args.get(name) for name in ("this", "expression") if name in node.arg_types]
        if None in written:
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "An aggregate lacks a column.", "Write two columns, as in REGR_SLOPE(y, x).")
        operands = [where(given, row_expression(operand, self.frame)) for operand in written if operand is not None]
        try:
            return Spread(operands, self.frame.rows, self._made).value(node)
        except InvalidInput as error:
            if error.code is not Code.NUMBER_TOO_LARGE:
                raise
            fix = "Narrow the columns' bounds, as by LEAST and GREATEST, or have fewer rows of a person, as by ROW_NUMBER."
            raise Refusal(Code.BOUND_TOO_LARGE, "What a person's values are multiplied to could be too large to compute.", fix) from None

    def _given(self, node: exp.Expr) -> tuple[exp.Expr, Typed | None]:
        """Return an aggregate and the condition of its FILTER."""
        node, given = without_filter(node, self.frame)
        return _plain(node), given

    def _function(self, node: exp.Expr) -> tuple[TotalFunction, Typed]:
        """Return what an aggregate other than AVG does, and over what."""
        from sqlglot import exp

        functions: dict[type[exp.Expr], TotalFunction] = {
            exp.Sum: TotalFunction.SUM,
            exp.Min: TotalFunction.MIN,
            exp.Max: TotalFunction.MAX,
            exp.LogicalAnd: TotalFunction.MIN,
            exp.LogicalOr: TotalFunction.MAX,
            exp.AnyValue: TotalFunction.MIN,
        }
        if isinstance(node, exp.Count):
            return self._count(node)
        if isinstance(node, exp.AggFunc) and type(node) not in functions:
            fix = "Write COUNT, COUNT_IF, SUM, AVG, MIN, MAX, ARG_MIN, BOOL_OR, MODE, MEDIAN, QUANTILE_CONT, VARIANCE, STDDEV or CORR."
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, f"{name_of(node)} is not supported per person.", fix)
        if type(node) not in functions or node.this is None:
            raise unsupported(node)
        if isinstance(node.this, exp.Distinct):
            fix = "Write COUNT(DISTINCT column), or SELECT DISTINCT in a subquery."
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "DISTINCT is supported in COUNT only.", fix)
        only(node, {"this"})
        value = row_expression(node.this, self.frame)
        truth = isinstance(node, exp.LogicalAnd | exp.LogicalOr)
        return functions[type(node)], as_condition(value) if truth else value

    def _count(self, node: exp.Count) -> tuple[TotalFunction, Typed]:
        """Return what a COUNT counts: rows, values, or distinct values, of which the person is one."""
        from sqlglot import exp

        only(node, {"this", "big_int"})
        if isinstance(node.this, exp.Star):
            return TotalFunction.COUNT, ROW
        distinct = isinstance(node.this, exp.Distinct)
        if distinct:
            only(node.this, {"expressions"})
        targets = node.this.expressions if distinct else [node.this]
        if len(targets) != 1 or targets[0] is None:
            fix = "Write COUNT(*), COUNT(column) or COUNT(DISTINCT column)."
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "COUNT needs one argument.", fix)
        person = person_reference(targets[0], self.frame)
        if person is None:
            return TotalFunction.DISTINCT if distinct else TotalFunction.COUNT, row_expression(targets[0], self.frame)
        return (TotalFunction.DISTINCT, where(person.present, ROW)) if distinct else (TotalFunction.COUNT, person.present or ROW)

    def _type(self, function: TotalFunction, value: Typed) -> ColumnType:
        """Return what is known about a total.

        A row has one value at most: a person has as many distinct ones as rows, or as there are values.
        """
        rows = within(self.frame, self.keys)
        if function is TotalFunction.DISTINCT:
            return counted_type(most_values(value.expression, self.frame.facts, rows))
        return total_type(function.value, value, rows, self.frame.added)

    def _added(self, function: TotalFunction, value: Typed) -> Added | None:
        """Return what a total adds up to over any groups of a person; None where it is no number with bounds.

        Every row is in one group. So counts add up to no more than there are rows, and those of distinct values, too. The positive part
        of a sum is no more than the sum of the positive parts, the negative part no less, and its absolute value no more than the sum of
        the absolute ones; the least and the greatest are values of a row of the group. So over any groups, each adds up to no more
        than its values do over all of these rows.
        """
        if function in {TotalFunction.COUNT, TotalFunction.DISTINCT}:
            return of_rows(0, 1, self.frame.rows)
        found = of_value(value.expression, value.type, self.frame.rows, self.frame.added)
        if found is None or function is not TotalFunction.SUM:
            return found and found._replace(column=None)
        name = value.expression.name if isinstance(value.expression, Column) else ""
        return found._replace(column=name) if value.reads == {name} else found

    def _total(self, function: TotalFunction, value: Typed) -> str:
        """Add a total, unless it is there, and return its name."""
        kind = self._type(function, value)
        for total, known in self.made:
            if (total.function, total.value, known.type) == (function, value.expression, kind):
                return total.name
        name = self.windows.context.names.column(self.frame.stem)
        typed = Typed(Column(name=name), kind, not self.keyed, value.reads, value.tests)
        self.made.append((Total(name=name, function=function, value=value.expression), typed))
        added = self._added(function, value)
        self.added |= {} if added is None else {name: added}
        return name

    def _made(self, function: TotalFunction, value: Typed) -> Typed:
        """Add a total, and return its column."""
        return self.typed(self._total(function, value))

    def typed(self, name: str) -> Typed:
        """Return the column of a total."""
        return self.composed.get(name) or next(typed for total, typed in self.made if total.name == name)


def _plain(node: exp.Expr) -> exp.Expr:
    """Return ANY_VALUE without what the parser says about NULL, and MODE(x) for MODE() WITHIN GROUP (ORDER BY x)."""
    from sqlglot import exp

    if isinstance(node, exp.IgnoreNulls) and isinstance(node.this, exp.AnyValue):
        return node.this
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.Mode) and node.this.this is None:
        terms = node.expression.expressions
        return exp.Mode(this=terms[0].this) if len(terms) == 1 else node
    return node
