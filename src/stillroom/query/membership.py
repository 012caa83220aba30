"""IN (SELECT …) and EXISTS: whether the same person has rows somewhere else, or a public table has the row's key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, columns_of
from stillroom.model.relation import ColumnFact, Mark
from stillroom.model.schema import ColumnType, Kind
from stillroom.query import uses
from stillroom.query.constants import NULL
from stillroom.query.correlation import conditions_of, not_the_person, qualified
from stillroom.query.expressions import absent, conjunction, person_reference, row_expression
from stillroom.query.frame import PersonColumn, Source
from stillroom.query.grouping import has_aggregate, unaliased
from stillroom.query.joins import needed, side_by_side, split_conditions
from stillroom.query.public_tables import public_table
from stillroom.query.scalars import value_of, with_match
from stillroom.query.text.parse import only
from stillroom.query.typed import Typed, choice, constant

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.context import Context
    from stillroom.query.frame import Frame, PublicTable


def is_among(node: exp.Expr, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile `x IN (SELECT …)`: the person, a column of rows of the same person, or the key of a public table.

    Where x is NULL, so is the answer; elsewhere a row is in the subquery or it is not.

    Raises:
        Refusal: The subquery is not about the same person, nor over a public table alone.
    """
    from sqlglot import exp

    only(node, {"this", "query"})
    query = node.args["query"].unnest()
    person = person_reference(node.this, frame)
    if person is not None and isinstance(query, exp.Query):
        return _has_person(person, query, frame, context)
    if person is not None or not isinstance(query, exp.Select) or len(query.expressions) != 1:
        raise not_the_person()
    outer = qualified(node.this, frame.sources)
    operand = row_expression(outer, frame)
    frame, mark = _matched(query, frame, context, (unaliased(query.expressions[0]), outer))
    return frame, choice([(absent(operand), NULL)], mark)


def _has_person(person: PersonColumn, query: exp.Query, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile `person IN (SELECT person …)`."""
    among = context.subquery(query, "", context)
    columns = list(among.sources[0].columns.values())
    if len(columns) != 1 or not isinstance(columns[0], PersonColumn):
        raise not_the_person()
    among = among.where(columns[0].present.expression if columns[0].present else None)
    frame, mark = _marked(frame, among, [], context)
    return frame, mark if person.present is None else choice([(person.present, mark)], NULL)


def exists(node: exp.Expr, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile `EXISTS (SELECT … WHERE inner person = outer person AND …)`; where HAVING leaves out the one group, there is no row.

    Raises:
        Refusal: The subquery is not about the same person, nor over a public table alone.
    """
    from sqlglot import exp

    query = node.this.unnest()
    if not isinstance(query, exp.Select):
        raise not_the_person()
    having = query.args.get("having")
    if having is None:
        return _matched(query, frame, context, None)
    asked = query.copy()
    asked.set("having", None)
    asked.set("expressions", [having.this.copy()])
    frame, value = value_of(asked, frame, context)
    yes, no = (constant(value=truth, kind=Kind.BOOLEAN) for truth in (True, False))
    return frame, choice([(value, yes)], no)


def _matched(query: exp.Select, frame: Frame, context: Context, pair: tuple[exp.Expr, exp.Expr] | None) -> tuple[Frame, Typed]:
    """Tell of each row whether a subquery has a row that belongs to it; with a pair, one that makes two expressions equal.

    DISTINCT, and GROUP BY without aggregates, leave a row where there is one.
    """
    if any(map(has_aggregate, query.expressions)):
        raise not_the_person()
    query = query.copy()
    query.args.pop("distinct", None)
    if pair is None:
        query.args.pop("group", None)
    for clause in ("group", "having", "order", "limit", "offset"):
        if query.args.get(clause) is not None:
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{clause.upper()} is not supported inside IN and EXISTS.", "Leave it out.")
    start = query.args.get("from_")
    public = public_table(start.this, context) if start is not None and not query.args.get("joins") else None
    if public is not None:
        return _has_key(query, public, frame, context, pair)
    return _has_row(query, frame, context, pair)


def _has_key(
    query: exp.Select, public: PublicTable, frame: Frame, context: Context, pair: tuple[exp.Expr, exp.Expr] | None
) -> tuple[Frame, Typed]:
    """Tell of each row whether a public table has a row that it matches by its key."""
    from sqlglot import exp

    own = [Source(public.alias, {**public.columns})]
    parts = [qualified(part, own) for part in conditions_of(query)]
    if pair is not None:
        parts.append(exp.EQ(this=qualified(pair[0], own), expression=pair[1]))
    matched, key = with_match(frame, public, parts, context)
    yes, no = (constant(value=truth, kind=Kind.BOOLEAN) for truth in (True, False))
    return replace(matched, sources=frame.sources, merged=frame.merged), choice([(absent(key), no)], yes)


def _has_row(query: exp.Select, frame: Frame, context: Context, pair: tuple[exp.Expr, exp.Expr] | None) -> tuple[Frame, Typed]:
    """Tell of each row whether its person has a row in a subquery for which the conditions are true."""
    from sqlglot import exp

    parts = conditions_of(query)
    query.args.pop("where", None)
    if nested := [part for part in parts if part.find(exp.Query) is not None]:
        query.set("where", exp.Where(this=exp.and_(*nested)))
    among, _ = context.rows(query, context)
    both = side_by_side(among, frame)
    own = [qualified(part, among.sources) for part in parts if part not in nested]
    if pair is not None:
        own.append(exp.EQ(this=qualified(pair[0], among.sources), expression=pair[1]))
    equated, pairs = split_conditions(own, both, among, frame)
    if not equated:
        raise not_the_person()
    return _marked(frame, among, pairs, context)


def _marked(frame: Frame, among: Frame, pairs: list[Typed], context: Context) -> tuple[Frame, Typed]:
    """Add the column that tells whether a row has a match; conditions on the inner rows alone decide which of them can match."""
    for pair in pairs:
        uses.allow(context.contract, pair, needed(pair))
    own = frozenset(fact.name for fact in among.facts)
    mine = [pair for pair in pairs if columns_of(pair.expression) and columns_of(pair.expression) <= own]
    rest = [pair for pair in pairs if pair not in mine]
    name = context.names.column(frame.stem)
    mark = Typed(Column(name=name), ColumnType(kind=Kind.BOOLEAN, nullable=False))
    relation = Mark(source=frame.relation, among=among.where(conjunction(mine)).relation, condition=conjunction(rest), name=name)
    facts = (*frame.facts, *among.facts, ColumnFact(name=name, type=mark.type))
    return replace(frame, relation=relation, facts=facts), mark
