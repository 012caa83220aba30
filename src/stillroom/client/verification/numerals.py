"""Decimal text: one spelling for each number of a given precision."""

from __future__ import annotations

import re

from stillroom.client.verification.outcome import Broken

_LONGEST = 1000
"""No number of a release has more digits before its point, or after it."""

_DECIMAL = re.compile(rf"(-?)([0-9]{{1,{_LONGEST}}})(?:\.([0-9]{{1,{_LONGEST}}}))?")


def units_of(text: str | None, digits: int) -> int:
    """Read decimal text in units of 10**-digits.

    Raises:
        Broken: It is not a number, or not spelled with just so many decimal places.
    """
    match = _DECIMAL.fullmatch(text or "")
    units = int(f"{match[1]}{match[2]}{match[3] or ''}") if match else 0
    if match is None or decimal_text(units, digits) != text:
        raise Broken(f"{str(text)[:80]} is not a number with {digits} decimal places")
    return units


def decimal_text(units: int, digits: int) -> str:
    """Return a number of units of 10**-digits as decimal text."""
    if digits == 0:
        return str(units)
    shown = str(abs(units)).rjust(digits + 1, "0")
    return f"{'-' if units < 0 else ''}{shown[:-digits]}.{shown[-digits:]}"
