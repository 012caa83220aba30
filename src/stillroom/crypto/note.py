"""Checkpoints of a log: C2SP tlog-checkpoint in a C2SP signed note (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note).

A note is three lines of text, an empty line, and one line for each signature:

    origin
    number of entries
    root, base64

    — name base64(key id || signature)

A log signs with Ed25519 (type 0x01); what witnesses add is in `stillroom.crypto.cosignature`. Signatures by unknown keys are ignored, as
the specification asks. Extension lines, which it does not recommend, are refused.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stillroom.crypto.merkle import HASH_SIZE
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stillroom.crypto.keys import PublicKey, SigningKey

ED25519 = b"\x01"
"""The type of plain signatures."""

SIGNATURES_LIMIT = 100
"""The most signatures of a note that is read."""

NOTE_LIMIT = 2**16
"""The most bytes of a note that is read."""

SIZE_LIMIT = 2**53 - 1
"""The most entries of a log: the largest whole number that canonical JSON says exactly."""

_KEY_ID_SIZE = 4
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log.

    Attributes:
        origin: The name that is unique to the log.
        size: Number of entries, at most `SIZE_LIMIT`.
        root: Root of the Merkle tree of the entries.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what three lines cannot say."""
        if not (self.origin and self.origin.isprintable()) or not 0 <= self.size <= SIZE_LIMIT or len(self.root) != HASH_SIZE:
            raise InvalidInput(
                Code.CHECKPOINT_INVALID,
                "A checkpoint needs an origin on one line, a size and a root of 32 bytes.",
                "Name the log by printable characters.",
            )

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


class Signature(NamedTuple):
    """A signature line: a name, four bytes that with it say which key, and the signature."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line, with its end."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.value).decode('ascii')}\n"


def sign_checkpoint(checkpoint: Checkpoint, name: str, key: SigningKey) -> bytes:
    """Return the signed note of a checkpoint.

    Args:
        checkpoint: The head of the log.
        name: The signer's name in the signature line; for the log itself, its origin.
        key: The signer's key.

    Raises:
        InvalidInput: `CHECKPOINT_INVALID` if the name is empty or has a space or a plus sign.
    """
    check_name(name)
    return join(checkpoint.text, (Signature(name, key_id(name, key.public), key.sign(checkpoint.text.encode())),))


def open_checkpoint(note: bytes, origin: str, trusted: Mapping[str, PublicKey], required: Collection[str] | None = None) -> Checkpoint:
    """Return the checkpoint of a note that the required keys have signed.

    Args:
        note: The signed note.
        origin: The only log that is accepted.
        trusted: Keys whose signatures must hold where they appear, by name.
        required: Those of them that must have signed; all, if left out.

    Raises:
        Unverified: `CHECKPOINT_INVALID` if the note is malformed, or of another log; `SIGNATURE_INVALID` for a signature that claims a
            trusted key and does not hold; `SIGNATURE_MISSING` for a required one that is missing, or when none is required.
    """
    text, signatures = split(note)
    signed = _signers(text, signatures, trusted)
    needed = trusted.keys() if required is None else required
    missing = ", ".join(name for name in needed if name not in signed)
    if missing or not needed:
        raise Unverified(
            Code.SIGNATURE_MISSING,
            f"A checkpoint lacks signatures; missing: {missing or 'every required key'}.",
            "Ask the room and its witnesses for a checkpoint that they have signed.",
        )
    checkpoint = _parse(text)
    if checkpoint.origin != origin:
        raise _malformed(f"it is not of the log {origin}")
    return checkpoint


def read_checkpoint(note: bytes) -> Checkpoint:
    """Return the checkpoint of a note, without a look at who has signed it.

    Raises:
        Unverified: `CHECKPOINT_INVALID` if the note is malformed.
    """
    return _parse(split(note)[0])


def key_id(name: str, key: PublicKey, kind: bytes = ED25519) -> bytes:
    """Return the four bytes that, with the name, say which key signed, and in which way."""
    return hashlib.sha256(name.encode() + b"\n" + kind + key.raw).digest()[:_KEY_ID_SIZE]


def check_name(name: str) -> None:
    """Accept the name of a signer.

    Raises:
        InvalidInput: `CHECKPOINT_INVALID` if it is empty or has a space or a plus sign.
    """
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise InvalidInput(
            Code.CHECKPOINT_INVALID,
            "The name of a signer of checkpoints has a space or a plus sign, or is empty.",
            "Use a name like a web address without its scheme, such as example.com/room.",
        )


def split(note: bytes) -> tuple[str, tuple[Signature, ...]]:
    """Return the text of a note and its signatures, none of them verified.

    Raises:
        Unverified: `CHECKPOINT_INVALID` if it is spelled in any other way than `join` spells it, two signatures are of one key, or it is
            longer than any note has to be.
    """
    if len(note) > NOTE_LIMIT:
        raise _malformed(f"it has more than {NOTE_LIMIT} bytes")
    try:
        decoded = note.decode("utf-8")
        head, _, tail = decoded.rpartition("\n\n")
        signatures = tuple(_parse_line(line) for line in tail.removesuffix("\n").split("\n"))
    except ValueError:
        raise _malformed("it is not text with signature lines") from None
    text = head + "\n"
    if join(text, signatures) != note or _CONTROL.search(decoded):
        raise _malformed("it is not spelled as it should be")
    keys = {(signature.name, signature.key_id) for signature in signatures}
    if len(keys) < len(signatures) or len(signatures) > SIGNATURES_LIMIT:
        raise _malformed("it has too many signatures, or two of one key")
    return text, signatures


def join(text: str, signatures: Iterable[Signature]) -> bytes:
    """Return the note of a text and signatures of it."""
    return (text + "\n" + "".join(signature.line for signature in signatures)).encode()


def _signers(text: str, signatures: tuple[Signature, ...], trusted: Mapping[str, PublicKey]) -> tuple[str, ...]:
    values = {(signature.name, signature.key_id): signature.value for signature in signatures}
    names = []
    for name, key in trusted.items():
        value = values.get((name, key_id(name, key)))
        if value is not None:
            key.verify(value, text.encode())
            names.append(name)
    return tuple(names)


def _parse_line(line: str) -> Signature:
    """Read a signature line; a ValueError says that it is none."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError
    value = base64.b64decode(match[2], validate=True)
    if len(value) <= _KEY_ID_SIZE:
        raise ValueError
    return Signature(match[1], value[:_KEY_ID_SIZE], value[_KEY_ID_SIZE:])


def _parse(text: str) -> Checkpoint:
    try:
        origin, size, root, end = text.split("\n")
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except (ValueError, InvalidInput):
        raise _malformed("it is not an origin, a size and a root") from None
    if end or checkpoint.text != text:
        raise _malformed("it is not spelled as it should be")
    return checkpoint


def _malformed(why: str) -> Unverified:
    return Unverified(
        Code.CHECKPOINT_INVALID,
        f"A checkpoint cannot be accepted: {why}.",
        "Ask the room for the checkpoint again, and pass it on byte for byte.",
    )
