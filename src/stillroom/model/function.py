"""The functions of row expressions: what each says, member by member.

All are total. A function is NULL as soon as an operand is, unless it says otherwise.
"""

from __future__ import annotations

from enum import StrEnum


class Function(StrEnum):
    """What a `Call` says of its operands. Numbers are whole numbers of the units that the compiler has chosen."""

    ABSOLUTE = "absolute"
    """The absolute value of a number."""
    QUOTIENT = "quotient"
    """The first number divided by the second, cut off towards zero; NULL for the divisor 0."""
    REMAINDER = "remainder"
    """What QUOTIENT leaves: it has the sign of the first number; NULL for the divisor 0."""
    FLOOR = "floor"
    """The greatest whole number that is at most the first number divided by the second, a constant above 0."""
    GREATEST = "greatest"
    """The greatest of values of one kind, in the order of comparisons, among those that are not NULL; NULL where all are."""
    LEAST = "least"
    """The least of them, likewise."""
    WITHIN = "within"
    """A number that lies between two constants, ends included; NULL where it does not."""
    MONTHS = "months"
    """The month of a day: twelve times its year, and how many months of that year have passed. Days count from 1970-01-01."""
    MONTH_START = "month_start"
    """The first day of a month, given as MONTHS says it."""
    DAY_OF_MONTH = "day_of_month"
    """The day within its month, from 1 on."""
    DAY_OF_YEAR = "day_of_year"
    """The day within its year, from 1 on."""
    WEEK = "week"
    """The week of ISO 8601 within its year, from 1 on."""
    ADD_MONTHS = "add_months"
    """The same day of a month that is later by a constant number, or that month's last day if it is shorter."""
