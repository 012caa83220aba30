"""Checkpoints: heads of logs (c2sp.org/tlog-checkpoint) in signed notes (c2sp.org/signed-note), cosigned (c2sp.org/tlog-cosignature)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.verification.envelope import unbase64
from stillroom.client.verification.outcome import Broken, require
from stillroom.client.verification.tree import HASH_SIZE

if TYPE_CHECKING:
    from stillroom.client.verification.signature import Key

_NOTE = re.compile(r"((?:[^\n]+\n)+)\n((?:— [^\n]+\n)+)")
_HEAD = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]+)\n")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_ED25519, _COSIGNATURE = b"\x01", b"\x04"
_KEY_ID, _TIME = 4, 8


class Line(NamedTuple):
    """A signature line: who says to have signed, with which key, and the signature."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head, and who says to have signed it.

    Attributes:
        origin: The log's name.
        size: Number of entries.
        root: Root of their tree.
        text: What is signed.
        lines: The signature lines.
    """

    origin: str
    size: int
    root: bytes
    text: str
    lines: tuple[Line, ...]

    def signed_by(self, name: str, key: Key) -> bool:
        """Tell whether a key has signed under a name.

        Raises:
            Broken: There is a line of this key under this name, and its signature does not hold.
        """
        signature = self._signature(name, key, _ED25519)
        if signature is not None:
            require(key.signed(signature, self.text.encode()), f"the signature of {name} on the checkpoint does not hold")
        return signature is not None

    def cosigned_by(self, name: str, key: Key) -> bool:
        """Tell whether a key has cosigned under a name, which takes a time: eight bytes before the signature, and in what is signed.

        Raises:
            Broken: There is a line of this key under this name, and it does not hold.
        """
        signature = self._signature(name, key, _COSIGNATURE)
        if signature is not None:
            time = int.from_bytes(signature[:_TIME], "big")
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            holds = 0 < time < 2**63 and key.signed(signature[_TIME:], message)
            require(holds, f"the cosignature of {name} on the checkpoint of {self.size} entries does not hold")
        return signature is not None

    def _signature(self, name: str, key: Key, kind: bytes) -> bytes | None:
        """Return the signature of a key, if there is a line of it under this name and of this type."""
        key_id = hashlib.sha256(name.encode() + b"\n" + kind + key.raw).digest()[:_KEY_ID]
        return next((line.signature for line in self.lines if (line.name, line.key_id) == (name, key_id)), None)


def read_checkpoint(note: str) -> Checkpoint:
    """Read a signed note of a checkpoint: three lines, an empty line, and one line for each signature.

    Raises:
        Broken: It is not one.
    """
    parts = _NOTE.fullmatch(note)
    head = _HEAD.fullmatch(parts[1]) if parts else None
    if parts is None or head is None or not note.replace("\n", "").isprintable():
        raise Broken("the checkpoint is not a signed note of an origin, a size and a root")
    lines = tuple(_line(line) for line in parts[2].removesuffix("\n").split("\n"))
    require(len({line[:2] for line in lines}) == len(lines), "the checkpoint has two signatures of one key")
    root = unbase64(head[3], "the checkpoint")
    require(len(root) == HASH_SIZE, "the checkpoint's root is not a SHA-256 hash")
    return Checkpoint(head[1], int(head[2]), root, parts[1], lines)


def _line(text: str) -> Line:
    match = _LINE.fullmatch(text)
    value = unbase64(match[2], "a signature line of the checkpoint") if match else b""
    if match is None or len(value) <= _KEY_ID:
        raise Broken("the checkpoint has a line that is not a signature")
    return Line(match[1], value[:_KEY_ID], value[_KEY_ID:])
