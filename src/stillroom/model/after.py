"""Functions that stand after the noise only, where numbers are exact rationals. They are total: what has no value is NULL."""

from __future__ import annotations

from enum import StrEnum

ROOT_DIGITS = 18
"""Decimal places of a square root."""


class ScalarFunction(StrEnum):
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
