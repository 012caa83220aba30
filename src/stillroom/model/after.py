"""Expressions that stand after the noise only, where numbers are exact rationals. They are total: what has no value is NULL."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stillroom.model.value import BigInt, Value

if TYPE_CHECKING:
    from stillroom.model.expression import Expression  # noqa: TC004 - that module imports this one, and tells pydantic what it means

ROOT_DIGITS = 18
"""Decimal places of a square root."""


class Scalar(StrEnum):
    """Functions of numbers, and of other values where the text says so.

    ROUND: to `After.digits` places, half away from zero. FLOOR, CEIL: to a whole number. SIGN: -1, 0 or 1. ABS: without the sign.
    SQRT: to `ROOT_DIGITS` places; NULL below 0. Each of these is NULL where its operand is.
    GREATEST, LEAST: of values of one kind that are not NULL; NULL where none is. COALESCE: the first that is not NULL.
    NULLIF: the first of two, or NULL where both are equal.
    """

    ROUND = "round"
    ABS = "abs"
    FLOOR = "floor"
    CEIL = "ceil"
    SIGN = "sign"
    SQRT = "sqrt"
    GREATEST = "greatest"
    LEAST = "least"
    COALESCE = "coalesce"
    NULLIF = "nullif"


class After(Value):
    """A function of values after the noise; `digits` is for ROUND."""

    op: Literal["after"] = "after"
    function: Scalar
    operands: tuple[Expression, ...] = Field(min_length=1)
    digits: int = Field(default=0, ge=-12, le=12)


class Bounded(Value):
    """A number that lies in [low, high] without noise, moved there; NULL stays."""

    op: Literal["bounded"] = "bounded"
    operand: Expression
    low: BigInt
    high: BigInt


class Covariance(Value):
    """The covariance of two columns over n rows, from noisy totals; of a column with itself, its variance.

    The columns are x and y with a constant taken off each, which changes no covariance and keeps the totals small. Without noise it is
    Σxy/n - Σx/n·Σy/n, known to lie in [low, high] / 10**digits. A count below 1 is taken as 1.

    Attributes:
        count: n.
        left: Σx.
        right: Σy; the same as `left` for a variance.
        product: Σxy.
        sample: Whether to multiply by n/(n - 1); a count below 2 is taken as 2 there.
        low: Least covariance, without that factor.
        high: Greatest covariance, likewise.
        digits: Decimal places of `low` and `high`.
    """

    op: Literal["covariance"] = "covariance"
    count: Expression
    left: Expression
    right: Expression
    product: Expression
    sample: bool
    low: BigInt
    high: BigInt
    digits: int = Field(ge=0)
