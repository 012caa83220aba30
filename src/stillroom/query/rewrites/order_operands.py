"""Operands whose order does not matter are put in one order, so that equal questions have equal plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stillroom.crypto.canonical import canonical
from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Branch,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
)
from stillroom.model.relation import Enrich, Filter, Linked, Named, On, PerPerson, Relation, Scan, Total

if TYPE_CHECKING:
    from stillroom.model.plan import Plan

_Valued = TypeVar("_Valued", Named, Total)


def order_operands(plan: Plan) -> Plan:
    """Order the operands of AND, OR, IN, =, <>, + and *, everywhere in a plan, and merge adjacent filters."""
    finish = plan.finish.model_copy(
        update={
            "outputs": tuple(output.model_copy(update={"value": ordered(output.value)}) for output in plan.finish.outputs),
            "having": None if plan.finish.having is None else ordered(plan.finish.having),
            "order": tuple(term.model_copy(update={"value": ordered(term.value)}) for term in plan.finish.order),
        }
    )
    link = plan.link
    if link is not None and link.condition is not None:
        link = link.model_copy(update={"condition": ordered(link.condition)})
    return plan.model_copy(
        update={
            "parts": tuple(part.model_copy(update={"relation": _relation(part.relation)}) for part in plan.parts),
            "link": link,
            "rest": _relation(plan.rest),
            "keys": tuple(key.model_copy(update={"value": ordered(key.value)}) for key in plan.keys),
            "measures": tuple(measure.model_copy(update={"value": ordered(measure.value)}) for measure in plan.measures),
            "finish": finish,
        }
    )


def _relation(relation: Relation) -> Relation:
    """Order the expressions of a relation."""
    match relation:
        case Filter():
            condition, source = relation.condition, relation.source
            while isinstance(source, Filter):
                condition, source = All(operands=(source.condition, condition)), source.source
            return Filter(source=_relation(source), condition=ordered(condition))
        case Enrich():
            on = tuple(On(left=ordered(item.left), column=item.column) for item in relation.on)
            return relation.model_copy(update={"source": _relation(relation.source), "on": on})
        case PerPerson():
            keys, totals = tuple(map(_valued, relation.keys)), tuple(map(_valued, relation.totals))
            return relation.model_copy(update={"source": _relation(relation.source), "keys": keys, "totals": totals})
        case Scan() | Linked():
            return relation


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
        case Like() | IsNull() | Not():
            return node.model_copy(update={"operand": ordered(node.operand)})
        case Compare() | Arithmetic() | Divide():
            return _binary(node)
        case Case():
            branches = tuple(Branch(when=ordered(branch.when), then=ordered(branch.then)) for branch in node.branches)
            return node.model_copy(update={"branches": branches, "otherwise": ordered(node.otherwise)})
        case Column() | Constant() | Average():
            return node


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


def _binary(node: Compare | Arithmetic | Divide) -> Expression:
    """Order the two sides where they may change places."""
    left, right = ordered(node.left), ordered(node.right)
    symmetric = (isinstance(node, Compare) and node.comparison in {Comparison.EQUAL, Comparison.NOT_EQUAL}) or (
        isinstance(node, Arithmetic) and node.operation is not ArithmeticOp.SUBTRACT
    )
    if symmetric and canonical(right.to_json()) < canonical(left.to_json()):
        left, right = right, left
    return node.model_copy(update={"left": left, "right": right})
