"""Shares on their way to one peer: sealed by ChaCha20-Poly1305 (RFC 8439) under a key that only the two of them can derive.

Each key seals one parcel: it is derived for one sender, one recipient and one session. So the nonce can be zero (as in `keystream`). What
is sealed is also bound to both names, the session and the roster as associated data; the sender's signature is around it all, so that an
aggregator which spoils a parcel is told apart from a sender that sealed a bad one.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from stillroom.crypto.exchange import ExchangeKey, PublicExchangeKey, derive
from stillroom.errors import Unverified
from stillroom.learning.secure_sum.masks import info
from stillroom.learning.secure_sum.messages import Parcel, wrong
from stillroom.learning.shamir import SHARE_SIZE, Share

if TYPE_CHECKING:
    from stillroom.learning.secure_sum.roster import Roster

_KEY_SIZE = 32
_NONCE = bytes(12)


class Held(NamedTuple):
    """What a member holds of one peer.

    Attributes:
        own_mask: A share of the secret of the peer's own mask.
        masking_key: A share of the peer's masking key.
    """

    own_mask: Share
    masking_key: Share


def pack(roster: Roster, sender: str, key: ExchangeKey, recipient: str, held: Held) -> Parcel:
    """Return shares, sealed to a peer.

    Raises:
        Unverified: `KEY_INVALID` if the peer's key is of low order.
    """
    cipher = ChaCha20Poly1305(_key(roster, key, recipient, sender, recipient))
    sealed = cipher.encrypt(_NONCE, b"".join(one.to_bytes() for one in held), info("shares", roster, sender, recipient))
    text = base64.b64encode(sealed).decode("ascii")
    return Parcel(session=roster.session.digest, sender=sender, recipient=recipient, roster=roster.digest, sealed=text)


def unpack(roster: Roster, recipient: str, key: ExchangeKey, parcel: Parcel) -> Held:
    """Return the shares that a peer has sealed to a member.

    Raises:
        Unverified: `ROUND_INVALID` if it is for somebody else, of a sender that was told other advertisements, sealed otherwise, or if
            what it holds are not two shares for this member; `KEY_INVALID` if the peer's key is of low order.
    """
    sender = parcel.sender
    if parcel.recipient != recipient or parcel.roster != roster.digest:
        raise wrong(f"What {sender} has sealed is for another party, or {sender} was told of other keys.")
    cipher = ChaCha20Poly1305(_key(roster, key, sender, sender, recipient))
    try:
        opened = cipher.decrypt(_NONCE, base64.b64decode(parcel.sealed, validate=True), info("shares", roster, sender, recipient))
        held = Held(Share.from_bytes(opened[:SHARE_SIZE]), Share.from_bytes(opened[SHARE_SIZE:]))
    except (InvalidTag, binascii.Error, Unverified):
        raise wrong(f"What {sender} has sealed does not open, or holds no shares.") from None
    if {one.place for one in held} != {roster.session.places[recipient]}:
        raise wrong(f"What {sender} has sealed are shares for another party.")
    return held


def _key(roster: Roster, key: ExchangeKey, peer: str, sender: str, recipient: str) -> bytes:
    agreed = key.agree(PublicExchangeKey.parse(roster.advertisements[peer].sealing))
    return derive(agreed, info("shares", roster, sender, recipient), _KEY_SIZE)
