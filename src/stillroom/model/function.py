"""The functions of row expressions: what each says, member by member.

All are total. A function is NULL as soon as an operand is, unless it says otherwise.
"""

from __future__ import annotations

from enum import StrEnum

LARGEST_ROOTED = 2**52 - 1
"""Up to here, the whole part of a root that is taken in doubles is that of the root: correctly rounded, none reaches the next number."""


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
    ROOT = "root"
    """The greatest whole number whose square is at most a number; NULL below 0. No number is greater than `LARGEST_ROOTED`."""
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
    LENGTH = "length"
    """How many code points a text has."""
    LOWER = "lower"
    """A text with a to z in the place of A to Z. Other letters stay: what they become differs among versions of Unicode."""
    UPPER = "upper"
    """A text with A to Z in the place of a to z."""
    TRIM_START = "trim_start"
    """A text without the spaces that it begins with: those of Unicode's category Zs, as DuckDB has it, so neither tabs nor line ends."""
    TRIM_END = "trim_end"
    """A text without the spaces that it ends with."""
    SUBSTRING = "substring"
    """The code points of a text from a place on, counted from 1, and at most so many; both are constants, and not below 1 and 0."""
    RIGHT = "right"
    """The last code points of a text, at most a constant number."""
    REVERSE = "reverse"
    """The code points of a text from the last to the first."""
    CONCAT = "concat"
    """Texts after each other."""
    REPLACE = "replace"
    """A text with a constant text in the place of another, wherever that stands, from the left on. The empty text stands nowhere."""
    POSITION = "position"
    """At which code point, counted from 1, the second text first stands in the first; 0 where it does not, 1 where it is empty."""
    NUMBER_TEXT = "number_text"
    """How a number is spelled that has a constant number of decimal places: all of them are written, and a minus sign below 0."""
    DATE_TEXT = "date_text"
    """How a day is spelled: `YYYY-MM-DD`; NULL outside the years 1 to 9999."""
    TEXT_NUMBER = "text_number"
    """The number that a text spells, in units of as many decimal places as the last constant says, rounded half away from zero.

    White space of ASCII may surround it, a sign may stand before it, there is no exponent. NULL for other texts, and for numbers with more
    digits, decimal places included, than the first constant says.
    """
    TEXT_DATE = "text_date"
    """The day that a text spells as `YYYY-MM-DD`, in white space of ASCII, perhaps with a time, which does not count; NULL for others."""
    TEXT_TIMESTAMP = "text_timestamp"
    """The second that a text spells as `YYYY-MM-DD HH:MM:SS`, in white space of ASCII; NULL for others.

    `T` may stand between day and time; seconds, or the whole time, may be missing, and are zero then. Parts of a second, up to nine
    digits, are cut off. Behind a time may stand `Z` or an offset of zero from UTC; with any other offset it is NULL.
    """
    TEXT_TRUTH = "text_truth"
    """What a text spells: true, t, yes, y, 1, or false, f, no, n, 0, in any case, in white space of ASCII; NULL for others."""
