"""The range of a number that a plan computes, of a date in days, and of the length of a text: derived once more."""

from __future__ import annotations

import datetime
import math
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from stillroom.client.verification.calendar import later, month_of, month_start
from stillroom.client.verification.outcome import Broken
from stillroom.model.expression import Arithmetic, ArithmeticOp, Call, Case, Column, Constant, Divide
from stillroom.model.function import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.client.verification.declared import Range
    from stillroom.model.expression import Expression

_LARGEST = 2**128
_ROOTED = 2**52
"""Roots are taken of numbers below this."""

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY = 86_400
"""Seconds in a day."""


def value_span(expression: Expression, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of an expression; None for NULL.

    Raises:
        Broken: The contract does not bound it.
    """
    match expression:
        case Column():
            if expression.name not in ranges:
                raise Broken(f"the contract gives no bounds for {expression.name}")
            return ranges[expression.name]
        case Constant(value=None):
            return None
        case Constant(value=str() as text):
            return 0, len(text)
        case Constant(value=int() as number) if not isinstance(number, bool):
            return number, number
        case Arithmetic():
            return _arithmetic(expression, ranges)
        case Divide():
            return _quotient(expression, ranges)
        case Case():
            results = [value_span(result, ranges) for result in (*(branch.then for branch in expression.branches), expression.otherwise)]
            return hull([one for one in results if one is not None])
        case Call():
            return _called(expression, ranges)
        case _:
            raise Broken("what is measured is not a number")


def hull(ranges: list[Range]) -> Range | None:
    """Return the least range that holds all of several."""
    if not ranges:
        return None
    return reduce(lambda a, b: (min(a[0], b[0]), max(a[1], b[1])), ranges)


def _arithmetic(node: Arithmetic, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of a sum, difference or product, which has its extremes where both operands have theirs; no square is negative."""
    left, right = value_span(node.left, ranges), value_span(node.right, ranges)
    if left is None or right is None:
        return None
    pairs = [(a, b) for a in left for b in right]
    match node.operation:
        case ArithmeticOp.ADD:
            found = [a + b for a, b in pairs]
        case ArithmeticOp.SUBTRACT:
            found = [a - b for a, b in pairs]
        case ArithmeticOp.MULTIPLY:
            found = [max(a * b, 0) if node.left == node.right else a * b for a, b in pairs]
    return small(found)


def _quotient(node: Divide, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of a quotient: no larger than the largest dividend by the smallest divisor that is not 0."""
    left, right = value_span(node.left, ranges), value_span(node.right, ranges)
    if left is None or right is None:
        return None
    if right[0] == right[1] != 0:
        return small([_nearest(end * 10**node.shift, right[0]) for end in left])
    smallest = 1 if right[0] <= 0 <= right[1] else min(abs(right[0]), abs(right[1]))
    most = -(-max(abs(left[0]), abs(left[1])) * 10**node.shift // smallest)
    return small([-most if left[0] < 0 or right[0] < 0 else 0, most])


def small(values: list[int]) -> Range:
    """Return the range of values, which must be of a size that engines can compute with."""
    if max(map(abs, values)) > _LARGEST:
        raise Broken("a number of the plan could become too large")
    return min(values), max(values)


def _nearest(dividend: int, divisor: int) -> int:
    """Return a quotient rounded half away from zero."""
    exact = Fraction(dividend, divisor)
    away = math.floor(abs(exact) + Fraction(1, 2))
    return away if exact > 0 else -away


def _called(node: Call, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of a function; None where it is always NULL."""
    if node.function in {Function.GREATEST, Function.LEAST}:
        return _extreme(node, ranges)
    if node.function is Function.WITHIN:
        return _within(node, ranges)
    if node.function not in _SPANS:
        raise Broken("what is measured is not a number")
    spans = [value_span(operand, ranges) for operand in node.operands]
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return small(list(_SPANS[node.function](*known)))


def _extreme(node: Call, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of the greatest or least: between the ends of all, and never past a constant, which is always there.

    The greatest text is not the longest.
    """
    spans = [(operand, value_span(operand, ranges)) for operand in node.operands]
    known = [(operand, span) for operand, span in spans if span is not None]
    if not known:
        return None
    ends = hull([span for _, span in known])
    sure = [span for operand, span in known if isinstance(operand, Constant) and not isinstance(operand.value, str)]
    if ends is None or not sure:
        return ends
    if node.function is Function.GREATEST:
        return max(ends[0], *(low for low, _ in sure)), ends[1]
    return ends[0], min(ends[1], *(high for _, high in sure))


def _within(node: Call, ranges: Mapping[str, Range]) -> Range | None:
    """Return the range of a number that is NULL outside two constants."""
    span, *limits = (value_span(operand, ranges) for operand in node.operands)
    if span is None or None in limits:
        return None
    low, high = hull([limit for limit in limits if limit is not None]) or span
    return min(max(span[0], low), high), max(min(span[1], high), low)


def _quotients(left: Range, right: Range) -> Range:
    """Return the range of quotients cut off towards zero: their extremes have the extreme divisors, or the ones nearest to zero."""
    divisors = [divisor for divisor in {*right, -1, 1} if divisor != 0 and right[0] <= divisor <= right[1]]
    found = [math.trunc(Fraction(end, divisor)) for end in left for divisor in divisors]
    return (min(found), max(found)) if found else (0, 0)


def _remainders(left: Range, right: Range) -> Range:
    """Return the range of remainders: nearer to zero than the divisor, and on the side of the dividend."""
    most = max(abs(right[0]), abs(right[1]), 1) - 1
    return max(-most, min(0, left[0])), min(most, max(0, left[1]))


def _floors(left: Range, right: Range) -> Range:
    if right[0] < 1:
        raise Broken("a number is divided by one that is not above 0")
    found = [math.floor(Fraction(end, divisor)) for end in left for divisor in right]
    return min(found), max(found)


def _roots(span: Range) -> Range:
    if span[1] >= _ROOTED:
        raise Broken("the root is taken of a number that engines take none of")
    return math.isqrt(max(0, span[0])), math.isqrt(max(0, span[1]))


def _sizes(span: Range) -> Range:
    ends = (abs(span[0]), abs(span[1]))
    return (0 if span[0] <= 0 <= span[1] else min(ends)), max(ends)


def _part(text: Range, start: Range, length: Range) -> Range:
    return 0, min(length[1], max(text[1] - start[0] + 1, 0))


def _replaced(text: Range, old: Range, new: Range) -> Range:
    """Return the range of the length of a text in which one becomes another."""
    times = text[1] // old[1] if old[1] else 0
    return 0, text[1] + times * max(0, new[1] - old[1])


def _spelling(span: Range, places: Range) -> Range:
    """Return the range of the length of a number that is written: with its sign, one digit before the point and all after it."""
    sizes = [(end < 0) + max(len(str(abs(end))), places[1] + 1) + (places[1] > 0) for end in span]
    return 0, max(sizes)


_SPANS: dict[Function, Callable[..., Range]] = {
    Function.ABSOLUTE: _sizes,
    Function.QUOTIENT: _quotients,
    Function.REMAINDER: _remainders,
    Function.FLOOR: _floors,
    Function.ROOT: _roots,
    **dict.fromkeys((Function.LENGTH, Function.LOWER, Function.UPPER, Function.REVERSE), lambda text: (0, text[1])),
    **dict.fromkeys((Function.TRIM_START, Function.TRIM_END), lambda text: (0, text[1])),
    Function.SUBSTRING: _part,
    Function.RIGHT: lambda text, length: (0, min(text[1], length[1])),
    Function.CONCAT: lambda *texts: (0, sum(text[1] for text in texts)),
    Function.REPLACE: _replaced,
    Function.NUMBER_TEXT: _spelling,
    Function.DATE_TEXT: lambda _: (0, len("YYYY-MM-DD")),
    Function.TEXT_NUMBER: lambda _text, digits, _places: (1 - 10 ** digits[1], 10 ** digits[1] - 1),
    Function.TEXT_DATE: lambda _: (1 - _EPOCH, datetime.date.max.toordinal() - _EPOCH),
    Function.TEXT_TIMESTAMP: lambda _: ((1 - _EPOCH) * _DAY, (datetime.date.max.toordinal() + 1 - _EPOCH) * _DAY - 1),
    Function.POSITION: lambda text, _part: (0, max(1, text[1])),
    Function.MONTHS: lambda days: (month_of(days[0]), month_of(days[1])),
    Function.MONTH_START: lambda months: (month_start(months[0]), month_start(months[1])),
    Function.DAY_OF_MONTH: lambda _: (1, 31),
    Function.DAY_OF_YEAR: lambda _: (1, 366),
    Function.WEEK: lambda _: (1, 53),
    Function.ADD_MONTHS: lambda days, months: (later(days[0], months[0]), later(days[1], months[1])),
}
"""The range of a function, by those of its operands."""
