"""Sealed files: a passphrase becomes a key (scrypt), and the content is encrypted piece by piece (AES-256-GCM).

Pieces are numbered and the last one is marked, as in the STREAM construction and in age, so that none can be left out, moved or cut off.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from stillroom.errors import Code, Unverified

if TYPE_CHECKING:
    from typing import BinaryIO

    from _typeshed import ReadableBuffer

MAGIC = b"stillroom/backup/v1\n"
SALT = 16
PIECE = 1 << 20
_TAG = 16
_COST, _BLOCK, _PARALLEL = 2**17, 8, 1
"""Parameters of scrypt: 128 MB of memory for each guess."""


class SealedWriter(io.RawIOBase):
    """Encrypts what is written to it, and is only whole once it is closed."""

    def __init__(self, file: BinaryIO, passphrase: str, salt: bytes) -> None:
        """Write the beginning.

        Args:
            file: Where to.
            passphrase: What opens it again.
            salt: New random bytes, as many as `SALT`.
        """
        super().__init__()
        self._file, self._pieces, self._head = file, 0, MAGIC + salt
        self._cipher, self._waiting = _cipher(passphrase, salt), bytearray()
        file.write(self._head)

    def writable(self) -> bool:
        """Say so."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Take bytes."""
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return memoryview(data).nbytes

    def end(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._pieces, last=last), piece, self._head))
        self._pieces += 1


class SealedReader(io.RawIOBase):
    """Decrypts a sealed file; a byte is only handed out once its piece has proved genuine."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        """Read the beginning.

        Raises:
            Unverified: `BACKUP_INVALID` if it is no backup.
        """
        super().__init__()
        self._file, self._pieces, self._head = file, 0, file.read(len(MAGIC) + SALT)
        if len(self._head) != len(MAGIC) + SALT or not self._head.startswith(MAGIC):
            raise broken("The file is no backup of a room")
        self._cipher, self._ready, self._over = _cipher(passphrase, self._head[len(MAGIC) :]), bytearray(), False
        self._next = file.read(PIECE + _TAG)

    def readable(self) -> bool:
        """Say so."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes, as many as are asked for unless the file ends.

        Raises:
            Unverified: `BACKUP_INVALID` if the passphrase is another one, or the file was altered or cut off.
        """
        while not self._over and (size < 0 or len(self._ready) < size):
            self._take()
        found = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(found)]
        return found

    def _take(self) -> None:
        piece, self._next = self._next, self._file.read(PIECE + _TAG)
        last = not self._next
        try:
            self._ready += self._cipher.decrypt(_nonce(self._pieces, last=last), piece, self._head)
        except (InvalidTag, ValueError):
            raise broken("The passphrase is another one, or the backup was altered or cut off") from None
        self._pieces, self._over = self._pieces + 1, last


def broken(reason: str) -> Unverified:
    """Return what is said about a file that is no whole backup."""
    return Unverified(Code.BACKUP_INVALID, f"{reason}. Nothing was restored.", "Check the passphrase, or take another copy of the file.")


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=_PARALLEL).derive(passphrase.encode()))


def _nonce(piece: int, *, last: bool) -> bytes:
    return piece.to_bytes(11, "big") + bytes([last])
