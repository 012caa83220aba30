"""The finish, written down once more: one row after the other, straight from the leaf cells, as slowly and plainly as possible.

It shares no code with `query.finish`, except for half-widths and intervals of averages, which have tests of their own.
"""

from __future__ import annotations

import datetime
import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from stillroom.model.expression import Column
from stillroom.model.schema import Kind
from stillroom.privacy.intervals import quantile
from stillroom.privacy.ratios import Average, ratio_interval
from tests import reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.expression import Expression
    from stillroom.model.plan import NoisyCells, Order, Output, Plan

    Shown = tuple[str | None, str | None, str | None, bool, bool]


class Guess(NamedTuple):
    """A value, the ends of its interval (rationals, or None), whether it is noisy, and whether nothing is known about it."""

    value: Any
    low: Any = None
    high: Any = None
    noisy: bool = False
    vague: bool = False


class Line(NamedTuple):
    """A row: the position of each key in its domain, or None where it is totalled over, and the noisy leaf cells that it adds up."""

    plan: Plan
    at: tuple[int | None, ...]
    leaves: list[tuple[int, ...]]

    def guess(self, node: Expression) -> Guess:
        """Return the value of an expression."""
        terms = {str(part) for part in _parts(node) if part.op == "average" or (part.op == "column" and part.name[0] == "m")}
        return self._guess(node, 1 - Fraction(1, 20) / max(1, len(terms)))

    def _guess(self, node: Any, level: Fraction) -> Guess:  # noqa: ANN401 - a node of any kind
        match node.op:
            case "column":
                return self._column(node.name, level)
            case "constant":
                return _known(Fraction(node.value, 10**node.digits) if type(node.value) is int else node.value)
            case "average":
                return self._average(node, level)
            case "case":
                whens = [self._guess(branch.when, level) for branch in node.branches]
                thens = [self._guess(branch.then, level) for branch in node.branches]
                return _case(whens, thens, self._guess(node.otherwise, level))
        operands = [self._guess(child, level) for child in _children(node)]
        if node.op in {"arithmetic", "divide"}:
            return _computed(node, *operands)
        return Guess(_truth(node, [operand.value for operand in operands]), noisy=any(operand.noisy for operand in operands))

    def _column(self, name: str, level: Fraction) -> Guess:
        number = int(name[1:])
        if name[0] == "m":
            total, unit = sum(leaf[number] for leaf in self.leaves), 10 ** self.plan.measures[number].digits
            half = quantile(self.plan.mechanisms[number], len(self.leaves), level)
            return Guess(Fraction(total, unit), Fraction(total - half, unit), Fraction(total + half, unit), noisy=True)
        position, key = self.at[number], self.plan.keys[number]
        if name[0] == "g":
            return _known(Fraction(position is None))
        value = None if position is None else key.domain[position]
        return _known(Fraction(value, 10**key.digits) if type(value) is int else value)

    def _average(self, node: Any, level: Fraction) -> Guess:  # noqa: ANN401 - an average
        total, count = int(node.total[1:]), int(node.count[1:])
        noise = (self.plan.mechanisms[total], self.plan.mechanisms[count])
        model = Average(*noise, len(self.leaves), Fraction(node.low), Fraction(node.high), level)
        found = ratio_interval(model, sum(leaf[total] for leaf in self.leaves), sum(leaf[count] for leaf in self.leaves))
        value, low, high = (Fraction(end, 10**node.digits) for end in found[:3])
        return Guess(value, low, high, noisy=True, vague=found.no_information)

    def show(self, output: Output) -> Shown:
        """Return a cell: value, low, high, whether nothing is known, whether the key is totalled over."""
        found = self.guess(output.value)
        value = _text(found.value, output, round)
        if output.noisy:
            return value, _text(found.low, output, math.floor), _text(found.high, output, math.ceil), found.vague, False
        name = getattr(output.value, "name", "")
        return value, None, None, False, name[:1] == "k" and self.at[int(name[1:])] is None


def finished(plan: Plan, cells: NoisyCells) -> list[list[Shown]]:
    """Return the table that a plan's finish makes of noisy cells."""
    leaves = list(zip(product(*(range(len(key.domain)) for key in plan.keys)), zip(*cells, strict=True), strict=True))
    lines = []
    for kept in plan.finish.sets:
        places = [range(len(key.domain)) if number in kept else [None] for number, key in enumerate(plan.keys)]
        for at in product(*places):
            mine = [leaf for place, leaf in leaves if all(one in {None, other} for one, other in zip(at, place, strict=True))]
            lines.append(Line(plan, at, mine))
    finish = plan.finish
    lines = [line for line in lines if finish.having is None or line.guess(finish.having).value is True]
    for term in reversed(finish.order):
        lines = _ordered(lines, term)
    lines = lines[finish.offset :]
    return [[line.show(output) for output in finish.outputs] for line in lines[: finish.limit]]


def _ordered(lines: list[Line], term: Order) -> list[Line]:
    known = [(line.guess(term.value).value, line) for line in lines]
    missing = [line for value, line in known if value is None]
    present = sorted([pair for pair in known if pair[0] is not None], key=lambda pair: pair[0], reverse=term.descending)
    some = [line for _, line in present]
    return missing + some if term.nulls_first else some + missing


def _known(value: Any) -> Guess:  # noqa: ANN401 - a value of any kind
    return Guess(value, value, value) if isinstance(value, Fraction) else Guess(value)


def _computed(node: Any, left: Guess, right: Guess) -> Guess:  # noqa: ANN401 - arithmetic or a quotient
    noisy, divides = left.noisy or right.noisy, node.op == "divide"
    operation: Callable[[Fraction, Fraction], Fraction] = _OPERATIONS["divide" if divides else node.operation]
    if left.value is None or right.value is None or (divides and right.value == 0):
        return Guess(None, noisy=noisy, vague=noisy if divides else left.vague or right.vague)
    value = operation(left.value, right.value)
    ends = [end for one in (left, right) for end in (one.low, one.high)]
    if None in ends or (divides and ends[2] <= 0 <= ends[3]):
        return Guess(value, noisy=noisy, vague=noisy)
    corners = [operation(a, b) for a in ends[:2] for b in ends[2:]]
    return Guess(value, min(corners), max(corners), noisy)


def _case(whens: list[Guess], thens: list[Guess], otherwise: Guess) -> Guess:
    results = [*thens, otherwise]
    chosen = [then for when, then in zip(whens, thens, strict=True) if when.value is True] + [otherwise]
    if not any(when.noisy for when in whens):
        return chosen[0]
    ends = [end for one in results for end in (one.low, one.high)]
    if None in ends or not isinstance(chosen[0].value, Fraction):
        return Guess(chosen[0].value, noisy=True, vague=True)
    return Guess(chosen[0].value, min(ends), max(ends), noisy=True)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "multiply": lambda left, right: left * right,
    "divide": lambda left, right: left / right,
}


def _children(node: Any) -> list[Any]:  # noqa: ANN401 - a node of any kind
    if node.op == "case":
        return [part for branch in node.branches for part in (branch.when, branch.then)] + [node.otherwise]
    return [getattr(node, name) for name in ("left", "right", "operand") if hasattr(node, name)] + list(getattr(node, "operands", ()))


def _parts(node: Any) -> list[Any]:  # noqa: ANN401 - a node of any kind
    return [node] + [part for child in _children(node) for part in _parts(child)]


def _truth(node: Any, values: list[Any]) -> bool | None:  # noqa: ANN401 - a condition
    if node.op == "is_null":
        return values[0] is None
    if node.op in {"all", "any"}:
        decisive = node.op == "any"
        return decisive if decisive in values else None if None in values else not decisive
    return None if None in values else bool(_TRUTHS[node.op](node, *values))


_TRUTHS: dict[str, Callable[..., Any]] = {
    "not": lambda _, value: not value,
    "among": lambda node, value: (
        value in [Fraction(one.value, 10**one.digits) if type(one.value) is int else one.value for one in node.values]
    ),
    "like": lambda node, value: reference.evaluate(node.model_copy(update={"operand": Column(name="it")}), {"it": value}),
    "compare": lambda node, left, right: {"eq": left == right, "ne": left != right, "lt": left < right, "le": left <= right}[
        node.comparison
    ],
}


def _text(value: Any, output: Output, rounded: Callable[[Fraction], int]) -> str | None:  # noqa: ANN401 - a value of any kind
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if output.kind is Kind.DATE:
        return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=int(value)))
    units = rounded(value * 10**output.digits)
    whole, rest = divmod(abs(units), 10**output.digits)
    return "-" * (units < 0) + str(whole) + (f".{rest:0{output.digits}}" if output.digits else "")
