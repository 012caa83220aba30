"""Subqueries inside expressions: each becomes a column of the rows that the expression is over, with a place-holder in its stead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.query import membership, scalars
from stillroom.query.frame import Source
from stillroom.query.grouping import PLACE, place_holder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from stillroom.query.context import Context
    from stillroom.query.frame import Binding, Frame
    from stillroom.query.typed import Typed


def with_places(frame: Frame, nodes: Sequence[exp.Expr], context: Context) -> tuple[Frame, list[exp.Expr]]:
    """Return rows with a column for each subquery of some expressions, and the expressions over these; equal subqueries have one.

    Raises:
        Refusal: A subquery is not about the person of the row.
    """
    first = sum(len(source.columns) for source in frame.sources if source.alias == PLACE)
    found = dict.fromkeys(part for node in nodes for part in node.walk(prune=_is_subquery) if _is_subquery(part))
    columns: dict[str, Binding] = {}
    places: dict[exp.Expr, str] = {}
    for part in sorted(found, key=_is_value):
        places[part] = f"place{first + len(places)}"
        frame, columns[places[part]] = _column(part, frame, context)
    if not columns:
        return frame, list(nodes)
    written = [node.transform(lambda part: place_holder(places[part]) if _is_subquery(part) else part) for node in nodes]
    return replace(frame, sources=(*frame.sources, Source(PLACE, columns))), written


def _is_subquery(node: exp.Expr) -> bool:
    """Tell whether a node is a subquery in an expression: a value, EXISTS, or IN."""
    from sqlglot import exp

    return isinstance(node, exp.Subquery | exp.Exists) or (isinstance(node, exp.In) and node.args.get("query") is not None)


def _is_value(node: exp.Expr) -> bool:
    """Tell whether a subquery is a value: these come last, whichever of two conditions is written first."""
    from sqlglot import exp

    return isinstance(node, exp.Subquery)


def _column(node: exp.Expr, frame: Frame, context: Context) -> tuple[Frame, Typed]:
    """Return rows with the column that a subquery becomes."""
    from sqlglot import exp

    if isinstance(node, exp.In):
        return membership.is_among(node, frame, context)
    if isinstance(node, exp.Exists):
        return membership.exists(node, frame, context)
    return scalars.value_of(node.unnest(), frame, context)


def with_all_places(select: exp.Select, frame: Frame, context: Context) -> tuple[Frame, exp.Select]:
    """Return rows with a column for each subquery in what a SELECT shows and groups by, and the SELECT over these.

    Raises:
        Refusal: A subquery is not about the person of the row.
    """
    groups = [part for part in [select.args.get("group")] if part is not None]
    frame, nodes = with_places(frame, [*select.expressions, *groups], context)
    written = select.copy()
    written.set("expressions", nodes[: len(select.expressions)])
    written.set("group", next(iter(nodes[len(select.expressions) :]), None))
    return frame, written
