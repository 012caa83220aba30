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

_LITERALS = frozenset({str, bool, type(None)})
_TABLE = 3
"""A table is rows of cells of texts."""

_written_alike = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode


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
    """Write JSON data: the library writes other numbers, and refuses what is none; it would take long over the rest of a large table.

    Section 3.2.2.2 of RFC 8785 escapes text as Python's encoder does; 3.2.3 orders keys by their UTF-16 code units.
    """
    if isinstance(data, str):
        return encode_basestring(data)
    if type(data) is int and -_EXACT < data < _EXACT:
        return str(data)
    if isinstance(data, dict):
        ordered = sorted(data) if "".join(data).isascii() else sorted(data, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join([f"{encode_basestring(key)}:{_text(data[key])}" for key in ordered]) + "}"
    if isinstance(data, list | tuple):
        return _written_alike(data) if _is_written_alike(data, _TABLE) else "[" + ",".join(map(_text, data)) + "]"
    return rfc8785.dumps(data).decode("utf-8")


def _is_written_alike(data: object, depth: int) -> bool:
    """Tell whether Python's own encoder writes data canonically: no numbers, only ASCII in keys, and not nested deeper than this.

    As it looks no deeper, each part of a document is looked at that many times at most, however deeply it is nested.
    """
    if type(data) in _LITERALS:
        return True
    if isinstance(data, dict):
        return depth > 0 and "".join(data).isascii() and _LITERALS.issuperset(map(type, data.values()))
    return depth > 0 and isinstance(data, list | tuple) and all(_is_written_alike(part, depth - 1) for part in data)


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
