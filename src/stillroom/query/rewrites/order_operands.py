"""Operands and sides of joins whose order does not matter are put in one order, so that equal questions have equal plans."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, TypeVar

from stillroom.crypto.canonical import canonical
from stillroom.model.after import TableFunction
from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Call,
    Compare,
    Comparison,
    Expression,
    Over,
    children,
    columns_of,
    with_children,
)
from stillroom.model.function import Function
from stillroom.model.measure import Measure
from stillroom.model.plan import Key
from stillroom.model.relation import Filter, Join, JoinKind, Relation, expressions, sources, with_expressions, with_sources

if TYPE_CHECKING:
    from stillroom.query.draft import Draft

_TOTALS = frozenset({TableFunction.COUNT, TableFunction.SUM, TableFunction.MIN, TableFunction.MAX})
"""Window functions for which the order does not matter where they are of a whole partition."""

_Valued = TypeVar("_Valued", Key, Measure)


def order_operands(draft: Draft) -> Draft:
    """Order operands of AND, OR, IN, =, <>, +, *, GREATEST and LEAST, and sides of inner joins, everywhere; merge adjacent filters."""
    return replace(
        draft,
        relation=_relation(draft.relation),
        keys=tuple(_valued(key) for key in draft.keys),
        measures=tuple(_valued(measure) for measure in draft.measures),
        finish=draft.finish.with_each(ordered),
    )


def _relation(relation: Relation) -> Relation:
    """Order the expressions of a relation and of all that it is made of."""
    relation = with_sources(relation, [_relation(source) for source in sources(relation)])
    match relation:
        case Filter(source=Filter() as below):
            return Filter(source=below.source, condition=ordered(All(operands=(below.condition, relation.condition))))
        case Join(kind=JoinKind.INNER):
            return _chained(relation)
        case _:
            return with_expressions(relation, [ordered(expression) for expression in expressions(relation)])


def _chained(join: Join) -> Relation:
    """Return nested inner joins as one chain in canonical order.

    They keep the same rows of the same persons whichever side is written first. Conditions that stand between two of them move above both,
    since an inner join and a filter commute.
    """
    sides: list[Relation] = []
    conditions: list[Expression] = []
    pending: list[Relation] = [join.right, join.left]
    while pending:
        side = pending.pop()
        below = side.source if isinstance(side, Filter) else side
        if not (isinstance(below, Join) and below.kind is JoinKind.INNER):
            sides.append(side)
            continue
        pending += [below.right, below.left]
        if isinstance(side, Filter):
            conditions.append(side.condition)
    first, *others = sorted(sides, key=lambda side: canonical(side.to_json()))
    chain = reduce(lambda left, right: Join(kind=JoinKind.INNER, left=left, right=right), others, first)
    return Filter(source=chain, condition=ordered(All(operands=tuple(conditions)))) if conditions else chain


def _valued(item: _Valued) -> _Valued:
    """Order the expression of a named value."""
    return item.model_copy(update={"value": ordered(item.value)})


def ordered(node: Expression) -> Expression:
    """Return an equal expression with its operands in canonical order."""
    match node:
        case All() | Any():
            return _connective(node)
        case Among():
            values = {canonical(value.to_json()): value for value in node.values}
            return node.model_copy(update={"operand": ordered(node.operand), "values": tuple(values[key] for key in sorted(values))})
        case Compare() | Arithmetic():
            return _binary(node)
        case Call(function=Function.GREATEST | Function.LEAST):
            found = {canonical(operand.to_json()): operand for operand in map(ordered, node.operands)}
            operands = tuple(found[key] for key in sorted(found))
            return operands[0] if len(operands) == 1 else node.model_copy(update={"operands": operands})
        case Over():
            return _over(node)
        case _:
            return with_children(node, [ordered(child) for child in children(node)])


def _connective(node: All | Any) -> Expression:
    """Flatten a conjunction or disjunction, drop repeated operands, and order the rest."""
    kind = type(node)
    found: dict[bytes, Expression] = {}
    pending: list[Expression] = list(node.operands)
    while pending:
        operand = pending.pop()
        if isinstance(operand, kind):
            pending.extend(operand.operands)
        else:
            operand = ordered(operand)
            found[canonical(operand.to_json())] = operand
    operands = tuple(found[key] for key in sorted(found))
    return operands[0] if len(operands) == 1 else kind(operands=operands)


def _binary(node: Compare | Arithmetic) -> Expression:
    """Order the two sides where they may change places."""
    left, right = ordered(node.left), ordered(node.right)
    symmetric = (isinstance(node, Compare) and node.comparison in {Comparison.EQUAL, Comparison.NOT_EQUAL}) or (
        isinstance(node, Arithmetic) and node.operation is not ArithmeticOp.SUBTRACT
    )
    if symmetric and canonical(right.to_json()) < canonical(left.to_json()):
        left, right = right, left
    return node.model_copy(update={"left": left, "right": right})


def _over(node: Over) -> Over:
    """Order and merge the keys of a window, and leave out what orders nothing; a frame of all rows is none."""
    keys = {canonical(key.to_json()): key for key in map(ordered, node.keys) if columns_of(key)}
    order = [term.model_copy(update={"value": ordered(term.value)}) for term in node.order]
    order = [term for term in order if columns_of(term.value) and term.value not in keys.values()]
    order = [term for place, term in enumerate(order) if term.value not in [one.value for one in order[:place]]]
    extent = node.extent
    if extent is not None and ((extent.start is None and extent.end is None) or (extent.peers and not order)):
        extent = None
    if extent is None and node.function in _TOTALS:
        order = []
    return Over(
        function=node.function,
        value=ordered(node.value),
        keys=tuple(keys[key] for key in sorted(keys)),
        order=tuple(order),
        extent=extent,
        number=node.number,
        rows=None if node.rows is None else ordered(node.rows),
    )
