"""Ed25519 keys (RFC 8032): who signed what."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from typing import Self

SEED_SIZE = 32
"""Bytes of the secret that makes a signing key (RFC 8032, section 5.1.5)."""

_TEXT = re.compile(r"ed25519:([A-Za-z0-9_-]{43})")
_PRIME = 2**255 - 19
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    },
)
"""The y of every point whose order divides 8. Under such a key anybody can make signatures, without any secret."""


@dataclass(frozen=True, slots=True, repr=False)
class PublicKey:
    """A public key.

    Attributes:
        raw: The 32 bytes of RFC 8032, section 5.1.2. They must be a reduced encoding, and not of a point of small order.
    """

    raw: bytes

    def __post_init__(self) -> None:
        """Refuse bytes that cannot stand for one signer."""
        y = int.from_bytes(self.raw, "little") & (2**255 - 1)
        if len(self.raw) != SEED_SIZE or y >= _PRIME or y in _SMALL_ORDER:
            raise _malformed()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form, `ed25519:` and 43 characters of unpadded base64url (RFC 4648, section 5).

        Raises:
            InvalidInput: `KEY_INVALID` for any other spelling, and for bytes that are no usable key.
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
        return "ed25519:" + base64.urlsafe_b64encode(self.raw).decode("ascii").rstrip("=")

    @property
    def id(self) -> str:
        """The digest of the raw bytes, by which envelopes name the key."""
        return digest(self.raw)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Accept a signature over data, or raise.

        Raises:
            Unverified: `SIGNATURE_INVALID` if this key did not make it.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except InvalidSignature:
            raise Unverified(
                Code.SIGNATURE_INVALID,
                f"A signature said to be by the key {self.text} does not hold.",
                "Ask the signer for the file again, and compare the key with them in person.",
            ) from None

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"PublicKey.parse({self.text!r})"


class SigningKey:
    """A secret key. Nothing that it prints shows the secret, and it cannot be pickled.

    Attributes:
        public: Its public key.
    """

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Hold a key of the library; use `from_seed`."""
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Make the key of 32 secret bytes, which must come from the Entropy port.

        Raises:
            InvalidInput: `KEY_INVALID` if there are not exactly 32.
        """
        if len(seed) != SEED_SIZE:
            raise InvalidInput(Code.KEY_INVALID, "A signing key is made of exactly 32 secret bytes.", "Restore the key file from a backup.")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature. Signing is deterministic (RFC 8032, section 5.1.6)."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        return f"<SigningKey of {self.public}>"


def _malformed() -> InvalidInput:
    return InvalidInput(
        Code.KEY_INVALID,
        "Something is not an Ed25519 public key.",
        "Write it as `ed25519:` and 43 characters, just as its owner's home shows it.",
    )
