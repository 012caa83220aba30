"""Subqueries and common table expressions: they keep every row's person, or are grouped by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column
from stillroom.model.relation import ColumnFact, Named, PerPerson
from stillroom.query import relations, uses
from stillroom.query.apart import first_alike, grouped
from stillroom.query.embedded import with_all_places
from stillroom.query.expressions import conjunction, conjuncts, person_reference, row_expression
from stillroom.query.first_rows import with_first_rows
from stillroom.query.frame import Binding, Frame, PersonColumn, Source
from stillroom.query.grouping import (
    PLACE,
    UNNAMED,
    Lowering,
    aliases_of,
    group_reader,
    has_aggregate,
    output_name,
    spelled_out,
    unaliased,
    with_aliases,
)
from stillroom.query.per_person.totals import Totals
from stillroom.query.text.parse import identifier, only, unsupported
from stillroom.query.unions import distinct, united
from stillroom.query.windows import Windows, with_windows

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.query.context import Context
    from stillroom.query.typed import Typed


def compile_subquery(query: exp.Query, alias: str, context: Context) -> Frame:
    """Compile a subquery in FROM to rows that still belong to their persons, under one name.

    Raises:
        Refusal: Its rows would belong to nobody, or it has a clause that is not supported inside.
    """
    from sqlglot import exp

    once = query.args.get("distinct")
    if isinstance(query, exp.Select) and isinstance(once, exp.Distinct) and once.args.get("on") is not None:
        query, once = with_first_rows(query), None
    for clause in ("order", "limit", "offset"):
        if query.args.get(clause) is not None:
            raise Refusal(
                Code.CLAUSE_NOT_ALLOWED,
                f"{clause.upper()} is not supported inside a subquery.",
                "Leave it out, or move it to the outer SELECT.",
            )
    if isinstance(query, exp.Union):
        return united(query, alias, context)
    if not isinstance(query, exp.Select):
        raise unsupported(query)
    frame = _selected(query, alias, context)
    if once is None:
        return frame
    only(once, ())
    return distinct(frame, context)


def _selected(select: exp.Select, alias: str, context: Context) -> Frame:
    """Compile a SELECT: grouped by the person, or row by row."""
    plain = select.copy()
    qualify = plain.args.pop("qualify", None)
    plain.args.pop("distinct", None)
    frame, inner = relations.select_rows(plain, context)
    frame, plain = with_all_places(plain, frame, inner)
    plain = spelled_out(plain, frame)
    grouped = plain.args.get("group") is not None or plain.args.get("having") is not None or any(map(has_aggregate, plain.expressions))
    if grouped and qualify is None:
        return _grouped(plain, alias, frame, inner)
    if grouped:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "QUALIFY is not supported where rows are grouped.", "Group in a subquery of its own.")
    aliases = {name: unaliased(item) for item in plain.expressions if (name := output_name(item))}
    tests = [with_aliases(node, aliases, frame) for node in (conjuncts(qualify.this) if qualify else ())]
    frame, nodes = with_windows(frame, [*plain.expressions, *tests], inner)
    items = nodes[: len(plain.expressions)]
    frame = relations.filtered(frame, nodes[len(plain.expressions) :], inner)
    return frame.renamed(alias, _columns(items, frame, inner.contract))


def _columns(items: list[exp.Expr], frame: Frame, contract: Contract) -> dict[str, Binding]:
    """Compile the SELECT list of a subquery without grouping."""
    from sqlglot import exp

    columns: dict[str, Binding] = {}
    for item in items:
        if isinstance(item, exp.Star):
            only(item, ())
            _add(columns, _all_columns(frame))
            continue
        if item.is_star and isinstance(item, exp.Column):
            _add(columns, _columns_of(item, frame))
            continue
        name = output_name(item) or f"{UNNAMED}{len(columns)}"
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
    for source in (source for source in frame.sources if source.alias != PLACE):
        for name, binding in source.columns.items():
            if name in columns and name not in frame.merged:
                raise _twice(name)
            columns[name] = frame.merged.get(name, binding)
    return columns


def _columns_of(item: exp.Column, frame: Frame) -> dict[str, Binding]:
    """Return what `table.*` stands for."""
    only(item, {"this", "table"})
    alias = identifier(item.args.get("table"))
    found = [source.columns for source in frame.sources if source.alias == alias]
    if not found:
        raise Refusal(Code.DATASET_UNKNOWN, f"There is no table {alias!r} here.", "Use a name or alias that stands after FROM or JOIN.")
    return found[0]


def _add(columns: dict[str, Binding], new: dict[str, Binding]) -> None:
    """Add columns; names must be unique."""
    for name, binding in new.items():
        if name in columns:
            raise _twice(name)
        columns[name] = binding


def _twice(name: str) -> Refusal:
    """Return the refusal of two columns of one name."""
    return Refusal(Code.COLUMN_AMBIGUOUS, f"The subquery has two columns named {name!r}.", "Give one of them another name.")


def _grouped(select: exp.Select, alias: str, frame: Frame, context: Context) -> Frame:
    """Compile a subquery with GROUP BY: one row per person and key."""
    frame, keys, persons = _keys(select, frame, context)
    totals = Totals(Windows(frame, context), tuple(keys.values()))
    lowering = Lowering(frame, keys, totals.note, persons=persons)
    items = [(output_name(item), lowering.lower(unaliased(item))) for item in select.expressions]
    having = select.args.get("having")
    aliases = aliases_of(select)
    tests = [lowering.lower(with_aliases(node, aliases, frame)) for node in (conjuncts(having.this) if having else ())]
    after = relations.filtered(_after(totals.frame, keys, totals), tests, context)
    columns: dict[str, Binding] = {}
    for name, node in items:
        _add(
            columns,
            {
                name or f"{UNNAMED}{len(columns)}": person_reference(node, after)
                or _mentioned(row_expression(node, after), context.contract)
            },
        )
    return after.renamed(alias, columns)


def _keys(select: exp.Select, frame: Frame, context: Context) -> tuple[Frame, dict[str, Typed], list[PersonColumn]]:
    """Return the rows that are grouped, the keys besides the person, by place-holder, and the person as it is grouped by.

    Rows on which the person's column is NULL would be a group that belongs to nobody, and are left out.

    Raises:
        Refusal: The person is not among the grouping columns, or another column may not be grouped by.
    """
    group = select.args.get("group")
    nodes = []
    if group is not None:
        only(group, {"expressions"})
        nodes = [node.unnest() for node in map(group_reader(select, frame), group.expressions)]
    persons = [person for node in nodes if (person := person_reference(node, frame)) is not None]
    if not persons:
        raise Refusal(
            Code.PERSON_LOST, "A subquery that aggregates must be grouped by the person.", "Add the person column to its GROUP BY."
        )
    others = [row_expression(node, frame) for node in nodes if person_reference(node, frame) is None]
    for key in others:
        uses.allow(context.contract, key, uses.GROUPS)
    present = conjunction([person.present for person in persons if person.present is not None])
    return frame.where(present), {context.names.column(frame.stem): key for key in others}, persons


def _after(frame: Frame, keys: dict[str, Typed], totals: Totals) -> Frame:
    """Return the frame of one row per person and key."""
    first = first_alike(keys)
    named = {name: replace(key, expression=Column(name=first[name])) for name, key in keys.items()}
    keys = {name: keys[name] for name in first.values()}
    computed = {total.name: typed for total, typed in totals.made}
    relation = PerPerson(
        source=frame.relation,
        keys=tuple(Named(name=name, value=key.expression) for name, key in keys.items()),
        totals=tuple(total for total, _ in totals.made),
    )
    facts = tuple(ColumnFact(name=name, type=typed.type) for name, typed in (*keys.items(), *computed.items()))
    source = Source(PLACE, {"person": PersonColumn(), **named, **computed, **totals.composed})
    told, rows = grouped(frame, keys)
    facts = frame.facts + facts
    return Frame(relation, rows, (source,), facts, told=told, added=totals.added)
