"""Grouping keys in a statement: `k0, k1, …` as they are computed, and their positions `i0, i1, …` in their domains.

A key that is read as a position has no `k`. One that is selected has no `i`: its values stand for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.statements.sql import SqlType, Term, as_type, common, type_of, whole
from stillroom.adapters.statements.terms import term
from stillroom.model.expression import Column

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from stillroom.adapters.statements.terms import Scope
    from stillroom.model.plan import Key, Plan


@dataclass(frozen=True)
class Keyed:
    """A key as a statement computes it.

    Attributes:
        number: Which key it is.
        name: What its column is called.
        node: Its value, or its position.
        listed: The values of its domain in the type of its own, if it is to be looked up there.
    """

    number: int
    name: str
    node: exp.Expr
    listed: exp.Expr | None = None


def keyed(plan: Plan, scope: Scope, as_positions: Container[str]) -> list[Keyed]:
    """Return all keys of a plan, given the columns that are read as positions."""
    return [_keyed(key, number, scope, as_positions) for number, key in enumerate(plan.keys)]


def _keyed(key: Key, number: int, scope: Scope, as_positions: Container[str]) -> Keyed:
    value = term(key.value, scope)
    if key.domain is None:
        return Keyed(number, f"k{number}", as_type(value, type_of(key.kind) if value.type is SqlType.NULL else value.type))
    if isinstance(key.value, Column) and key.value.name in as_positions:
        if None not in key.domain:
            return Keyed(number, f"i{number}", value.node)
        return Keyed(number, f"i{number}", exp.Coalesce(this=value.node, expressions=[whole(key.domain.index(None))]))
    listed = Term(exp.column(f"v{number}"), type_of(key.kind))
    shared = common((value, listed))
    return Keyed(number, f"k{number}", as_type(value, shared), as_type(listed, shared))


def looked_up(select: exp.Select, keys: Sequence[Keyed]) -> exp.Select:
    """Add the position of each key that is not selected, and leave out rows in which one has none: NULL is not 0 or more either."""
    for key in keys:
        if key.listed is not None:
            same = exp.NullSafeEQ(this=exp.column(key.name), expression=key.listed)
            select.join(exp.table_(f"d{key.number}"), on=same, join_type="inner", copy=False)
        elif key.name.startswith("i"):
            select.where(exp.GTE(this=exp.column(key.name), expression=whole(0)), copy=False)
    return select


def positions(plan: Plan) -> list[str]:
    """Return the columns that name a cell, selected keys first."""
    return [f"k{n}" if key.domain is None else f"i{n}" for n, key in enumerate(plan.keys)]
