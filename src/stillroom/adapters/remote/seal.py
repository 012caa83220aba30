"""Sealing the key of what is brought to one run: HPKE (RFC 9180) with X25519, HKDF-SHA256 and AES-256-GCM, bound to what it is for."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, Unverified

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class RunKey:
    """A key that one run makes for what is brought to it, and forgets."""

    def __init__(self) -> None:
        """Make a new key."""
        self._key = X25519PrivateKey.generate()

    @property
    def public(self) -> str:
        """The public key, in base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode("ascii")

    def open(self, sealed: str, about: Mapping[str, str]) -> bytes:
        """Return what was sealed to this key.

        Raises:
            Unverified: `ENVELOPE_INVALID` if it was sealed to another key, or about something else.
        """
        try:
            return _SUITE.decrypt(base64.b64decode(sealed, validate=True), self._key, info=canonical(dict(about)))
        except (ValueError, InvalidTag):
            raise Unverified(Code.ENVELOPE_INVALID, "What was brought is sealed to another run.", "Ask again.") from None


def seal(secret: bytes, key: str, about: Mapping[str, str]) -> str:
    """Return a secret that only the holder of a public key can open, who has to know what it is about.

    Raises:
        Unverified: `ENVELOPE_INVALID` if that is no public key, or one of those with which anybody could open it.
    """
    try:
        public = X25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        sealed = _SUITE.encrypt(secret, public, info=canonical(dict(about)))
    except ValueError:
        raise Unverified(Code.ENVELOPE_INVALID, "The run's key is none to seal anything to.", "Ask the room's operator.") from None
    return base64.b64encode(sealed).decode("ascii")
