"""Canonical bytes and digests of values (RFC 8785, SHA-256)."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from stillroom.crypto.canonical import canonical, digest
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.model.value import Value

V = TypeVar("V", bound=Value)


def encode(value: Value) -> bytes:
    """Return the one canonical encoding of a value."""
    return canonical(value.to_json())


def digest_of(value: Value) -> str:
    """Return the digest that names a value, as `sha256:…`."""
    return digest(encode(value))


def decode(payload: bytes, kind: type[V]) -> V:
    """Read a value from its canonical bytes, and from no others.

    Raises:
        Unverified: `ENVELOPE_INVALID` if they are not the encoding of such a value.
    """
    try:
        value = kind.model_validate_json(payload)
        if encode(value) == payload:
            return value
    except (ValidationError, InvalidInput):
        pass
    raise Unverified(
        Code.ENVELOPE_INVALID,
        "What a signed envelope holds is not what its type says.",
        "Ask for the file again, and pass it on byte for byte.",
    )
