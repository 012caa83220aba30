"""Values in signed envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from stillroom.crypto.envelope import open_envelope, seal
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.model import codec
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


def decode(payload: bytes, kind: type[V]) -> V:
    """Read a value from its canonical bytes, and from no others.

    Raises:
        Unverified: `ENVELOPE_INVALID` if they are not the encoding of such a value.
    """
    try:
        value = kind.model_validate_json(payload)
        if codec.encode(value) == payload:
            return value
    except (ValidationError, InvalidInput):
        pass
    raise Unverified(
        Code.ENVELOPE_INVALID,
        "What a signed envelope holds is not what its type says.",
        "Ask for the file again, and pass it on byte for byte.",
    )
