"""What the functions of all families are made with."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Call, Constant
from stillroom.model.schema import Kind, Scalar
from stillroom.query.evaluate import evaluate
from stillroom.query.typed import bound_of, combined, constant, mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from stillroom.model.function import Function
    from stillroom.model.schema import ColumnType
    from stillroom.query.typed import Typed

    Operand: TypeAlias = Callable[[exp.Expr], Typed]
    """Compiles an operand."""

    Meaning: TypeAlias = Callable[[exp.Expr, Operand], Typed]
    """Compiles a call."""

LISTED = 500
"""The most values that a function of listed values is computed for."""

LISTED_LENGTH = 100_000
"""The most characters of all of them together."""


def called(function: Function, kind: ColumnType, *operands: Typed) -> Typed:
    """Return a call; where its operands have listed values, so has it.

    Args:
        function: The function.
        kind: What is known of its values otherwise.
        operands: What it is called with.

    Raises:
        InvalidInput: A number is too large, or the expression is.
    """
    ends = [end for one in (kind, *(operand.type for operand in operands)) for end in (one.low, one.high) if end is not None]
    bound = bound_of(min(ends), max(ends)) if ends else 0
    node = Call(function=function, operands=tuple(operand.expression for operand in operands), bound=bound)
    return combined(node, kind.model_copy(update={"values": _listed(node, operands)}), *operands)


def _listed(call: Call, operands: tuple[Typed, ...]) -> tuple[bool | int | str, ...] | None:
    """Return the values of a call, in the order of those of its operands, if one of these has some and all are known."""
    if all(operand.type.values is None or isinstance(operand.expression, Constant) for operand in operands):
        return None
    domains = [operand.type.domain(LISTED) for operand in operands]
    known = [domain for domain in domains if domain is not None]
    if len(known) < len(domains) or prod(len(domain) for domain in known) > LISTED:
        return None
    found: dict[bool | int | str, None] = {}
    length = 0
    for values in product(*known):
        value = _value(call, values)
        length += len(value) if isinstance(value, str) else 0
        if length > LISTED_LENGTH:
            return None
        if value is not None:
            found[value] = None
    return tuple(found)


def _value(call: Call, values: tuple[Scalar, ...]) -> Scalar:
    """Return the value of a call with constants."""
    return evaluate(call.model_copy(update={"operands": tuple(Constant(value=value) for value in values)}), {})


def whole(value: int) -> Typed:
    """Return a constant whole number."""
    return constant(value, Kind.INTEGER)


def constant_number(operand: Typed, low: int, high: int, what: str) -> int:
    """Return a constant whole number that is written where nothing else may be.

    Raises:
        Refusal: It is none, or outside the range.
    """
    value = operand.expression.value if isinstance(operand.expression, Constant) else None
    if operand.type.kind is not Kind.INTEGER or isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, f"{what} must be a constant from {low} to {high}.", "Write a whole number.")
    return value


def needs(kind: Kind, operand: Typed, what: str) -> Typed:
    """Return an operand that must be of a kind."""
    if operand.type.kind is not kind:
        raise mismatch(f"{what} needs {kind}.")
    return operand


def nullable(*operands: Typed) -> bool:
    """Tell whether one of several operands may be NULL."""
    return any(operand.type.nullable for operand in operands)
