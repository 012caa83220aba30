"""Subqueries and common table expressions: they keep every row's person, or are grouped by it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, Constant
from stillroom.model.relation import ColumnFact, Named, PerPerson, Total, TotalFunction
from stillroom.model.schema import ColumnType, Kind
from stillroom.query import relations, uses
from stillroom.query.expressions import conjuncts, person_reference, row_expression, unsupported
from stillroom.query.frame import Binding, Frame, PersonColumn, Source
from stillroom.query.grouping import PLACE, Lowering, aliases_of, group_reader, has_aggregate, output_name, unaliased, with_aliases
from stillroom.query.parse import only
from stillroom.query.typed import Typed, bound_of, quotient, span

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.query.relations import Context


def compile_subquery(select: exp.Select, alias: str, context: Context) -> Frame:
    """Compile a subquery in FROM to rows that still belong to their persons, under one name.

    Raises:
        Refusal: Its rows would belong to nobody, or it has a clause that is not supported inside.
    """
    for clause in ("order", "limit", "offset"):
        if select.args.get(clause) is not None:
            raise Refusal(
                Code.CLAUSE_NOT_ALLOWED,
                f"{clause.upper()} is not supported inside a subquery.",
                "Leave it out, or move it to the outer SELECT.",
            )
    frame, inner = relations.select_rows(select, context)
    grouped = (
        select.args.get("group") is not None
        or select.args.get("having") is not None
        or any(has_aggregate(item) for item in select.expressions)
    )
    if grouped:
        return _grouped(select, alias, frame, inner)
    return frame.renamed(alias, _columns(select, frame, context.contract))


def _columns(select: exp.Select, frame: Frame, contract: Contract) -> dict[str, Binding]:
    """Compile the SELECT list of a subquery without grouping."""
    from sqlglot import exp

    columns: dict[str, Binding] = {}
    for item in select.expressions:
        if isinstance(item, exp.Star):
            only(item, ())
            _add(columns, _all_columns(frame))
            continue
        name = output_name(item)
        if name is None:
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A computed column of a subquery needs a name.", "Write … AS name.")
        node = unaliased(item)
        _add(columns, {name: person_reference(node, frame) or _mentioned(row_expression(node, frame), contract)})
    return columns


def _mentioned(typed: Typed, contract: Contract) -> Typed:
    """Return a column of a subquery, unless it mentions a column without any use; where it goes decides which use is needed."""
    uses.allow(contract, typed, uses.ALL)
    return typed


def _all_columns(frame: Frame) -> dict[str, Binding]:
    """Return what * stands for; names that two tables share must have been merged."""
    columns: dict[str, Binding] = {}
    for source in frame.sources:
        for name, binding in source.columns.items():
            if name in columns and name not in frame.merged:
                raise _twice(name)
            columns.setdefault(name, binding)
    return columns


def _add(columns: dict[str, Binding], new: dict[str, Binding]) -> None:
    """Add columns; names must be unique."""
    for name, binding in new.items():
        if name in columns:
            raise _twice(name)
        columns[name] = binding


def _twice(name: str) -> Refusal:
    """Return the refusal of two columns of one name."""
    return Refusal(Code.COLUMN_AMBIGUOUS, f"The subquery has two columns named {name!r}.", "Give one of them another name.")


@dataclass
class _Totals:
    """Collects the aggregates of a subquery as per-person totals."""

    frame: Frame
    keyed: bool
    made: list[tuple[Total, Typed]] = field(default_factory=list)
    averages: dict[str, Typed] = field(default_factory=dict)

    def note(self, node: exp.Expr) -> str:
        """Note an aggregate and return its place-holder."""
        from sqlglot import exp

        if isinstance(node, exp.Avg):
            only(node, {"this"})
            total = self._total(TotalFunction.SUM, row_expression(node.this, self.frame))
            count = self._total(TotalFunction.COUNT, row_expression(node.this, self.frame))
            name = f"avg({total},{count})"
            self.averages[name] = quotient(self.typed(total), self.typed(count))
            return name
        return self._total(*self._function(node))

    def _function(self, node: exp.Expr) -> tuple[TotalFunction, Typed]:
        """Return what an aggregate other than AVG does, and over what."""
        from sqlglot import exp

        functions: dict[type[exp.Expr], TotalFunction] = {
            exp.Sum: TotalFunction.SUM,
            exp.Min: TotalFunction.MIN,
            exp.Max: TotalFunction.MAX,
            exp.Count: TotalFunction.COUNT,
        }
        if type(node) not in functions or node.this is None or isinstance(node.this, exp.Distinct):
            raise unsupported(node)
        only(node, {"this", "big_int"})
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            return TotalFunction.COUNT, Typed(Constant(value=1), ColumnType(kind=Kind.INTEGER, low=1, high=1, nullable=False))
        person = person_reference(node.this, self.frame) if isinstance(node, exp.Count) else None
        if person is not None:
            always = Typed(Constant(value=1), ColumnType(kind=Kind.INTEGER, low=1, high=1, nullable=False))
            return TotalFunction.COUNT, person.present or always
        return functions[type(node)], row_expression(node.this, self.frame)

    def _total(self, function: TotalFunction, value: Typed) -> str:
        """Add a total, unless it is there, and return its name."""
        kind = self._type(function, value)
        for total, known in self.made:
            if (total.function, total.value, known.type) == (function, value.expression, kind):
                return total.name
        name = f"{self.frame.stem}.#{self.frame.made + len(self.made)}"
        typed = Typed(Column(name=name), kind, not self.keyed, value.reads, value.tests)
        self.made.append((Total(name=name, function=function, value=value.expression), typed))
        return name

    def _type(self, function: TotalFunction, value: Typed) -> ColumnType:
        """Return what is known about a total."""
        rows = self.frame.rows
        if function is TotalFunction.COUNT:
            return ColumnType(kind=Kind.INTEGER, low=0, high=rows, nullable=False)
        if function is TotalFunction.SUM:
            low, high = span(value)
            low, high = min(low, low * rows), max(high, high * rows)
            bound_of(low, high)
            return ColumnType(kind=value.type.kind, digits=value.type.digits, low=low, high=high, nullable=value.type.nullable)
        if not value.type.numeric and value.type.kind is not Kind.DATE:
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "MIN and MAX need numbers or dates.", "Use them on numbers or dates.")
        return value.type

    def typed(self, name: str) -> Typed:
        """Return the column of a total."""
        return self.averages.get(name) or next(typed for total, typed in self.made if total.name == name)


def _grouped(select: exp.Select, alias: str, frame: Frame, context: Context) -> Frame:
    """Compile a subquery with GROUP BY: one row per person and key."""
    keys = _keys(select, frame, context.contract)
    totals = _Totals(frame, keyed=not all(key.functional for key in keys.values()))
    lowering = Lowering(frame, keys, totals.note, person="person")
    items = [(output_name(item), lowering.lower(unaliased(item))) for item in select.expressions]
    having = select.args.get("having")
    aliases = aliases_of(select)
    tests = [lowering.lower(with_aliases(node, aliases, frame)) for node in (conjuncts(having.this) if having else ())]
    after = relations.filtered(_after(frame, keys, totals), tests, context.contract)
    columns: dict[str, Binding] = {}
    for name, node in items:
        if name is None:
            raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A computed column of a subquery needs a name.", "Write … AS name.")
        _add(columns, {name: person_reference(node, after) or _mentioned(row_expression(node, after), context.contract)})
    return after.renamed(alias, columns)


def _keys(select: exp.Select, frame: Frame, contract: Contract) -> dict[str, Typed]:
    """Return the keys besides the person, by place-holder.

    Raises:
        Refusal: The person is not among the grouping columns, or another column may not be grouped by.
    """
    group = select.args.get("group")
    nodes = []
    if group is not None:
        only(group, {"expressions"})
        nodes = [node.unnest() for node in map(group_reader(select, frame), group.expressions)]
    persons = [person for node in nodes if (person := person_reference(node, frame))]
    if not persons:
        raise Refusal(
            Code.PERSON_LOST, "A subquery that aggregates must be grouped by the person.", "Add the person column to its GROUP BY."
        )
    if any(person.present is not None for person in persons):
        raise Refusal(
            Code.PERSON_LOST, "Rows without a match have no person on the right side of a LEFT JOIN.", "Group by the left side's person."
        )
    others = [row_expression(node, frame) for node in nodes if person_reference(node, frame) is None]
    for key in others:
        uses.allow(contract, key, uses.GROUPS)
    return {f"{frame.stem}.#key{frame.made + position}": key for position, key in enumerate(others)}


def _after(frame: Frame, keys: dict[str, Typed], totals: _Totals) -> Frame:
    """Return the frame of one row per person and key."""
    grouped = {name: replace(key, expression=Column(name=name)) for name, key in keys.items()}
    computed = {total.name: typed for total, typed in totals.made}
    relation = PerPerson(
        source=frame.relation,
        keys=tuple(Named(name=name, value=key.expression) for name, key in keys.items()),
        totals=tuple(total for total, _ in totals.made),
    )
    facts = tuple(ColumnFact(name=name, type=typed.type) for name, typed in (*grouped.items(), *computed.items()))
    source = Source(PLACE, {"person": PersonColumn(), **grouped, **computed, **totals.averages})
    rows = frame.rows if totals.keyed else 1
    made = frame.made + len(totals.made) + len(keys)
    return replace(frame, relation=relation, rows=rows, sources=(source,), facts=frame.facts + facts, merged=frozenset(), made=made)
