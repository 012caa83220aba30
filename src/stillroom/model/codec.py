"""Canonical bytes and digests of values (RFC 8785, SHA-256)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import canonical, digest

if TYPE_CHECKING:
    from stillroom.model.value import Value


def encode(value: Value) -> bytes:
    """Return the one canonical encoding of a value."""
    return canonical(value.to_json())


def digest_of(value: Value) -> str:
    """Return the digest that names a value, as `sha256:…`."""
    return digest(encode(value))
