"""How a cell is read as a number: exact decimals, rounded once, kept as whole units."""

from __future__ import annotations

import re
from decimal import Decimal

WHITE_SPACE = " \t\n\v\f\r\x1c\x1d\x1e\x1f"
"""White space of ASCII, which may surround numbers, dates and truth values."""

FARTHEST = 10**18
"""Where reading stops to tell numbers apart. Every bound of a contract is nearer to zero."""

_TEXT_LIMIT = 400
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_MAGNITUDE_LIMIT = 40


def units(value: str | float | Decimal | None, digits: int, step: int) -> int | None:
    """Read a number as whole units of 10**-digits: the multiple of `step` units nearest to it, half away from zero.

    A double means the shortest decimal that denotes it, so that 0.1 is 1/10 and a table says the same as CSV and as Parquet.

    Args:
        value: A number, or text in the form `-12.5e3`, white space around it allowed.
        digits: Decimal places of a unit.
        step: Units between two values that are told apart, at least 1.

    Returns:
        Whole units, at most `FARTHEST` from zero; None for what is no number, NaN and infinities among it.
    """
    number = _decimal(value)
    if number is None:
        return None
    sign, figures, exponent = number.as_tuple()
    if not number or number.adjusted() + digits < -_MAGNITUDE_LIMIT or not isinstance(exponent, int):
        return 0
    if number.adjusted() + digits > _MAGNITUDE_LIMIT:
        return -FARTHEST if sign else FARTHEST
    magnitude = min(_nearest(int("".join(map(str, figures))), exponent + digits, step), FARTHEST)
    return -magnitude if sign else magnitude


def _decimal(value: str | float | Decimal | None) -> Decimal | None:
    """Read a number exactly, if it is one."""
    if value is None or isinstance(value, bool):
        return None
    text = (value if isinstance(value, str) else str(value)).strip(WHITE_SPACE)
    return Decimal(text) if len(text) <= _TEXT_LIMIT and _NUMBER.fullmatch(text) else None


def _nearest(figures: int, exponent: int, step: int) -> int:
    """Return the multiple of `step` nearest to figures * 10**exponent, which is not negative; halves go up."""
    dividend: int = figures * 10 ** max(exponent, 0)
    divisor: int = step * 10 ** max(-exponent, 0)
    return (2 * dividend + divisor) // (2 * divisor) * step
