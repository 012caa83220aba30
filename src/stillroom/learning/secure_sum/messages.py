"""What members sign in a round. Each message names the session, and the type of its envelope names the stage.

The long part of a round, the masked words, is not in an envelope: it travels as bytes beside its signed header (`MaskedVector`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple, TypeVar

from pydantic import Field

from stillroom.crypto.envelope import open_envelope, seal
from stillroom.errors import Code, Unverified
from stillroom.model import codec
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.crypto.keys import SigningKey
    from stillroom.learning.secure_sum.session import Session

PublicText = Annotated[str, Field(pattern=r"^x25519:[A-Za-z0-9_-]{43}$")]
ShareText = Annotated[str, Field(pattern=r"^[0-9a-f]{70}$")]


class Message(Value):
    """What every message says.

    Attributes:
        media_type: DSSE payload type of its envelope, of which each stage has its own.
        session: Digest of the session.
        sender: Who signs it.
    """

    media_type: ClassVar[str]
    session: Digest
    sender: Name


class Advertisement(Message):
    """Stage 0: the two keys of a member, made for this session.

    Attributes:
        masking: The key that masks with each peer are agreed on with.
        sealing: The key that shares are sealed to.
    """

    media_type: ClassVar[str] = "application/vnd.stillroom.round-advertisement.v1+json"
    masking: PublicText
    sealing: PublicText


class Parcel(Message):
    """Stage 1: a member's shares for one peer, sealed to it.

    Attributes:
        recipient: Who can open it.
        roster: Digest of all advertisements that the sender was given.
        sealed: The sealed shares, in base64.
    """

    media_type: ClassVar[str] = "application/vnd.stillroom.round-parcel.v1+json"
    recipient: Name
    roster: Digest
    sealed: Annotated[str, Field(max_length=200)]


class Header(Message):
    """Stage 2: what masked words are.

    Attributes:
        roster: Digest of all advertisements that the sender was given.
        peers: Whose masks are in it: all that have shared, the sender too, by name.
        length: Coordinates.
        words: Digest of the words' bytes, each little-endian.
        commitment: What the sender's own mask is known by, in hex (`masks.commitment`).
    """

    media_type: ClassVar[str] = "application/vnd.stillroom.round-header.v1+json"
    roster: Digest
    peers: tuple[Name, ...]
    length: int
    words: Digest
    commitment: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Confirmation(Message):
    """Stage 3: a member's word that this is the active set, to which it will hold.

    Attributes:
        roster: Digest of all advertisements that the sender was given.
        active: Digest of the active set (`lists.ActiveSet`): whose vectors are in the sum, and the digest of each one's header.
    """

    media_type: ClassVar[str] = "application/vnd.stillroom.round-confirmation.v1+json"
    roster: Digest
    active: Digest


class Reveal(Message):
    """Stage 4: one share for each peer, in hex.

    Attributes:
        roster: Digest of all advertisements that the sender was given.
        active: Digest of the active set that it is for.
        own_masks: Shares of the own masks of those in the active set.
        masking_keys: Shares of the masking keys of those that have shared, and are not in it.
    """

    media_type: ClassVar[str] = "application/vnd.stillroom.round-reveal.v1+json"
    roster: Digest
    active: Digest
    own_masks: dict[Name, ShareText]
    masking_keys: dict[Name, ShareText]


class MaskedVector(NamedTuple):
    """Stage 2, as it travels.

    Attributes:
        header: The signed `Header`.
        words: The masked words, each little-endian.
    """

    header: bytes
    words: bytes


M = TypeVar("M", bound=Message)


def sign(message: Message, key: SigningKey) -> bytes:
    """Return a message in an envelope that its sender has signed."""
    return seal(message.media_type, codec.encode(message), [key])


def read(envelope: bytes, kind: type[M], session: Session, sender: str) -> M:
    """Return the message of a stage that a member has signed for a session.

    Raises:
        Unverified: `ENVELOPE_INVALID` if it is none of this stage, `SIGNATURE_MISSING` or `SIGNATURE_INVALID` if the member has not signed
            it, `ROUND_INVALID` if the sender is no member, or has signed it for another session, or in another's name.
    """
    key = session.keys.get(sender)
    if key is None:
        raise wrong("Somebody who is no member of the round has sent something.")
    message = codec.decode(open_envelope(envelope, kind.media_type, {sender: key}), kind)
    if message.session != session.digest or message.sender != sender:
        raise wrong(f"A message of {sender} is of another round, run or contract, or in another party's name.")
    return message


def wrong(reason: str) -> Unverified:
    """Return the error for a message that the protocol does not allow."""
    return Unverified(Code.ROUND_INVALID, reason, "Begin another round; keep what was signed, and ask whoever signed it.")
