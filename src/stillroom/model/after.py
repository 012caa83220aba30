"""Functions that stand after the noise only, where numbers are exact rationals. They are total: what has no value is NULL."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from stillroom.model.value import Value

ROOT_DIGITS = 18
"""Decimal places of roots, logarithms and exponentials, and of powers that are not exact."""

LARGEST_EXPONENT = 1_000
"""Exponents of powers are no further from 0."""


class ScalarFunction(StrEnum):
    """Functions of numbers, and of other values where the text says so.

    ROUND: to `After.digits` places, half away from zero. TRUNC: to as many, cut off. FLOOR, CEIL: to a whole number. SIGN: -1, 0 or 1.
    ABS: without the sign. SQRT: to `ROOT_DIGITS` places; NULL below 0.
    REMAINDER: what the first leaves when divided by the second, with the sign of the first; NULL for the divisor 0.
    BUCKET: in which of n buckets of equal width x lies, counted from 1: 0 below the first, n + 1 behind the last. It is of x, the beginning
    of the first, the end of the last, and n; the last three are constants.
    LN: the natural logarithm. LOG: of the first, that to the base of the second, a constant 2 or 10. EXP: e to some power. All three are
    exact where they are whole, and have else `ROOT_DIGITS` places; logarithms are NULL for 0 and below.
    POWER: the first to the power of the second: exact for a whole exponent as long as neither numerator nor denominator could have more
    than 4096 bits, and where it is a root that has no more than `ROOT_DIGITS` places; else to as many. NULL for 0 to a power below 0, for a
    number below 0 to a power that is not whole, and for an exponent further than `LARGEST_EXPONENT` from 0. 0 to the power of 0 is 1.
    EXP and POWER are NULL where they are no numbers of a table, which are below 10**300. Each of these is NULL where an operand is.
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
    LN = "ln"
    LOG = "log"
    EXP = "exp"
    POWER = "power"
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
