"""Joins that are written otherwise: tables apart by commas, which WHERE equates, and SEMI and ANTI JOIN, which are conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.query.frame import Frame, PublicTable
from stillroom.query.text.parse import identifier

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlglot import exp


def linked(join: exp.Join, left: Frame | PublicTable, right: Frame | PublicTable, nodes: list[exp.Expr]) -> tuple[exp.Join, list[exp.Expr]]:
    """Return a join with its conditions, and what is left of those of WHERE; one with words of its own stays as it is.

    Among inner joins, a condition of a pair of rows is the same in ON and in WHERE.

    Args:
        join: The join.
        left: What stands before the comma.
        right: What stands behind it.
        nodes: The conditions of WHERE, all of which must be true.

    Raises:
        Refusal: No condition equates a column of one side with one of the other.
    """
    from sqlglot import exp

    if any(join.args.get(part) for part in ("on", "using", "side", "kind", "method")):
        return join, nodes
    found = [node for node in nodes if isinstance(node, exp.EQ) and _links(node, left, right)]
    if not found:
        raise Refusal(
            Code.JOIN_WITHOUT_PERSON,
            "Tables separated by commas are not joined.",
            "Write JOIN … ON, and equate the persons; or equate them in WHERE, beside inner joins only.",
        )
    whole = join.copy()
    whole.set("on", exp.and_(*found))
    return whole, [node for node in nodes if node not in found]


def only_inner(joins: Sequence[exp.Join]) -> bool:
    """Tell whether no join of a SELECT keeps rows of its right side without a match: WHERE would not be the same as ON."""
    return all(str(join.args.get("side") or "").upper() in {"", "LEFT"} for join in joins)


def joined_or_tested(joins: Sequence[exp.Join], nodes: list[exp.Expr]) -> tuple[list[exp.Join], list[exp.Expr]]:
    """Return joins, and conditions of WHERE, with EXISTS in the place of SEMI JOIN … ON, and NOT EXISTS in that of ANTI JOIN.

    Whether a row has a match in another table is the same before and after joins that keep or repeat rows of the left side alone.
    """
    from sqlglot import exp

    kept, tests = list[exp.Join](), list[exp.Expr]()
    for join in joins:
        words = str(join.args.get("kind") or "").upper(), str(join.args.get("side") or "").upper()
        if words[0] in {"SEMI", "ANTI"} and words[1] in {"", "LEFT"} and join.args.get("on") is not None and only_inner(joins):
            found = exp.Exists(this=exp.select("1").from_(join.this.copy()).where(join.args["on"].copy()))
            tests.append(found if words[0] == "SEMI" else exp.Not(this=found))
        else:
            kept.append(join)
    return kept, [*nodes, *tests]


def _links(node: exp.EQ, left: Frame | PublicTable, right: Frame | PublicTable) -> bool:
    """Tell whether an equality is of a column of one side and a column of the other."""
    from sqlglot import exp

    pair = node.this.unnest(), node.expression.unnest()
    if not all(isinstance(one, exp.Column) for one in pair):
        return False
    sides = [{_of(one, left), 2 * _of(one, right)} - {0} for one in pair]
    return sides in ([{1}, {2}], [{2}, {1}])


def _of(column: exp.Expr, side: Frame | PublicTable) -> bool:
    """Tell whether a side has a column of that name."""
    name, table = identifier(column.this), column.args.get("table")
    alias = identifier(table) if table is not None else None
    return any(alias in {None, known} and name in columns for known, columns in _names(side))


def _names(side: Frame | PublicTable) -> list[tuple[str, Collection[str]]]:
    """Return the names of the columns of a side, by its tables."""
    if isinstance(side, PublicTable):
        return [(side.alias, side.columns)]
    return [(source.alias, source.columns) for source in side.sources]
