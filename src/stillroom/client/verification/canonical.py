"""Canonical JSON (RFC 8785), written here once more: one value, one spelling."""

from __future__ import annotations

import hashlib
import json
import math
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from stillroom.client.verification.outcome import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXACT = 2**53
_POSITIONAL = 21
"""ECMAScript writes numbers below 1e21 without an exponent (ECMA-262, Number::toString, step 6) …"""
_SMALL = -6
"""… and so numbers from 1e-6 on (step 8)."""


def parse(data: bytes, what: str) -> Any:  # noqa: ANN401 - JSON has no narrower type that would help
    """Read canonical JSON, and nothing else: bytes that spell their value in any other way are refused.

    Raises:
        Broken: They do.
    """
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_whole, parse_constant=_refuse)
        if encode(value) == data:
            return value
    except (ValueError, RecursionError):
        pass
    raise Broken(f"{what} is not canonical JSON (RFC 8785)")


def encode(value: Any) -> bytes:  # noqa: ANN401 - as above
    """Return the canonical encoding of parsed JSON.

    Raises:
        ValueError: Text has a lone surrogate, or a number is infinite.
        RecursionError: It is nested too deeply.
    """
    return _text(value).encode("utf-8")


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, as contracts, plans and releases are named."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _text(value: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{encode_basestring(key)}:{_text(value[key])}" for key in _ordered(value)]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return _number(value) if isinstance(value, float) else str(value)


def _ordered(keys: Iterable[str]) -> list[str]:
    """Return keys in the order of their UTF-16 code units (RFC 8785, section 3.2.3)."""
    known = list(keys)
    return sorted(known) if "".join(known).isascii() else sorted(known, key=lambda key: key.encode("utf-16-be"))


def _number(value: float) -> str:
    """Write a double as ECMA-262 does: the shortest digits that read back as it."""
    if not math.isfinite(value):
        raise ValueError
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    shown = "".join(map(str, digits))
    point = len(shown) + int(exponent)
    if len(shown) <= point <= _POSITIONAL:
        plain = shown + "0" * (point - len(shown))
    elif 0 < point <= _POSITIONAL:
        plain = f"{shown[:point]}.{shown[point:]}"
    elif _SMALL < point <= 0:
        plain = "0." + "0" * -point + shown
    else:
        plain = f"{shown[0]}{'.' * (len(shown) > 1)}{shown[1:]}e{point - 1:+d}"
    return "-" * (sign and value != 0) + plain


def _whole(text: str) -> int | float:
    """Read digits; beyond the exact range of doubles they stand for a double."""
    value = int(text)
    return value if abs(value) < _EXACT else float(text)


def _refuse(_constant: str) -> None:
    """Refuse NaN and Infinity, which Python's parser takes."""
    raise ValueError
