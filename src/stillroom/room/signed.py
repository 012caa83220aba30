"""Values in signed envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stillroom.crypto.envelope import open_envelope, seal
from stillroom.crypto.keys import PublicKey
from stillroom.model import codec
from stillroom.model.codec import decode
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.crypto.keys import SigningKey
    from stillroom.model.contract import Party

V = TypeVar("V", bound=Value)


def sign(value: Value, payload_type: str, key: SigningKey) -> bytes:
    """Return a value in an envelope that one key has signed."""
    return seal(payload_type, codec.encode(value), [key])


def open_signed(envelope: bytes, payload_type: str, party: Party, kind: type[V]) -> V:
    """Return the value that a party has signed.

    Raises:
        Unverified: `ENVELOPE_INVALID` or `SIGNATURE_INVALID`; `SIGNATURE_MISSING` if somebody else signed it.
    """
    return decode(open_envelope(envelope, payload_type, {party.name: PublicKey.parse(party.key)}), kind)
