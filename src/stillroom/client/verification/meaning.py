"""What the finish of a plan makes of keys and noisy totals in one row: values, and the intervals that follow from those of the totals."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.client.verification.calls import called
from stillroom.client.verification.functions import Known, applied, covariance, held, sure, unbiased
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.patterns import matches
from stillroom.model.expression import (
    After,
    All,
    Among,
    Any,
    Arithmetic,
    Bounded,
    Call,
    Case,
    Column,
    Compare,
    Constant,
    Covariance,
    Divide,
    IsNull,
    Like,
    Not,
    Over,
    children,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.client.verification.functions import Plain
    from stillroom.model.expression import Expression

_EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul}
_TESTS: dict[str, Callable[..., bool]] = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le}


def known(node: Expression, columns: Mapping[str | Over, Known]) -> Known:
    """Return the value of an expression in a row, given its columns there, and what its windows say.

    Raises:
        Broken: It has operands of kinds that it does not take, or a term that is no column.
    """
    if isinstance(node, Over):
        return columns[node]
    parts = [known(part, columns) for part in children(node)]
    match node:
        case Column():
            return columns[node.name]
        case Constant():
            return sure(_constant(node))
        case Arithmetic():
            return _corners(_EXACT[node.operation], parts[0], parts[1])
        case Divide():
            return _quotient(parts[0], parts[1])
        case Case():
            return _chosen(parts[:-1:2], [*parts[1:-1:2], parts[-1]])
        case After() | Call():
            return applied(node, parts) if isinstance(node, After) else called(node, parts)
        case Bounded():
            return held(parts[0], Fraction(node.low), Fraction(node.high))
        case Covariance():
            range_ = Fraction(node.low, 10**node.digits), Fraction(node.high, 10**node.digits)
            found = held(covariance(parts[0], parts[1], parts[2], parts[3], one=node.left == node.right), *range_)
            return unbiased(found, parts[0]) if node.sample else found
        case _:
            return Known(_truth(node, [part.value for part in parts]), noisy=any(part.noisy for part in parts))


def _constant(node: Constant) -> Plain:
    number = isinstance(node.value, int) and not isinstance(node.value, bool)
    return Fraction(node.value or 0, 10**node.digits) if number and isinstance(node.value, int) else node.value  # type: ignore[return-value]


def _corners(operation: Callable[[Fraction, Fraction], Fraction], left: Known, right: Known) -> Known:
    """Return what an operation gives, with its extremes at the ends of its operands."""
    noisy = left.noisy or right.noisy
    if not isinstance(left.value, Fraction) or not isinstance(right.value, Fraction):
        return Known(None, noisy=noisy)
    value = operation(left.value, right.value)
    if left.ends is None or right.ends is None:
        return Known(value, noisy=noisy)
    found = sorted(operation(a, b) for a in left.ends for b in right.ends)
    return Known(value, found[0], found[-1], noisy)


def _quotient(left: Known, right: Known) -> Known:
    """Return a quotient; NULL for a divisor of 0, and without an interval where the divisor may be 0."""
    if right.value == 0:
        return Known(None, noisy=left.noisy or right.noisy)
    clear = right.ends is not None and (right.ends[0] > 0 or right.ends[1] < 0)
    return _corners(operator.truediv, left, right if clear else right._replace(low=None, high=None))


def _chosen(tests: list[Known], results: list[Known]) -> Known:
    """Return the first branch that applies; where a noisy test decides, its interval spans all branches."""
    place = next((place for place, test in enumerate(tests) if test.value is True), len(tests))
    if not any(test.noisy for test in tests):
        return results[place]
    ends = [end for result in results for end in result.ends or ()]
    full = len(ends) == 2 * len(results) and isinstance(results[place].value, Fraction)
    return Known(results[place].value, min(ends), max(ends)) if full else Known(results[place].value)


def _truth(node: Expression, values: list[Plain]) -> bool | None:
    """Return the truth of a condition: true, false or unknown."""
    match node:
        case IsNull():
            return values[0] is None
        case All() | Any():
            deciding = isinstance(node, Any)
            return deciding if deciding in values else None if None in values else not deciding
        case _ if None in values:
            return None
        case Not():
            return not values[0]
        case Compare():
            return _TESTS[node.comparison](*values)
        case Among():
            return values[0] in [_constant(one) for one in node.values]
        case Like():
            return matches(str(values[0]), node.pattern)
        case _:
            raise Broken("a column is made of what has no meaning after the noise")
