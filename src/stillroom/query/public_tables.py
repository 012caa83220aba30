"""Public tables in FROM, and subqueries that choose and compute from their rows: nobody owns these, so they only stand in joins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.contract import PublicDataset
from stillroom.model.expression import Column, renamed
from stillroom.model.relation import Scan
from stillroom.model.schema import column_type
from stillroom.query.expressions import condition, conjuncts, row_expression
from stillroom.query.frame import Frame, PublicTable, Source
from stillroom.query.grouping import has_aggregate, output_name, spelled_out, unaliased
from stillroom.query.text.parse import alias_of, identifier, only
from stillroom.query.typed import Typed

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.context import Context
    from stillroom.query.names import Names

AFTER_JOIN = "Join the table itself on its key, and do that to the rows of the join; or add a table in which it is done to the contract."


def public_table(item: exp.Expr, context: Context) -> PublicTable | None:
    """Compile an item of FROM that is a public table, or a subquery over one alone; None for anything else.

    Raises:
        Refusal: What the subquery does to its rows is not supported.
    """
    from sqlglot import exp

    if isinstance(item, exp.Subquery):
        found = chosen(item.this, "", context)
        if found is not None:
            only(item, {"this", "alias"})
            found = replace(found, alias=alias_of(item) or "")
        return found
    if not isinstance(item, exp.Table) or not isinstance(item.this, exp.Identifier):
        return None
    name = identifier(item.this)
    known = context.tables.get(name) or context.contract.datasets.get(name)
    if not isinstance(known, PublicTable | PublicDataset):
        return None
    only(item, {"this", "alias"})
    alias = alias_of(item) or name
    return _scan(name, known, alias, context.names) if isinstance(known, PublicDataset) else _renewed(known, alias, context.names)


def chosen(query: exp.Expr, alias: str, context: Context) -> PublicTable | None:
    """Compile a subquery over a public table alone; None for anything else.

    Raises:
        Refusal: What it does to the rows is not supported.
    """
    from sqlglot import exp

    start = query.args.get("from_") if isinstance(query, exp.Select) else None
    if start is None or query.args.get("joins"):
        return None
    public = public_table(start.this, context)
    return None if public is None or not isinstance(query, exp.Select) else _chosen(query, alias, public)


def _scan(dataset: str, declared: PublicDataset, alias: str, names: Names) -> PublicTable:
    """Return all rows of a public table."""
    name = names.reading(dataset)
    columns = {
        column: Typed(Column(name=f"{name}.{column}"), column_type(one), reads=frozenset({f"{dataset}.{column}"}))
        for column, one in declared.columns.items()
    }
    return PublicTable(alias, dataset, name, declared, columns)


def _renewed(public: PublicTable, alias: str, names: Names) -> PublicTable:
    """Return another reading of a public table, or of a subquery over one, under a name of its own.

    Raises:
        InvalidInput: The question reads datasets too often.
    """
    name = names.reading(public.dataset)

    def again(typed: Typed) -> Typed:
        return replace(typed, expression=renamed(typed.expression, lambda column: f"{name}.{column.partition('.')[2]}"))

    columns = {column: again(typed) for column, typed in public.columns.items()}
    return replace(public, alias=alias, name=name, columns=columns, conditions=tuple(map(again, public.conditions)))


def _chosen(select: exp.Select, alias: str, public: PublicTable) -> PublicTable:
    """Compile a SELECT over a public table alone: some of its rows, with columns that are computed row by row.

    Such rows match what the rows of the table match, by its key. So each row that is joined to them has no more matches than the contract
    says that the table has.

    Raises:
        Refusal: Rows would be put together, counted or left out by more than a condition on each.
    """
    only(select, {"expressions", "from_", "where", "group", "having", "qualify", "distinct", "order", "limit", "offset", "windows"})
    for clause in ("group", "having", "qualify", "order", "limit", "offset", "windows"):
        if select.args.get(clause):
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{clause.upper()} is not supported over a public table alone.", AFTER_JOIN)
    if any(map(has_aggregate, select.expressions)):
        raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "A public table alone is not aggregated.", AFTER_JOIN)
    rows = _rows(public)
    columns = dict[str, Typed]()
    for item in spelled_out(select, rows).expressions:
        for name, typed in _item(item, rows, public):
            if name in columns:
                raise Refusal(Code.COLUMN_AMBIGUOUS, f"The subquery has two columns named {name!r}.", "Give one of them another name.")
            columns[name] = typed
    where = select.args.get("where")
    tests = tuple(condition(node, rows) for node in (conjuncts(where.this) if where is not None else ()))
    found = replace(public, alias=alias, columns=columns, conditions=public.conditions + tests)
    if select.args.get("distinct") is not None:
        _check_once(select.args["distinct"], found)
    return found


def _rows(public: PublicTable) -> Frame:
    """Return the rows of a public table to compile expressions over; they stand in no plan."""
    scan = Scan(dataset=public.dataset, name=public.name, columns=tuple(public.declared.columns))
    return Frame(scan, public.declared.rows_per_key, (Source(public.alias, {**public.columns}),), public.facts)


def _item(item: exp.Expr, rows: Frame, public: PublicTable) -> list[tuple[str, Typed]]:
    """Compile an item of SELECT, which may stand for all columns; what has no name cannot be referred to."""
    from sqlglot import exp

    if isinstance(item, exp.Star):
        only(item, ())
        return [*public.columns.items()]
    typed, name = row_expression(unaliased(item), rows), output_name(item)
    return [(name, typed)] if name is not None else []


def _check_once(once: exp.Expr, found: PublicTable) -> None:
    """Refuse DISTINCT, unless no two rows can be equal: those of a table with one row of each key, where the whole key is selected."""
    only(once, ())
    keys = {f"{found.name}.{name}" for name in found.declared.key}
    plain = {typed.expression.name for typed in found.columns.values() if isinstance(typed.expression, Column)}
    if found.declared.rows_per_key > 1 or not keys <= plain:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "DISTINCT is not supported over a public table alone.", AFTER_JOIN)
