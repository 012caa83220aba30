"""DISTINCT ON (…): the first row of each combination of values, written as QUALIFY ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) = 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.query.grouping import aliases_of, has_aggregate, item_at, with_aliases

if TYPE_CHECKING:
    from sqlglot import exp


def with_first_rows(select: exp.Select) -> exp.Select:
    """Return a SELECT with QUALIFY in the place of DISTINCT ON and ORDER BY.

    In both, the names of items come before those of columns, and numbers are places of items. Terms of ORDER BY that stand in DISTINCT ON
    are equal in all rows of a combination, and order nothing.

    Raises:
        Refusal: It groups rows, or filters them by windows, which would come before.
    """
    from sqlglot import exp

    if any(select.args.get(part) for part in ("group", "having", "qualify")) or any(map(has_aggregate, select.expressions)):
        raise Refusal(
            Code.CLAUSE_NOT_ALLOWED, "DISTINCT ON is not supported beside GROUP BY and QUALIFY.", "Do one of them in a subquery of its own."
        )
    aliases = aliases_of(select)

    def meant(node: exp.Expr) -> exp.Expr:
        place = isinstance(node, exp.Literal) and not node.is_string
        return (item_at(select, node).copy() if place else with_aliases(node, aliases, None)).unnest()

    written = select.copy()
    on = [meant(node) for node in written.args.pop("distinct").args["on"].expressions]
    order = written.args.pop("order", None)
    terms = [] if order is None else [term for term in order.expressions if not any(_same(meant(term.this), one) for one in on)]
    for term in terms:
        term.set("this", meant(term.this))
    number = exp.Window(this=exp.RowNumber(), partition_by=on, over="OVER")
    if terms:
        number.set("order", exp.Order(expressions=terms))
    written.set("qualify", exp.Qualify(this=exp.EQ(this=number, expression=exp.Literal.number(1))))
    return written


def _same(one: exp.Expr, other: exp.Expr) -> bool:
    """Tell whether two expressions are written alike, or one is a column that the other names the table of, too."""
    from sqlglot import exp

    if not isinstance(one, exp.Column) or not isinstance(other, exp.Column) or (one.table and other.table):
        return one == other
    return one.name.lower() == other.name.lower()
