"""A long stream of bytes out of a short key: ChaCha20 (RFC 8439, section 2.4)."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from stillroom.errors import Code, InvalidInput

KEYSTREAM_KEY_SIZE = 32
"""Bytes of a key."""

LONGEST_STREAM = 2**38
"""So many bytes have blocks with numbers of their own: 2³² blocks of 64 bytes."""

_ZERO = bytes(16)


def keystream(key: bytes, size: int) -> bytes:
    """Return the first `size` bytes of the stream of a key.

    The nonce, and the number of the first block, are zero. A nonce keeps two streams under one key apart; here a key has one stream only,
    because every key is derived for one use and named by it (`stillroom.crypto.exchange.derive`: its `info` says who, with whom, for what,
    in which round). Then a nonce has nothing left to tell apart, and nobody has to keep count of it.

    Raises:
        InvalidInput: `KEY_INVALID` if the key does not have 256 bits, or the stream would be so long that it repeats itself.
    """
    if len(key) != KEYSTREAM_KEY_SIZE or not 0 <= size <= LONGEST_STREAM:
        raise InvalidInput(
            Code.KEY_INVALID,
            "A stream of bytes needs a key of exactly 32 bytes, and has 2³⁸ bytes at most.",
            "Derive a key of 32 bytes for each use.",
        )
    return Cipher(ChaCha20(key, _ZERO), mode=None).encryptor().update(bytes(size))
