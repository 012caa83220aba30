"""What functions of row expressions mean, written down once more for the reference. It shares no code with the package."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Scalar: TypeAlias = bool | int | str | None


def call(function: str, operands: Sequence[Scalar]) -> Scalar:
    """Return the value of a function."""
    if function in _OF_SOME:
        some = [operand for operand in operands if operand is not None]
        return _OF_SOME[function](some) if some else None
    return None if None in operands else _OF_ALL[function](*operands)


def _divided(left: int, right: int, whole: Callable[[Fraction], int]) -> int | None:
    return None if right == 0 else whole(Fraction(left, right))


_OF_SOME: dict[str, Callable[[list[Any]], Scalar]] = {
    "greatest": lambda some: next(one for one in some if all(other <= one for other in some)),
    "least": lambda some: next(one for one in some if all(one <= other for other in some)),
}

_OF_ALL: dict[str, Callable[..., Scalar]] = {
    "absolute": lambda number: max(number, -number),
    "quotient": lambda left, right: _divided(left, right, math.trunc),
    "remainder": lambda left, right: None if right == 0 else int(math.copysign(1, left)) * (abs(left) % abs(right)),
    "floor": lambda left, right: _divided(left, right, math.floor),
    "within": lambda number, low, high: number if number in range(low, high + 1) else None,
}
