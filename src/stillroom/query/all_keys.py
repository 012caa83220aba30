"""GROUP BY ALL: the positions of all items of SELECT that are neither aggregates nor constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.query.grouping import has_aggregate, unaliased

if TYPE_CHECKING:
    from sqlglot import exp


def with_keys_written(statement: exp.Select) -> None:
    """Write out GROUP BY ALL in every SELECT of a statement, in it; beside `*`, it stays, and is refused."""
    from sqlglot import exp

    for select in list(statement.find_all(exp.Select)):
        group = select.args.get("group")
        items = [unaliased(item) for item in select.expressions]
        if group is None or not group.args.get("all") or any(item.is_star for item in items if not has_aggregate(item)):
            continue
        places = [place for place, item in enumerate(items, 1) if _is_key(item)]
        select.set("group", exp.Group(expressions=[exp.Literal.number(place) for place in places]) if places else None)


def _is_key(item: exp.Expr) -> bool:
    from sqlglot import exp

    constant = isinstance(item.unnest(), exp.Literal | exp.Boolean | exp.Null)
    return not constant and not has_aggregate(item) and item.find(exp.Window) is None
