"""Functions that stand after the noise only, where numbers are exact rationals. They are total: what has no value is NULL."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from stillroom.model.value import Value

ROOT_DIGITS = 18
"""Decimal places of a square root."""


class ScalarFunction(StrEnum):
    """Functions of numbers, and of other values where the text says so.

    ROUND: to `After.digits` places, half away from zero. TRUNC: to as many, cut off. FLOOR, CEIL: to a whole number. SIGN: -1, 0 or 1.
    ABS: without the sign. SQRT: to `ROOT_DIGITS` places; NULL below 0.
    REMAINDER: what the first leaves when divided by the second, with the sign of the first; NULL for the divisor 0.
    BUCKET: in which of n buckets of equal width x lies, counted from 1: 0 below the first, n + 1 behind the last. It is of x, the beginning
    of the first, the end of the last, and n; the last three are constants. Each of these is NULL where an operand is.
    GREATEST, LEAST: of values of one kind that are not NULL; NULL where none is. COALESCE: the first that is not NULL.
    NULLIF: the first of two, or NULL where both are equal.
    """

    ROUND = "round"
    TRUNC = "trunc"
    ABS = "abs"
    FLOOR = "floor"
    CEIL = "ceil"
    SIGN = "sign"
    SQRT = "sqrt"
    REMAINDER = "remainder"
    BUCKET = "bucket"
    GREATEST = "greatest"
    LEAST = "least"
    COALESCE = "coalesce"
    NULLIF = "nullif"


class TableFunction(StrEnum):
    """Functions of the rows of a table, for window functions (`expression.Over`).

    ROW_NUMBER: the place in the order, from 1. RANK: one more than the rows before all peers. DENSE_RANK: one more than the groups of peers
    before. PERCENT_RANK: (rank - 1)/(rows - 1), 0 for one row. CUME_DIST: the share of rows that are not behind the peers. NTILE: which of
    `Over.number` buckets, whose sizes differ by one at most, the larger ones first.
    LAG: the value of the row that stands `Over.number` rows before, or behind if it is negative; NULL where there is none.
    NTH: the value of the frame's row of that number, counted from its end if it is negative; NULL where there is none.
    COUNT, SUM, MIN, MAX: of the frame's values that are not NULL; NULL where there are none, but for COUNT.
    """

    ROW_NUMBER = "row_number"
    RANK = "rank"
    DENSE_RANK = "dense_rank"
    PERCENT_RANK = "percent_rank"
    CUME_DIST = "cume_dist"
    NTILE = "ntile"
    LAG = "lag"
    NTH = "nth"
    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


Distance = Annotated[int, Field(ge=-(10**9), le=10**9)]
"""A number of rows, behind a row or before it."""


class Extent(Value):
    """The rows of a partition that a window function is of, in its order.

    Attributes:
        peers: Whether an end at the row itself takes in all its peers (RANGE); both ends are 0 or None then.
        start: How many rows behind the row itself it begins (before it, if negative); None for the partition's first row.
        end: How many rows behind the row itself it ends; None for the partition's last row.
    """

    peers: bool = False
    start: Distance | None = None
    end: Distance | None = None
