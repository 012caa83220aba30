"""Joins with a public table, on its whole key."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, columns_of
from stillroom.model.relation import Enrich, JoinKind, On
from stillroom.query import uses
from stillroom.query.constants import NULL
from stillroom.query.expressions import absent, condition, conjunction, conjuncts, row_expression
from stillroom.query.frame import Frame, Source, resolve
from stillroom.query.join_kinds import kept
from stillroom.query.joins import check_rows, equality, needed, nullable, times
from stillroom.query.text.parse import identifier
from stillroom.query.typed import Typed, both_true, choice, mismatch, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.query.frame import Binding, PublicTable


def of_nobody() -> Refusal:
    """Return the refusal of a join that would keep rows of a public table that match nobody."""
    return Refusal(
        Code.JOIN_NOT_ALLOWED, "Rows of a public table belong to nobody.", "Keep the rows of the private dataset, or those that match."
    )


def with_public(left: Frame, public: PublicTable, join: exp.Join, contract: Contract, *, public_first: bool = False) -> Frame:
    """Join a public table on its whole key.

    Conditions beyond the key decide which rows of the table there are, as those of a subquery over it do: a row of an inner join is kept
    only where they are true, and in an outer join the public columns are NULL where they are not.

    Args:
        left: The private side.
        public: The table.
        join: The join as it is written.
        contract: The contract.
        public_first: Whether the public table is written on the left side of the join.

    Raises:
        Refusal: The join keeps rows of the public table, the key is not equated in full, or an outer join with several rows of a key has
            further conditions.
    """
    how = kept(join)
    optional, nobody = (how.right, how.left) if public_first else (how.left, how.right)
    if nobody:
        raise of_nobody()
    if any(source.alias == public.alias for source in left.sources):
        raise Refusal(Code.COLUMN_AMBIGUOUS, "Two tables of the question have the same name.", "Give each its own alias.")
    matched, rest = _key_matches(join, left, public)
    if set(matched) != set(public.declared.key):
        reason = f"{public.dataset} can only be joined on its whole key ({', '.join(public.declared.key)})."
        raise Refusal(Code.JOIN_NOT_ALLOWED, reason, "Equate each key column once; further conditions may stand beside that.")
    frame, conditions = _enriched(left, public, matched, contract, optional=optional)
    conditions += [condition(node, frame) for node in rest]
    if conditions and optional and public.declared.rows_per_key > 1:
        reason = f"An outer join with {public.dataset}, which has several rows of a key, takes no condition beyond the key."
        raise Refusal(Code.JOIN_NOT_ALLOWED, reason, "Join without it, and select CASE WHEN condition THEN column END.")
    for item in conditions:
        uses.allow(contract, item, needed(item))
    merged = {name: resolve(left, name, None) for name in map(identifier, join.args.get("using") or ())}
    frame = _matching(frame, conditions) if optional else frame.where(conjunction(conditions))
    return replace(frame, merged={**frame.merged, **merged})


def _matching(frame: Frame, conditions: Sequence[Typed]) -> Frame:
    """Return the rows of an outer join whose last columns, of one row at most, are NULL where further conditions of it are not true."""
    if not conditions:
        return frame
    test, last = reduce(both_true, conditions), frame.sources[-1]
    columns = {name: choice([(test, one)], NULL) for name, one in last.columns.items() if isinstance(one, Typed)}
    return replace(frame, sources=(*frame.sources[:-1], Source(last.alias, {**last.columns, **columns})))


def _key_matches(join: exp.Join, left: Frame, public: PublicTable) -> tuple[dict[str, Typed], list[exp.Expr]]:
    """Split the conditions of a join with a public table into equalities with its key, and others."""
    both = replace(left, sources=(*left.sources, Source(public.alias, {**public.columns})), facts=left.facts + public.facts)
    nodes = [equality(identifier(name), left, replace(both, sources=both.sources[-1:])) for name in join.args.get("using") or ()]
    if join.args.get("on") is not None:
        nodes += conjuncts(join.args["on"])
    matched: dict[str, Typed] = {}
    others = []
    for node in nodes:
        pair = _key_equality(node, both, public)
        if pair is None or pair[0] in matched:
            others.append(node)
        else:
            matched[pair[0]] = pair[1]
    return matched, others


def _key_equality(node: exp.Expr, both: Frame, public: PublicTable) -> tuple[str, Typed] | None:
    """Return (key column, left expression) when a condition equates them."""
    from sqlglot import exp

    if not isinstance(node, exp.EQ):
        return None
    for one, other in ((node.this, node.expression), (node.expression, node.this)):
        right, left = row_expression(one, both), row_expression(other, both)
        dataset, _, name = right.expression.name.partition(".") if isinstance(right.expression, Column) else ("", "", "")
        alone = not any(column.startswith(f"{public.name}.") for column in columns_of(left.expression))
        if alone and dataset == public.name and name in public.declared.key:
            return name, _same_units(left, right)
    return None


def _same_units(left: Typed, right: Typed) -> Typed:
    """Bring the left expression to the key's units."""
    if left.type.numeric and right.type.numeric:
        if left.type.digits > right.type.digits:
            raise mismatch("A key of a public table has fewer decimal places than what it is compared with.")
        return scaled(left, right.type.digits)
    if left.type.kind is not right.type.kind:
        raise mismatch("A key of a public table has another type than what it is compared with.")
    return left


def _enriched(
    left: Frame, public: PublicTable, matched: dict[str, Typed], contract: Contract, *, optional: bool
) -> tuple[Frame, list[Typed]]:
    """Add the public columns to each row; also return the conditions of the table, as they are beside these rows.

    What is computed of a row of the table is NULL where there is none, which its key tells: it is never NULL where it matches.
    """
    for item in matched.values():
        uses.allow(contract, item, uses.MATCHES | uses.GROUPS)
    functional = public.declared.rows_per_key == 1 and all(item.functional for item in matched.values())
    about = frozenset[str]().union(*(uses.withheld(contract, item) for item in matched.values()))
    key = next(fact for fact in public.facts if fact.name == f"{public.name}.{public.declared.key[0]}")
    missing = absent(Typed(Column(name=key.name), nullable(key.type)))

    def beside(binding: Typed) -> Typed:
        found = replace(binding, functional=functional, reads=binding.reads | about)
        if optional and isinstance(binding.expression, Column):
            return replace(found, type=nullable(binding.type))
        return replace(choice([(missing, NULL)], found), functional=functional, reads=found.reads, tests=found.tests) if optional else found

    columns: dict[str, Binding] = {name: beside(binding) for name, binding in public.columns.items()}
    facts = tuple(fact.model_copy(update={"type": nullable(fact.type)}) if optional else fact for fact in public.facts)
    many = times(left, public.declared.rows_per_key)
    check_rows(many.rows, contract)
    relation = Enrich(
        source=left.relation,
        dataset=public.dataset,
        name=public.name,
        kind=JoinKind.LEFT if optional else JoinKind.INNER,
        on=tuple(On(left=matched[name].expression, column=name) for name in public.declared.key),
        columns=tuple(public.declared.columns),
    )
    sources = (*left.sources, Source(public.alias, columns))
    told = left.apart if public.declared.rows_per_key == 1 else None
    frame = replace(many, sources=sources, facts=left.facts + facts, relation=relation, told=told)
    return frame, [beside(one) for one in public.conditions]
