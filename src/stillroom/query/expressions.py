"""Row expressions: from the syntax tree to typed, total expressions of the plan."""

from __future__ import annotations

from functools import cache, reduce
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import All, Among, Any, ArithmeticOp, Comparison, Constant, Expression, IsNull, Like, Not
from stillroom.model.schema import CALENDAR, Kind
from stillroom.query.comparisons import BOOLEAN, as_condition, compared, same_kind
from stillroom.query.constants import NULL, constant_expression, is_calendar_constant
from stillroom.query.frame import Frame, PersonColumn, resolve
from stillroom.query.functions import function
from stillroom.query.functions.dates import date_arithmetic, moved
from stillroom.query.text.parse import check_whole, identifier, only, unsupported
from stillroom.query.text.said import name_of
from stillroom.query.typed import (
    Typed,
    arithmetic,
    choice,
    combined,
    constant,
    either_true,
    is_null,
    mismatch,
    quotient,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp


def row_expression(node: exp.Expr, frame: Frame) -> Typed:
    """Compile an expression over one row.

    Raises:
        Refusal: It uses something that is not on the list, mixes types, or reads the person.
        InvalidInput: A number in it is too large.
    """
    from sqlglot import exp

    if isinstance(node, exp.Literal | exp.Boolean | exp.Null) or is_calendar_constant(node):
        return constant_expression(node)
    handler = operators().get(type(node))
    if handler is not None:
        return handler(node, frame)
    meaning = function(node)
    if meaning is None:
        raise unsupported(node) if _of_results().get(type(node)) is None else _late(node)
    return meaning(node, lambda operand: row_expression(operand, frame))


@cache
def operators() -> dict[type[exp.Expr], Callable[[exp.Expr, Frame], Typed]]:
    """Return what expressions are made of besides constants and functions, and what compiles it."""
    from sqlglot import exp

    return {
        exp.Column: _column,
        exp.Paren: lambda node, frame: row_expression(node.this, frame),
        exp.Neg: _negative,
        exp.Add: _arithmetic,
        exp.Sub: _arithmetic,
        exp.Mul: _arithmetic,
        exp.Div: _arithmetic,
        exp.EQ: _compare,
        exp.NEQ: _compare,
        exp.LT: _compare,
        exp.LTE: _compare,
        exp.GT: _compare,
        exp.GTE: _compare,
        exp.NullSafeEQ: _distinct,
        exp.NullSafeNEQ: _distinct,
        exp.Between: _between,
        exp.In: _among,
        exp.Like: _like,
        exp.Is: _is,
        exp.Not: _not,
        exp.And: _connective,
        exp.Or: _connective,
        exp.Case: _case,
    }


@cache
def _of_results() -> dict[type[exp.Expr], str]:
    """Return the functions that results have, and rows have not, with what to write in a row."""
    from sqlglot import exp

    return {exp.Pi: "Write 3.14159.", exp.Degrees: "Write x * 57.29578.", exp.Radians: "Write x * 0.01745329."}


def _late(node: exp.Expr) -> Refusal:
    """Return the refusal of a function that results have, and rows have not."""
    name = name_of(node)
    reason = f"The function {name} is supported of results, after they are counted; not of columns."
    return Refusal(Code.FUNCTION_NOT_ALLOWED, reason, _of_results()[type(node)])


def condition(node: exp.Expr, frame: Frame) -> Typed:
    """Compile an expression that must be a truth value."""
    return as_condition(row_expression(node, frame))


def person_reference(node: exp.Expr, frame: Frame) -> PersonColumn | None:
    """Return the person that a node names, if it names one."""
    from sqlglot import exp

    node = node.unnest()
    if isinstance(node, exp.Coalesce):
        return _coalesced(node, frame)
    if not isinstance(node, exp.Column):
        return None
    binding = _binding(node, frame)
    return binding if isinstance(binding, PersonColumn) else None


def _coalesced(node: exp.Coalesce, frame: Frame) -> PersonColumn | None:
    """Return the person that COALESCE chooses, if it chooses among columns of the person: all of a row are the same person."""
    only(node, {"this", "expressions"})
    found = [person_reference(one, frame) for one in (node.this, *node.expressions)]
    sides = tuple(person for person in found if person is not None)
    if len(sides) < len(found):
        return None
    marks = [person.present for person in sides]
    present = None if None in marks else reduce(either_true, [mark for mark in marks if mark is not None])
    return PersonColumn(present, sides)


def _binding(node: exp.Expr, frame: Frame) -> Typed | PersonColumn:
    """Resolve a column node."""
    only(node, {"this", "table"})
    table = node.args.get("table")
    return resolve(frame, identifier(node.this), identifier(table) if table else None)


def _column(node: exp.Expr, frame: Frame) -> Typed:
    """Compile a column."""
    binding = _binding(node, frame)
    if isinstance(binding, PersonColumn):
        raise person_not_released()
    return binding


def person_not_released() -> Refusal:
    """Return the refusal of a question that reads the person."""
    return Refusal(
        Code.PERSON_NOT_RELEASED,
        "The person identifier cannot be read as a value.",
        "Use it to join, in COUNT(DISTINCT person), or in GROUP BY of a subquery.",
    )


def _negative(node: exp.Expr, frame: Frame) -> Typed:
    """Compile a minus sign."""
    operand = row_expression(node.this, frame)
    if isinstance(operand.expression, Constant) and isinstance(operand.expression.value, int) and operand.type.numeric:
        return constant(-operand.expression.value, operand.type.kind, operand.type.digits)
    return arithmetic(ArithmeticOp.SUBTRACT, constant(0, Kind.INTEGER), operand)


def _arithmetic(node: exp.Expr, frame: Frame) -> Typed:
    """Compile +, -, * and /."""
    from sqlglot import exp

    only(node, {"this", "expression", "typed", "safe"})
    if isinstance(node.this, exp.Interval) or isinstance(node.expression, exp.Interval):
        return moved(node, lambda operand: row_expression(operand, frame))
    left, right = row_expression(node.this, frame), row_expression(node.expression, frame)
    if isinstance(node, exp.Div):
        check_whole(node, left.type.digits, right.type.digits)
        return quotient(left, right)
    if CALENDAR & {left.type.kind, right.type.kind}:
        return date_arithmetic(node, left, right)
    operations: dict[type[exp.Expr], ArithmeticOp] = {
        exp.Add: ArithmeticOp.ADD,
        exp.Sub: ArithmeticOp.SUBTRACT,
        exp.Mul: ArithmeticOp.MULTIPLY,
    }
    return arithmetic(operations[type(node)], left, right)


def _compare(node: exp.Expr, frame: Frame) -> Typed:
    """Compile a comparison; > and >= swap their sides."""
    from sqlglot import exp

    only(node, {"this", "expression"})
    left, right = same_kind(row_expression(node.this, frame), row_expression(node.expression, frame))
    if isinstance(node, exp.GT | exp.GTE):
        left, right = right, left
    comparison: dict[type[exp.Expr], Comparison] = {
        exp.EQ: Comparison.EQUAL,
        exp.NEQ: Comparison.NOT_EQUAL,
        exp.LT: Comparison.LESS,
        exp.GT: Comparison.LESS,
    }
    return compared(comparison.get(type(node), Comparison.LESS_OR_EQUAL), left, right)


def _distinct(node: exp.Expr, frame: Frame) -> Typed:
    """Compile IS [NOT] DISTINCT FROM: two values are the same where both are NULL, too."""
    from sqlglot import exp

    only(node, {"this", "expression"})
    left, right = same_kind(row_expression(node.this, frame), row_expression(node.expression, frame))
    both = _joined(All, [absent(left), absent(right)])
    yes, no = (constant(value=truth, kind=Kind.BOOLEAN) for truth in (True, False))
    same = choice([(compared(Comparison.EQUAL, left, right), yes), (both, yes)], no)
    return (same if isinstance(node, exp.NullSafeEQ) else _negated(same)).as_test()


def _between(node: exp.Expr, frame: Frame) -> Typed:
    """Compile BETWEEN as two comparisons; SYMMETRIC takes the ends in either order."""
    only(node, {"this", "low", "high", "symmetric"})
    operand, *ends = (row_expression(part, frame) for part in (node.this, node.args["low"], node.args["high"]))

    def within(least: Typed, greatest: Typed) -> Typed:
        low, first = same_kind(least, operand)
        second, high = same_kind(operand, greatest)
        return _joined(All, [compared(Comparison.LESS_OR_EQUAL, low, first), compared(Comparison.LESS_OR_EQUAL, second, high)])

    return _joined(Any, [within(*ends), within(*reversed(ends))]) if node.args.get("symmetric") else within(*ends)


def _among(node: exp.Expr, frame: Frame) -> Typed:
    """Compile IN over a list of constants; NULL may not be among them, since NOT IN would then keep nobody."""
    if node.args.get("query") is not None or node.args.get("unnest") is not None:
        raise Refusal(Code.SUBQUERY_NOT_ALLOWED, "IN with a subquery is not supported.", "Join the subquery on the person in FROM.")
    only(node, {"this", "expressions"})
    items = [row_expression(item, frame) for item in node.expressions]
    if not items or any(is_null(item) or not isinstance(item.expression, Constant) for item in items):
        raise Refusal(
            Code.EXPRESSION_NOT_ALLOWED, "IN needs a list of constants without NULL.", "List the values; test for NULL with IS NULL."
        )
    operand = row_expression(node.this, frame)
    pairs = [same_kind(operand, item) for item in items]
    if len({item.type.numeric or item.type.kind for _, item in pairs}) > 1:
        raise mismatch("The values of IN have different types.")
    finest = max((left for left, _ in pairs), key=lambda left: left.type.digits)
    constants = [same_kind(finest, item)[1].expression for item in items]
    values = tuple(value for value in constants if isinstance(value, Constant))
    kind = BOOLEAN.model_copy(update={"nullable": operand.type.nullable})
    return combined(Among(operand=finest.expression, values=values), kind, operand).as_test()


def _like(node: exp.Expr, frame: Frame) -> Typed:
    """Compile LIKE and NOT LIKE with a constant pattern."""
    only(node, {"this", "expression", "negate"})
    operand, pattern = row_expression(node.this, frame), row_expression(node.expression, frame)
    if operand.type.kind is not Kind.TEXT or not isinstance(pattern.expression, Constant) or not isinstance(pattern.expression.value, str):
        raise mismatch("LIKE needs text and a constant pattern.")
    node_ = Like(operand=operand.expression, pattern=pattern.expression.value)
    matches = combined(node_, BOOLEAN.model_copy(update={"nullable": operand.type.nullable}), operand).as_test()
    return _negated(matches).as_test() if node.args.get("negate") else matches


def _is(node: exp.Expr, frame: Frame) -> Typed:
    """Compile IS NULL, IS TRUE and IS FALSE; IS NULL of a person asks whether an outer join found a row."""
    from sqlglot import exp

    only(node, {"this", "expression"})
    if isinstance(node.expression, exp.Null):
        person = person_reference(node.this, frame)
        if person is not None and person.present is None:
            return constant(value=False, kind=Kind.BOOLEAN)
        operand = person.present if person is not None and person.present is not None else row_expression(node.this, frame)
        return absent(operand)
    if isinstance(node.expression, exp.Boolean):
        wanted = condition(node.this, frame)
        truth = wanted if node.expression.this else _negated(wanted)
        return choice([(truth, constant(value=True, kind=Kind.BOOLEAN))], constant(value=False, kind=Kind.BOOLEAN)).as_test()
    raise unsupported(node)


def absent(operand: Typed) -> Typed:
    """Return whether an operand is NULL."""
    return combined(IsNull(operand=operand.expression), BOOLEAN.model_copy(update={"nullable": False}), operand).as_test()


def _negated(operand: Typed) -> Typed:
    """Return the three-valued negation."""
    return combined(Not(operand=operand.expression), BOOLEAN.model_copy(update={"nullable": operand.type.nullable}), operand)


def _not(node: exp.Expr, frame: Frame) -> Typed:
    """Compile NOT."""
    return _negated(condition(node.this, frame)).as_test()


def _connective(node: exp.Expr, frame: Frame) -> Typed:
    """Compile a chain of AND or OR."""
    from sqlglot import exp

    connective = All if isinstance(node, exp.And) else Any
    return _joined(connective, [condition(operand, frame) for operand in node.flatten()])


def _joined(connective: type[All | Any], operands: list[Typed]) -> Typed:
    """Join conditions."""
    node = connective(operands=tuple(operand.expression for operand in operands))
    nullable = any(operand.type.nullable for operand in operands)
    return combined(node, BOOLEAN.model_copy(update={"nullable": nullable}), *operands).as_test()


def _case(node: exp.Expr, frame: Frame) -> Typed:
    """Compile CASE with conditions, or with values to compare with."""
    from sqlglot import exp

    only(node, {"this", "ifs", "default"})
    subject = row_expression(node.this, frame) if node.this else None
    branches = []
    for branch in node.args["ifs"]:
        only(branch, {"this", "true"})
        if subject is None:
            when = condition(branch.this, frame)
        else:
            when = compared(Comparison.EQUAL, *same_kind(subject, row_expression(branch.this, frame)))
        branches.append((when, row_expression(branch.args["true"], frame)))
    default = node.args.get("default")
    return choice(branches, row_expression(default, frame) if isinstance(default, exp.Expr) else NULL)


def conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """Return the operands of a chain of AND."""
    from sqlglot import exp

    node = node.unnest()
    return [part for operand in node.flatten() for part in conjuncts(operand)] if isinstance(node, exp.And) else [node]


def conjunction(conditions: list[Typed]) -> Expression | None:
    """Return one condition for many; None for none."""
    if not conditions:
        return None
    return conditions[0].expression if len(conditions) == 1 else All(operands=tuple(item.expression for item in conditions))
