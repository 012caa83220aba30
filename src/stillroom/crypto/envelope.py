"""Signed envelopes: DSSE v1 (github.com/secure-systems-lab/dsse, protocol.md and envelope.md).

The library makes and reads the envelope and its pre-authentication encoding. What is added here is strictness: an envelope is canonical
JSON with standard base64 and its signatures in the order of their key ids, so that the same signatures always make the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signature  # type: ignore[attr-defined]  # public, but exported without __all__

from stillroom.crypto.canonical import canonical, parse_canonical
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.crypto.keys import PublicKey, SigningKey


class _SignatureWire(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    keyid: str
    sig: str


class _EnvelopeWire(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    payload: str
    payload_type: str = Field(alias="payloadType")
    signatures: list[_SignatureWire] = Field(min_length=1)


def seal(payload_type: str, payload: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Return an envelope around a payload, signed by each key.

    Args:
        payload_type: The media type that says how to read the payload; signed with it.
        payload: Any bytes.
        keys: One or more keys; their order does not matter.

    Raises:
        InvalidInput: `SIGNATURE_MISSING` without a key.
    """
    if not keys:
        raise InvalidInput(Code.SIGNATURE_MISSING, "An envelope needs a signature.", "Sign with at least one key.")
    envelope = Envelope(payload, payload_type, {})
    for key in keys:
        _sign(envelope, key)
    return _encode(envelope)


def add_signature(data: bytes, key: SigningKey) -> bytes:
    """Return the envelope with one more signature; signing twice changes nothing.

    The other signatures are not checked: look at the payload first, since this signs it.

    Raises:
        Unverified: `ENVELOPE_INVALID` if the envelope is malformed.
    """
    envelope = _decode(data)
    _sign(envelope, key)
    return _encode(envelope)


def open_envelope(data: bytes, payload_type: str, trusted: Mapping[str, PublicKey], threshold: int | None = None) -> bytes:
    """Return the payload of an envelope that enough trusted keys have signed.

    Args:
        data: The envelope.
        payload_type: The only type that is accepted.
        trusted: Who may sign, by name. Signatures by anyone else are ignored, as DSSE asks.
        threshold: How many of them must have signed; all, if left out.

    Raises:
        Unverified: As `signers`, and `SIGNATURE_MISSING` when fewer have signed, or when the threshold cannot be met.
    """
    envelope = _decode_type(data, payload_type)
    signed = _signers(envelope, trusted)
    needed = len(trusted) if threshold is None else threshold
    if len(signed) < needed or needed < 1:
        missing = ", ".join(name for name in trusted if name not in signed)
        raise Unverified(
            Code.SIGNATURE_MISSING,
            f"{len(signed)} of {needed} signatures are there; missing: {missing or 'every trusted key'}.",
            "Ask them to sign, and use the envelope that they return.",
        )
    return envelope.payload


def signers(data: bytes, payload_type: str, trusted: Mapping[str, PublicKey]) -> tuple[str, ...]:
    """Return the names of those trusted keys that have signed, in the order given.

    Raises:
        Unverified: `ENVELOPE_INVALID` for an envelope that is malformed or of another type, `SIGNATURE_INVALID` for a signature that
            claims a trusted key and does not hold, `KEY_INVALID` when two names share one key.
    """
    return _signers(_decode_type(data, payload_type), trusted)


def unverified_payload(data: bytes, payload_type: str) -> bytes:
    """Return the payload without looking at any signature, to learn from it which keys to ask for.

    Raises:
        Unverified: `ENVELOPE_INVALID` if the envelope is malformed or of another type.
    """
    return _decode_type(data, payload_type).payload


def _signers(envelope: Envelope, trusted: Mapping[str, PublicKey]) -> tuple[str, ...]:
    if len(set(trusted.values())) < len(trusted):
        raise Unverified(Code.KEY_INVALID, "Two names share one key.", "Give every signer a key of its own.")
    names = []
    for name, key in trusted.items():
        signature = envelope.signatures.get(key.id)
        if signature is not None:
            key.verify(bytes.fromhex(signature.signature), envelope.pae())
            names.append(name)
    return tuple(names)


def _sign(envelope: Envelope, key: SigningKey) -> None:
    keyid = key.public.id
    envelope.signatures[keyid] = Signature(keyid, key.sign(envelope.pae()).hex())


def _encode(envelope: Envelope) -> bytes:
    document = envelope.to_dict()
    document["signatures"].sort(key=lambda signature: signature["keyid"])
    return canonical(document)


def _decode_type(data: bytes, payload_type: str) -> Envelope:
    envelope = _decode(data)
    if envelope.payload_type != payload_type:
        raise _malformed(f"it is not of the type {payload_type}")
    return envelope


def _decode(data: bytes) -> Envelope:
    """Read an envelope that is spelled as `_encode` spells it.

    The library takes either base64 alphabet and any order and refuses duplicate key ids; spelling the result again catches the rest.
    """
    try:
        wire = _EnvelopeWire.model_validate(parse_canonical(data))
        envelope = Envelope.from_dict(wire.model_dump(by_alias=True))
    except (InvalidInput, ValidationError, ValueError):
        raise _malformed("it is not a DSSE envelope in canonical JSON, or has two signatures of one key") from None
    if _encode(envelope) != data:
        raise _malformed("its base64 or the order of its signatures is not canonical")
    return envelope


def _malformed(why: str) -> Unverified:
    return Unverified(
        Code.ENVELOPE_INVALID,
        f"A signed envelope cannot be read: {why}.",
        "Ask for the file again, and pass it on byte for byte.",
    )
