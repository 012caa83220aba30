"""FROM, JOIN and WHERE: from the syntax tree to frames in which every row belongs to one person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.contract import PrivateDataset
from stillroom.model.expression import Column
from stillroom.model.relation import ColumnFact, Scan
from stillroom.model.schema import column_type
from stillroom.query import joins, public_joins, public_tables, uses
from stillroom.query.comma_joins import joined_or_tested, linked, only_inner
from stillroom.query.embedded import with_places
from stillroom.query.expressions import condition, conjunction, conjuncts
from stillroom.query.frame import Frame, PersonColumn, PublicTable, Source, suggestion
from stillroom.query.fresh import fresh
from stillroom.query.names import Names
from stillroom.query.text.parse import alias_of, identifier, only, unsupported
from stillroom.query.typed import Typed

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.context import Context

SELECT_PARTS = frozenset(
    {"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "with_", "kind", "operation_modifiers"}
)


def select_rows(select: exp.Select, context: Context) -> tuple[Frame, Context]:
    """Compile WITH, FROM, JOIN and WHERE of a SELECT.

    Returns:
        The rows, and the context with the SELECT's own common table expressions.

    Raises:
        Refusal: A clause, table or join is not supported or not allowed.
    """
    only(select, SELECT_PARTS)
    if select.args.get("kind") or select.args.get("operation_modifiers"):
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "Modifiers of SELECT are not supported.", "Write a plain SELECT.")
    context = _with(select, context)
    start = select.args.get("from_")
    if start is None:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "The question has no FROM.", "Name a dataset after FROM.")
    only(start, {"this"})
    where = select.args.get("where")
    pending, nodes = joined_or_tested(select.args.get("joins") or (), conjuncts(where.this) if where else [])
    frame, nodes = _from(table(start.this, context), pending, nodes, context)
    return filtered(frame, nodes, context), context


def filtered(frame: Frame, nodes: list[exp.Expr], context: Context) -> Frame:
    """Keep the rows for which all conditions are true.

    Raises:
        Refusal: A condition is none, or tests a column that may not be filtered by.
    """
    marked, nodes = with_places(frame, nodes, context)
    conditions = [condition(node, marked) for node in nodes]
    for typed in conditions:
        uses.allow(context.contract, typed, uses.FILTERS)
    kept = marked.where(conjunction(conditions))
    return replace(kept, sources=kept.sources[: len(frame.sources)])


def _from(first: Frame | PublicTable, pending: list[exp.Join], nodes: list[exp.Expr], context: Context) -> tuple[Frame, list[exp.Expr]]:
    """Join the tables from left to right; a public table that comes first changes places with the next, in an inner join.

    Also return what is left of the conditions of WHERE, some of which may be those of joins that are written as commas.
    """
    movable = nodes if only_inner(pending) else []
    fixed = [] if only_inner(pending) else nodes
    if isinstance(first, PublicTable):
        if not pending:
            raise Refusal(Code.PERSON_LOST, "A public table alone is not a question about people.", "Join it to a private dataset.")
        join = pending.pop(0)
        second = table(join.this, context)
        if isinstance(second, PublicTable):
            raise public_joins.of_nobody()
        join, movable = linked(join, first, second, movable)
        first = public_joins.with_public(second, first, join, context.contract, public_first=True)
    for written in pending:
        right = table(written.this, context)
        join, movable = linked(written, first, right, movable)
        if isinstance(right, PublicTable):
            first = public_joins.with_public(first, right, join, context.contract)
        else:
            first = joins.of_persons(first, right, join, context)
    return first, [*movable, *fixed]


def _with(select: exp.Select, context: Context) -> Context:
    """Add the common table expressions of a SELECT."""
    clause = select.args.get("with_")
    if clause is None:
        return context
    if clause.args.get("recursive"):
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "WITH RECURSIVE is not supported.", "Use plain common table expressions.")
    only(clause, {"expressions"})
    for definition in clause.expressions:
        name, query = defined(definition)
        context = with_table(name, query, context)
    return context


def defined(definition: exp.Expr) -> tuple[str, exp.Query]:
    """Return the name of a common table expression, and what it stands for."""
    from sqlglot import exp

    only(definition, {"this", "alias"})
    only(definition.args["alias"], {"this"})
    if not isinstance(definition.this, exp.Query):
        raise unsupported(definition.this)
    return identifier(definition.args["alias"].this), definition.this


def with_table(name: str, query: exp.Query, context: Context) -> Context:
    """Add a common table expression."""
    inside = replace(context, names=Names())
    compiled = public_tables.chosen(query, name, inside) or context.subquery(query, name, inside)
    return replace(context, tables={**context.tables, name: compiled})


def table(node: exp.Expr, context: Context) -> Frame | PublicTable:
    """Compile one item of FROM: a dataset, a common table expression or a subquery.

    Raises:
        Refusal: It is something else (a function, a file, a set of values).
    """
    from sqlglot import exp

    public = public_tables.public_table(node, context)
    if public is not None:
        return public
    if isinstance(node, exp.Subquery):
        only(node, {"this", "alias"})
        if not isinstance(node.this, exp.Query):
            raise unsupported(node.this)
        return context.subquery(node.this, alias_of(node) or "", context)
    if not isinstance(node, exp.Table):
        raise Refusal(Code.DATASET_UNKNOWN, "Only datasets and subqueries can stand after FROM.", "Use a dataset of the contract.")
    only(node, {"this", "alias"})
    if not isinstance(node.this, exp.Identifier):
        raise Refusal(Code.DATASET_UNKNOWN, "Functions and files cannot stand after FROM.", "Use a dataset of the contract.")
    name = identifier(node.this)
    return _named(name, alias_of(node) or name, context)


def _named(name: str, alias: str, context: Context) -> Frame:
    """Look a name up among common table expressions, then datasets; public ones are none of these."""
    known = context.tables.get(name)
    if isinstance(known, Frame):
        return fresh(known, alias, context.names)
    dataset = context.contract.datasets.get(name)
    if not isinstance(dataset, PrivateDataset):
        fix = suggestion(name, [*context.tables, *context.contract.datasets], "the datasets")
        raise Refusal(Code.DATASET_UNKNOWN, f"There is no dataset {name!r} in the contract.", fix)
    return scan(name, dataset, alias, context.names.reading(name))


def scan(dataset: str, declared: PrivateDataset, alias: str, name: str) -> Frame:
    """Return all admitted rows of a private dataset, under an alias in the question and a name in the plan."""
    functional = declared.rows_per_person == 1
    types = {column: column_type(one) for column, one in declared.columns.items()}
    columns = {
        column: Typed(Column(name=f"{name}.{column}"), kind, functional, frozenset({f"{dataset}.{column}"}))
        for column, kind in types.items()
    }
    facts = tuple(ColumnFact(name=f"{name}.{column}", type=kind) for column, kind in types.items())
    source = Source(alias, {**columns, declared.person.column: PersonColumn()})
    return Frame(Scan(dataset=dataset, name=name, columns=tuple(declared.columns)), declared.rows_per_person, (source,), facts)
