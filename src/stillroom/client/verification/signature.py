"""Ed25519 keys and signatures (RFC 8032)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stillroom.client.verification.outcome import Broken

_TEXT = re.compile(r"ed25519:([A-Za-z0-9_-]{43})")
_FIELD = 2**255 - 19
_ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_WEAK = frozenset({0, 1, _FIELD - 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})
"""The y of all points of small order: under such a key, signatures can be made without a secret."""


class Key(NamedTuple):
    """A public key.

    Attributes:
        raw: Its 32 bytes.
        text: As contracts and releases write it.
    """

    raw: bytes
    text: str

    @property
    def id(self) -> str:
        """The name by which envelopes refer to it."""
        return "sha256:" + hashlib.sha256(self.raw).hexdigest()

    def signed(self, signature: bytes, data: bytes) -> bool:
        """Tell whether this key signed the data."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except InvalidSignature:
            return False
        return True


def read_key(text: str, whose: str) -> Key:
    """Read a public key from its text.

    Raises:
        Broken: It is not one, or it is spelled in an unusual way.
    """
    match = _TEXT.fullmatch(text)
    raw = base64.urlsafe_b64decode(match[1] + "=") if match else b""
    y = int.from_bytes(raw, "little") % 2**255
    if match is None or base64.urlsafe_b64encode(raw).rstrip(b"=") != match[1].encode() or y >= _FIELD or y in _WEAK:
        raise Broken(f"the key of {whose} is not an Ed25519 public key")
    return Key(raw, text)
