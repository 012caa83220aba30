"""Row expressions as typed SQL expressions that cannot fail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.statements.calls import called
from stillroom.adapters.statements.sql import (
    LARGEST_NARROW,
    SqlType,
    Term,
    Texts,
    as_type,
    common,
    unsound,
    whole,
    within,
)
from stillroom.model.expression import (
    After,
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Bounded,
    Call,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    Covariance,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
    Over,
    Quantile,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.adapters.statements.dialect import Dialect

LEVELS = 8
"""How many levels of an expression are kept as a tree; deeper ones are kept as SQL, since sqlglot writes trees by deep recursion."""


_ARITHMETIC = {ArithmeticOp.ADD: exp.Add, ArithmeticOp.SUBTRACT: exp.Sub, ArithmeticOp.MULTIPLY: exp.Mul}

_COMPARISONS = {
    Comparison.EQUAL: exp.EQ,
    Comparison.NOT_EQUAL: exp.NEQ,
    Comparison.LESS: exp.LT,
    Comparison.LESS_OR_EQUAL: exp.LTE,
}


@dataclass(frozen=True)
class Scope:
    """What the names in an expression stand for, and how deep inside it we are."""

    columns: Mapping[str, Term]
    texts: Texts
    dialect: Dialect
    level: int = 0


def term(node: Expression, scope: Scope) -> Term:
    """Translate an expression.

    It cannot fail on any row: every number has a type that holds the plan's bound of it, a division by zero is NULL, no cast narrows,
    and no text is read as anything else. Each operand is written once, so that the statement is as long as the plan.

    Raises:
        Failed: The plan is not one that this engine can run, whatever the data.
    """
    made = _term(node, replace(scope, level=scope.level + 1))
    if scope.level % LEVELS:
        return made
    return Term(exp.Var(this=scope.dialect.sql(made.node)), made.type)


def _term(node: Expression, scope: Scope) -> Term:
    match node:
        case Column():
            column = scope.columns[node.name]
            return Term(column.node.copy(), column.type)
        case Constant():
            return _constant(node.value, scope.texts)
        case Arithmetic() | Divide():
            return _number(node, scope)
        case Case():
            return _case(node, scope)
        case Call():
            return called(node, [term(operand, scope) for operand in node.operands], scope.dialect)
        case Compare() | Among() | Like() | IsNull() | Not() | All() | Any():
            return Term(exp.paren(_condition(node, scope), copy=False), SqlType.TRUTH)
        case Average() | After() | Bounded() | Covariance() | Quantile() | Over():
            raise unsound()


def truth(node: Expression, scope: Scope) -> exp.Expr:
    """Translate a condition."""
    return as_type(term(node, scope), SqlType.TRUTH)


def _constant(value: bool | int | str | None, texts: Texts) -> Term:  # noqa: FBT001  a value, not a switch
    match value:
        case None:
            return Term(exp.null(), SqlType.NULL)
        case bool():
            return Term(exp.true() if value else exp.false(), SqlType.TRUTH)
        case int():
            width = SqlType.NARROW if abs(value) <= LARGEST_NARROW else SqlType.WIDE
            return Term(whole(value, width), width)
        case str():
            return Term(texts.bind(value), SqlType.TEXT)


def _number(node: Arithmetic | Divide, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)
    bound = within(node.bound)
    if isinstance(node, Divide):
        return Term(scope.dialect.rounded(as_type(left, SqlType.WIDE), as_type(right, SqlType.WIDE), node), SqlType.WIDE)
    wide = bound > LARGEST_NARROW or SqlType.WIDE in {left.type, right.type}
    width = SqlType.WIDE if wide else SqlType.NARROW
    operation = _ARITHMETIC[node.operation](this=as_type(left, width), expression=as_type(right, width))
    return Term(exp.paren(operation, copy=False), width)


def _case(node: Case, scope: Scope) -> Term:
    results = [*(term(branch.then, scope) for branch in node.branches), term(node.otherwise, scope)]
    shared = common(results)
    if shared is SqlType.NULL:
        return Term(exp.null(), SqlType.NULL)
    *values, otherwise = (as_type(result, shared) for result in results)
    conditions = [truth(branch.when, scope) for branch in node.branches]
    branches = [exp.If(this=when, true=then) for when, then in zip(conditions, values, strict=True)]
    return Term(exp.Case(ifs=branches, default=otherwise), shared)


def _condition(node: Compare | Among | Like | IsNull | Not | All | Any, scope: Scope) -> exp.Expr:
    match node:
        case Compare():
            left, right = _alike([term(node.left, scope), term(node.right, scope)])
            return _COMPARISONS[node.comparison](this=left, expression=right)
        case Among():
            return _among(node, scope)
        case Like():
            return scope.dialect.like(as_type(term(node.operand, scope), SqlType.TEXT), node.pattern, scope.texts)
        case IsNull():
            return exp.Is(this=term(node.operand, scope).node, expression=exp.null())
        case Not():
            return exp.Not(this=truth(node.operand, scope))
        case _:
            operands = [truth(operand, scope) for operand in node.operands]
            return exp.and_(*operands, copy=False) if isinstance(node, All) else exp.or_(*operands, copy=False)


def _among(node: Among, scope: Scope) -> exp.Expr:
    """Return a membership test; in an empty list nothing is, and NULL stays NULL."""
    first, *values = _alike([term(node.operand, scope), *(_constant(value.value, scope.texts) for value in node.values)])
    if not values:
        return exp.NEQ(this=first, expression=first.copy())
    return exp.In(this=first, expressions=values)


def _alike(terms: Sequence[Term]) -> list[exp.Expr]:
    """Bring terms to one type; where all are NULL, any will do."""
    shared = common(terms)
    return [as_type(value, SqlType.TRUTH if shared is SqlType.NULL else shared) for value in terms]
