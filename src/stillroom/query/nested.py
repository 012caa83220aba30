"""Where a question groups the rows of persons: in its SELECT, or in the one that a chain of SELECTs stands around."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.query.embedded import with_all_places
from stillroom.query.expressions import person_reference
from stillroom.query.grouping import group_reader, has_aggregate
from stillroom.query.names import Names
from stillroom.query.relations import defined, select_rows, with_table
from stillroom.query.text.parse import alias_of, identifier, only

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.context import Context
    from stillroom.query.frame import Frame


@dataclass(frozen=True)
class Nested:
    """A SELECT that groups rows of persons, and those around it.

    Attributes:
        select: The SELECT.
        frame: Its rows.
        around: From the inside out, each with the name that it gives the table which it is over.
    """

    select: exp.Select
    frame: Frame
    around: tuple[tuple[str | None, exp.Select], ...] = ()


def unnested(select: exp.Select, context: Context) -> Nested:
    """Find the SELECT that groups rows of persons, and compile its rows.

    A subquery, or a common table expression, that aggregates and is not grouped by the person makes a table of results. Nobody owns the
    rows of that, so that it stands alone after FROM.

    Raises:
        Refusal: A clause, table or join is not supported or not allowed.
    """
    context, tables, select = _with(select, context)
    found = _over(select, context, tables)
    if found is not None:
        return found
    return Nested(*_rows(select, context))


def _with(select: exp.Select, context: Context) -> tuple[Context, dict[str, Nested], exp.Select]:
    """Add the common table expressions of a SELECT: those that make tables of results stand apart."""
    clause = select.args.get("with_")
    tables: dict[str, Nested] = {}
    if clause is None or clause.args.get("recursive"):
        return context, tables, select
    only(clause, {"expressions"})
    for definition in clause.expressions:
        name, query = defined(definition)
        found = _results(query, context, tables)
        if found is None:
            context = with_table(name, query, context)
        else:
            tables[name] = found
    plain = select.copy()
    plain.set("with_", None)
    return context, tables, plain


def _over(select: exp.Select, context: Context, tables: dict[str, Nested]) -> Nested | None:
    """Return a SELECT over a table of results, with that; None if it is over something else."""
    from sqlglot import exp

    start = select.args.get("from_")
    item = start.this if start is not None else None
    found, alias = None, None
    if isinstance(item, exp.Subquery) and not select.args.get("joins"):
        found, alias = _results(item.this, context, tables), alias_of(item)
    elif isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier) and not select.args.get("joins"):
        name = identifier(item.this)
        found, alias = tables.get(name), alias_of(item) or name
    if found is not None and item is not None:
        only(item, {"this", "alias"})
        return replace(found, around=(*found.around, (alias, select)))
    named = {identifier(one.this) for one in select.find_all(exp.Table) if isinstance(one.this, exp.Identifier)}
    if named & tables.keys():
        raise Refusal(
            Code.JOIN_NOT_ALLOWED,
            "A table of results cannot be joined, nor stand in a subquery of its own.",
            "Group by the person inside; or ask for each table, and join the releases with `stillroom combine`.",
        )
    return None


def _results(query: exp.Expr, context: Context, tables: dict[str, Nested]) -> Nested | None:
    """Return what makes a table of results; None for rows of persons."""
    from sqlglot import exp

    if not isinstance(query, exp.Select):
        return None
    context, own, select = _with(query, replace(context, names=Names()))
    found = _over(select, context, {**tables, **own})
    if found is None:
        if not _aggregates(select):
            return None
        below, frame = _rows(select, context)
        if _by_person(below, frame):
            return None
        found = Nested(below, frame)
    for clause in ("order", "limit", "offset", "distinct"):
        if select.args.get(clause) is not None:
            raise Refusal(
                Code.CLAUSE_NOT_ALLOWED,
                f"{clause.upper()} is not supported inside a subquery.",
                "Move it to the outer SELECT, or leave it out.",
            )
    return found


def _rows(select: exp.Select, context: Context) -> tuple[exp.Select, Frame]:
    """Return a SELECT without subqueries in its expressions, and its rows, which have columns for these."""
    frame, inner = select_rows(_below(select), context)
    frame, plain = with_all_places(select, frame, inner)
    return plain, frame


def _below(select: exp.Select) -> exp.Select:
    """Return a SELECT without what is done to its table."""
    below = select.copy()
    below.set("qualify", None)
    return below


def _aggregates(select: exp.Select) -> bool:
    return bool(select.args.get("group") or select.args.get("having") or any(map(has_aggregate, select.expressions)))


def _by_person(select: exp.Select, frame: Frame) -> bool:
    """Tell whether rows are grouped by the person."""
    group = select.args.get("group")
    nodes = map(group_reader(select, frame), group.expressions if group is not None else ())
    return any(person_reference(node, frame) is not None for node in nodes)
