"""Keys that two parties agree on: X25519 (RFC 7748) and HKDF with SHA-256 (RFC 5869)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from typing import Self

KEY_SIZE = 32
"""Bytes of a key, secret or public (RFC 7748, section 5)."""

_TEXT = re.compile(r"x25519:([A-Za-z0-9_-]{43})")
_PRIME = 2**255 - 19


@dataclass(frozen=True, slots=True)
class PublicExchangeKey:
    """A public key to agree with.

    X25519 reads a key modulo 2²⁵⁵ - 19 and ignores the highest bit, so that several spellings are one key. Here each key has one
    spelling, the reduced one: two keys are equal if and only if their bytes are.

    Attributes:
        raw: The 32 bytes of the u-coordinate (RFC 7748, section 5), reduced.
    """

    raw: bytes

    def __post_init__(self) -> None:
        """Refuse bytes that are not the one spelling of a key."""
        if len(self.raw) != KEY_SIZE or int.from_bytes(self.raw, "little") >= _PRIME:
            raise _malformed()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form, `x25519:` and 43 characters of unpadded base64url (RFC 4648, section 5).

        Raises:
            InvalidInput: `KEY_INVALID` for any other spelling.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise _malformed()
        key = cls(base64.urlsafe_b64decode(match[1] + "="))
        if key.text != text:
            raise _malformed()
        return key

    @property
    def text(self) -> str:
        """The text form; `parse` reads it."""
        return "x25519:" + base64.urlsafe_b64encode(self.raw).decode("ascii").rstrip("=")


class ExchangeKey:
    """A secret key to agree with. Nothing that it prints shows the secret, and it cannot be pickled.

    Attributes:
        public: Its public key.
    """

    __slots__ = ("_key", "public")

    def __init__(self, key: X25519PrivateKey) -> None:
        """Hold a key of the library; use `from_bytes`."""
        self._key = key
        self.public = PublicExchangeKey(key.public_key().public_bytes_raw())

    @classmethod
    def from_bytes(cls, secret: bytes) -> Self:
        """Make the key of 32 secret bytes, which must come from the Entropy port.

        Raises:
            InvalidInput: `KEY_INVALID` if there are not exactly 32.
        """
        if len(secret) != KEY_SIZE:
            raise InvalidInput(Code.KEY_INVALID, "A key to agree with is made of exactly 32 secret bytes.", "Take 32 fresh random bytes.")
        return cls(X25519PrivateKey.from_private_bytes(secret))

    def agree(self, public: PublicExchangeKey) -> bytes:
        """Return the 32 bytes that both holders compute; they are no key yet, `derive` makes keys of them.

        Raises:
            Unverified: `KEY_INVALID` for a point of low order, with which anybody would know the result (RFC 7748, section 6.1).
        """
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(public.raw))
        except ValueError:
            raise Unverified(
                Code.KEY_INVALID,
                "With a key of low order, whatever is agreed on is known to everybody.",
                "Do not go on with whoever offers such a key.",
            ) from None

    def __repr__(self) -> str:
        return f"<ExchangeKey of {self.public.text}>"


def derive(secret: bytes, info: bytes, size: int) -> bytes:
    """Return `size` bytes for one purpose from a secret of 256 bits or what `agree` returned (HKDF-SHA256, without salt).

    Outputs for different `info` are independent for whoever does not know the secret (Krawczyk 2010, "Cryptographic Extraction and Key
    Derivation: The HKDF Scheme"; RFC 5869, section 3.2).

    Args:
        secret: What the bytes are made of.
        info: What they are for, in full: who, with whom, in which round.
        size: How many, 8,160 at most.
    """
    return HKDF(algorithm=SHA256(), length=size, salt=None, info=info).derive(secret)


def _malformed() -> InvalidInput:
    return InvalidInput(
        Code.KEY_INVALID,
        "Something is not an X25519 public key.",
        "Write it as `x25519:` and 43 characters, of the reduced coordinate.",
    )
