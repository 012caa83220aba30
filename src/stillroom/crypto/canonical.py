"""Canonical JSON (RFC 8785) and the digests that name it."""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, TypeAlias

import rfc8785

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""Plain JSON data: lists or tuples, and dicts with text keys."""

_EXACT = 2**53
"""Whole numbers below this are exact as doubles, and RFC 8785 writes them as they are."""


def canonical(data: Json) -> bytes:
    """Return the one canonical encoding of JSON data (RFC 8785).

    Raises:
        InvalidInput: `JSON_INVALID` for whole numbers beyond ±(2**53 - 1), NaN, infinities, lone surrogates, keys that are not text,
            anything that is not JSON, and nesting beyond what can be walked.
    """
    try:
        return _text(data).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            Code.JSON_INVALID,
            "Something has no canonical JSON encoding.",
            "Use text, lists, objects, finite numbers and whole numbers up to 2**53 - 1; write larger ones as text.",
        ) from None


def _text(data: Any) -> str:  # noqa: ANN401 - what is not JSON is found out here
    """Write JSON data: containers and text here, as the library takes long over large tables, and all else by the library.

    Section 3.2.2.2 escapes text as Python's encoder does; 3.2.3 orders keys by their UTF-16 code units, which for ASCII is their order.
    """
    if isinstance(data, str):
        return encode_basestring(data)
    if data is None:
        return "null"
    if isinstance(data, dict):
        ordered = sorted(data) if "".join(data).isascii() else sorted(data, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join([f"{encode_basestring(key)}:{_text(data[key])}" for key in ordered]) + "}"
    if isinstance(data, list | tuple):
        return "[" + ",".join(map(_text, data)) + "]"
    if isinstance(data, bool):
        return "true" if data else "false"
    return rfc8785.dumps(data).decode("utf-8")


def parse_canonical(data: bytes) -> Json:
    """Read canonical JSON, and nothing but canonical JSON.

    The bytes must equal the canonical encoding of what they say, which leaves no room for duplicate keys, white space, other spellings of
    numbers or text, another order of keys, NaN, or bytes behind the end.

    Raises:
        InvalidInput: `JSON_INVALID` if they do not.
    """
    try:
        document: Json = json.loads(data.decode("utf-8"), parse_int=_whole)
        if canonical(document) == data:
            return document
    except (ValueError, RecursionError, InvalidInput):
        pass
    raise InvalidInput(
        Code.JSON_INVALID,
        "Something is not canonical JSON (RFC 8785).",
        "Use the file as it was written; a file that was edited or set anew by another program no longer counts.",
    )


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(data: Json) -> str:
    """Return the digest of the canonical encoding of JSON data.

    Raises:
        InvalidInput: As `canonical`.
    """
    return digest(canonical(data))


def _whole(text: str) -> int | float:
    """Read digits as RFC 8785 means them: beyond the exact range they spell a double."""
    value = int(text)
    return value if abs(value) < _EXACT else float(text)
