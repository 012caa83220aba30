"""IN (SELECT …) and EXISTS: whether the same person has rows somewhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, columns_of
from stillroom.model.relation import ColumnFact, Mark
from stillroom.model.schema import ColumnType, Kind
from stillroom.query import uses
from stillroom.query.constants import NULL
from stillroom.query.expressions import conjunction, conjuncts, person_reference
from stillroom.query.frame import Frame, PersonColumn, Source
from stillroom.query.grouping import PLACE, has_aggregate, place_holder
from stillroom.query.joins import needed, side_by_side, split_conditions
from stillroom.query.text.parse import identifier, only
from stillroom.query.typed import Typed, choice

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.context import Context


def with_marks(frame: Frame, nodes: list[exp.Expr], context: Context) -> tuple[Frame, list[exp.Expr]]:
    """Return rows that tell whether they are in each subquery of some conditions, and the conditions with place-holders for that.

    Both are two-valued, as a row is in a subquery or it is not: NOT IN keeps rows where SQL's own would stumble over a NULL.

    Raises:
        Refusal: A subquery is not about the same person.
    """
    from sqlglot import exp

    marks: dict[str, Typed] = {}

    def step(node: exp.Expr) -> exp.Expr:
        nonlocal frame
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            frame, mark = _among(node, frame, context)
        elif isinstance(node, exp.Exists):
            frame, mark = _exists(node, frame, context)
        else:
            return node
        name = f"mark{len(marks)}"
        marks[name] = mark
        return place_holder(name)

    nodes = [node.transform(step) for node in nodes]
    return replace(frame, sources=(*frame.sources, Source(PLACE, {**marks}))) if marks else frame, nodes


def _among(node: exp.In, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile `person IN (SELECT person …)`; where the person's column is NULL, so is the answer."""
    from sqlglot import exp

    only(node, {"this", "query"})
    query = node.args["query"].unnest()
    person = person_reference(node.this, frame)
    if person is None or not isinstance(query, exp.Query):
        raise _not_the_person()
    among = context.subquery(query, "", context)
    columns = list(among.sources[0].columns.values())
    if len(columns) != 1 or not isinstance(columns[0], PersonColumn):
        raise _not_the_person()
    among = among.where(columns[0].present.expression if columns[0].present else None)
    frame, mark = _marked(frame, among, [], context)
    return frame, mark if person.present is None else choice([(person.present, mark)], NULL)


def _exists(node: exp.Exists, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile `EXISTS (SELECT … WHERE inner person = outer person AND …)`."""
    from sqlglot import exp

    query = node.this.unnest()
    if not isinstance(query, exp.Select) or any(map(has_aggregate, query.expressions)):
        raise _not_the_person()
    query = query.copy()
    for clause in ("group", "having", "order", "limit", "offset", "distinct"):
        if query.args.get(clause) is not None:
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{clause.upper()} is not supported inside EXISTS.", "Leave it out.")
    where = query.args.pop("where", None)
    parts = conjuncts(where.this) if where else []
    if nested := [part for part in parts if part.find(exp.Query) is not None]:
        query.set("where", exp.Where(this=exp.and_(*nested)))
    among, _ = context.rows(query, context)
    both = side_by_side(among, frame)
    equated, pairs = split_conditions((_qualified(part, among) for part in parts if part not in nested), both, among, frame)
    if not equated:
        raise _not_the_person()
    return _marked(frame, among, pairs, context)


def _qualified(node: exp.Expr, inner: Frame) -> exp.Expr:
    """Name the table of each column that the inner rows have: they come before those of the outer rows."""
    from sqlglot import exp

    def step(part: exp.Expr) -> exp.Expr:
        if not isinstance(part, exp.Column) or part.args.get("table") is not None:
            return part
        name = identifier(part.this)
        found = [source.alias for source in inner.sources if name in source.columns]
        return exp.column(name, table=found[0], quoted=True) if len(found) == 1 else part

    return node.transform(step)


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


def _not_the_person() -> Refusal:
    return Refusal(
        Code.SUBQUERY_NOT_ALLOWED,
        "A subquery in a condition must be about the same person.",
        "Write person IN (SELECT person FROM …), or EXISTS (SELECT 1 FROM … WHERE its person = the outer person AND …).",
    )
