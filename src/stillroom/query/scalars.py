"""Subqueries that are values: what one says about the person of a row, joined to the row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column
from stillroom.query import joins
from stillroom.query.constants import NULL
from stillroom.query.correlation import Tie, conditions_of, qualified, tie
from stillroom.query.expressions import absent, person_reference, row_expression
from stillroom.query.frame import PublicTable, Source
from stillroom.query.grouping import has_aggregate, is_aggregate, unaliased
from stillroom.query.names import Names
from stillroom.query.public_joins import with_public
from stillroom.query.public_tables import public_table
from stillroom.query.text.parse import identifier, only, unsupported
from stillroom.query.typed import Typed, choice

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.context import Context
    from stillroom.query.frame import Frame

VALUE = "#value"
"""The table name of what is joined for a value, and the beginning of the names of its columns; a question cannot write it."""

PERSON = "#person"
"""The name of its person."""

PARTS = frozenset({"expressions", "from_", "joins", "where", "group", "having", "distinct"})


def value_of(select: exp.Expr, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile `(SELECT … WHERE its person = the outer person AND …)` to a column: of aggregates, or of what a person has one row of.

    It is a LEFT JOIN with one row for each person, so that nobody has more rows than before, and a row has NULL where the person has none;
    counts are 0 there, as of no rows, unless GROUP BY says that there is no group.

    Raises:
        Refusal: It is not about the person of the row, or a person could have several rows.
    """
    from sqlglot import exp

    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        raise unsupported(select)
    only(select, PARTS)
    start = select.args.get("from_")
    if start is None:
        raise unsupported(exp.Subquery(this=select))
    public = public_table(start.this, context) if not select.args.get("joins") else None
    if public is not None:
        return _looked_up(select, public, frame, context)
    among, _ = context.rows(_plain(select), replace(context, names=Names()))
    found = tie(conditions_of(select), among, frame)
    if found is None:
        fix = "Equate its person with that of the outer row in its WHERE; for a share of all, write COUNT(*) / SUM(COUNT(*)) OVER ()."
        raise Refusal(Code.SUBQUERY_NOT_ALLOWED, "A subquery that is a value must be about the person of the row.", fix)
    for node in (*select.expressions, *found.rest, *(part for part in [select.args.get("having")] if part is not None)):
        _check_own(node, among)
    item = unaliased(select.expressions[0])
    if has_aggregate(item) or select.args.get("having") is not None:
        value, inner = _aggregated(select, item, found, among)
    elif select.args.get("group") is not None:
        raise Refusal(Code.SUBQUERY_NOT_ALLOWED, "A subquery that is a value groups rows without an aggregate.", "Leave out GROUP BY.")
    else:
        value, inner = _column(0), _tied(select, [item], found)
    return _joined(value, inner, found, frame, context)


def _plain(select: exp.Select) -> exp.Select:
    """Return the FROM of a SELECT, to know its names."""
    from sqlglot import exp

    plain = exp.Select(expressions=[exp.Star()])
    for part in ("from_", "joins"):
        plain.set(part, select.copy().args.get(part))
    return plain


def _column(number: int) -> exp.Column:
    from sqlglot import exp

    return exp.column(f"{VALUE}{number}", table=VALUE, quoted=True)


def _tied(select: exp.Select, items: list[exp.Expr], found: Tie) -> exp.Select:
    """Return the subquery as it stands in a join: with its person, and without what equates that."""
    from sqlglot import exp

    inner = _plain(select)
    named = [exp.alias_(found.inner.copy(), PERSON, quoted=True)]
    named += [exp.alias_(item.copy(), f"{VALUE}{number}", quoted=True) for number, item in enumerate(items)]
    inner.set("expressions", named)
    inner.set("distinct", select.args.get("distinct"))
    if found.rest:
        inner.set("where", exp.Where(this=exp.and_(*found.rest)))
    return inner


def _aggregated(select: exp.Select, item: exp.Expr, found: Tie, among: Frame) -> tuple[exp.Expr, exp.Select]:
    """Return the value over aggregates of each person, and the subquery that makes these.

    HAVING leaves out the one row, so that the value is NULL.
    """
    from sqlglot import exp

    group, having = select.args.get("group"), select.args.get("having")
    if group is not None:
        only(group, {"expressions"})
        if any(person_reference(qualified(key, among.sources), among) is None for key in group.expressions):
            fix = "Group by the person alone, or leave out GROUP BY."
            raise Refusal(Code.SUBQUERY_NOT_ALLOWED, "A subquery that is a value has several rows of a person.", fix)
    aggregates: list[exp.Expr] = []

    def step(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            raise Refusal(Code.NOT_GROUPED, "A column in a subquery that is a value is not aggregated.", "Aggregate it, as in MAX(column).")
        if not is_aggregate(node):
            return node
        if node not in aggregates:
            aggregates.append(node)
        column = _column(aggregates.index(node))
        return column if group is not None or not _counts(node) else exp.Coalesce(this=column, expressions=[exp.Literal.number(0)])

    value = item.transform(step)
    if having is not None:
        value = exp.Case(ifs=[exp.If(this=having.this.transform(step), true=value)])
    inner = _tied(select, aggregates, found)
    inner.set("group", exp.Group(expressions=[found.inner.copy()]))
    inner.set("distinct", None)
    return value, inner


def _counts(node: exp.Expr) -> bool:
    """Tell whether an aggregate is 0, and not NULL, of no rows."""
    from sqlglot import exp

    return isinstance(node.this if isinstance(node, exp.Filter) else node, exp.Count | exp.CountIf)


def _check_own(node: exp.Expr, among: Frame) -> None:
    """Refuse columns of the outer row, but for its person: a value is the same for all rows of a person."""
    from sqlglot import exp

    known = [source.alias for source in among.sources]
    inside = {id(column) for query in node.find_all(exp.Query) for column in query.find_all(exp.Column)}
    for column in (qualified(one, among.sources) for one in node.find_all(exp.Column) if id(one) not in inside):
        if column.args.get("table") is None or identifier(column.args["table"]) not in known:
            raise Refusal(
                Code.SUBQUERY_NOT_ALLOWED,
                "A subquery that is a value compares the outer row by more than its person, or reads more of it.",
                "Join the two on the person and that condition in FROM, and aggregate; or write EXISTS, or a window.",
            )


def _joined(value: exp.Expr, inner: exp.Select, found: Tie, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Join what a subquery says of each person to rows, and return the value; what it is made of has no names from here on."""
    from sqlglot import exp

    right = context.subquery(inner, VALUE, context)
    if right.rows > 1:
        raise Refusal(
            Code.SUBQUERY_NOT_ALLOWED,
            f"A subquery that is a value may have {right.rows} rows of a person.",
            "Aggregate it, as in MAX(column), or choose a row in FROM with QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY …) = 1.",
        )
    person = exp.column(PERSON, table=VALUE, quoted=True)
    join = exp.Join(this=exp.to_table("value"), side="LEFT", on=exp.EQ(this=person, expression=found.outer.copy()))
    joined = joins.of_persons(frame, right, join, context)
    typed = row_expression(value, joined)
    return replace(joined, sources=frame.sources, merged=frame.merged), typed


def _looked_up(select: exp.Select, public: PublicTable, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Compile what a public table says about a row, which it is matched with by its key; NULL where nothing matches."""
    only(select, {"expressions", "from_", "where", "distinct"})
    own = [Source(public.alias, {**public.columns})]
    matched, key = with_match(frame, public, [qualified(part, own) for part in conditions_of(select)], context)
    typed = row_expression(qualified(unaliased(select.expressions[0]), own), matched)
    return replace(matched, sources=frame.sources, merged=frame.merged), choice([(absent(key), NULL)], typed)


def with_match(frame: Frame, public: PublicTable, conditions: list[exp.Expr], context: Context) -> tuple[Frame, Typed]:
    """Return rows with the one row of a public table that matches each, if any, and a column that is NULL where none does.

    Raises:
        Refusal: Several rows of the table can match one.
    """
    from sqlglot import exp

    if public.declared.rows_per_key > 1:
        raise Refusal(
            Code.SUBQUERY_NOT_ALLOWED,
            f"{public.dataset} may have {public.declared.rows_per_key} rows of a key, and a subquery in an expression has one at most.",
            "Join the table in FROM, where each of its rows counts.",
        )
    name = f"{public.name}.{public.declared.key[0]}"
    kind = next(fact.type for fact in public.facts if fact.name == name)
    wider = replace(public, columns={**public.columns, VALUE: Typed(Column(name=name), kind)})
    join = exp.Join(this=exp.to_table("value"), side="LEFT", on=exp.and_(*conditions) if conditions else None)
    matched = with_public(frame, wider, join, context.contract)
    key = matched.sources[-1].columns[VALUE]
    assert isinstance(key, Typed)  # noqa: S101 - it was put there as one
    return matched, key
