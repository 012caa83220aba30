"""Values of array packages as the values of Python that they are, and what is given one by one or as a list."""

from __future__ import annotations

import datetime
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = "biufU"
"""NumPy's kinds of truth values, whole numbers with and without signs, floating numbers and texts."""


def plain_scalar(value: object) -> Any:  # noqa: ANN401  whatever was given
    """Return a scalar of NumPy as the value of Python that it is, and anything else as it is.

    A time becomes a date or a `datetime` if it is one; one that counts nanoseconds is neither, and stays. NumPy is not imported for this:
    where it has not been, there is no such scalar.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.generic):
        return value
    scalar = cast("Any", value)
    found = scalar.item()
    return found if scalar.dtype.kind in _KINDS or isinstance(found, datetime.date) else value


def listed(given: Iterable[object]) -> tuple[Any, ...]:
    """Return what is given one by one, or as lists and tuples, in its order; a text is one thing."""
    found: list[object] = []
    for one in given:
        found.extend(one if isinstance(one, list | tuple) else [one])
    return tuple(found)
