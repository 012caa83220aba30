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
    from stillroom.query.frame import Frame
    from stillroom.query.typed import Typed


def with_places(frame: Frame, nodes: Sequence[exp.Expr], context: Context) -> tuple[Frame, list[exp.Expr]]:
    """Return rows with a column for each subquery of some expressions, and the expressions over these; equal subqueries have one.

    Raises:
        Refusal: A subquery is not about the person of the row.
    """
    from sqlglot import exp

    places: dict[exp.Expr, str] = {}
    columns: dict[str, Typed] = {}
    first = sum(len(source.columns) for source in frame.sources if source.alias == PLACE)

    def step(node: exp.Expr) -> exp.Expr:
        nonlocal frame
        if not isinstance(node, exp.Subquery | exp.Exists) and not (isinstance(node, exp.In) and node.args.get("query") is not None):
            return node
        if node not in places:
            if isinstance(node, exp.In):
                frame, typed = membership.is_among(node, frame, context)
            elif isinstance(node, exp.Exists):
                frame, typed = membership.exists(node, frame, context)
            else:
                frame, typed = scalars.value_of(node.unnest(), frame, context)
            places[node] = f"place{first + len(places)}"
            columns[places[node]] = typed
        return place_holder(places[node])

    found = [node.transform(step) for node in nodes]
    return replace(frame, sources=(*frame.sources, Source(PLACE, columns))) if columns else frame, found  # type: ignore[arg-type]


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
