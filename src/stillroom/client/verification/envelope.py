"""DSSE envelopes (github.com/secure-systems-lab/dsse, protocol.md v1), read strictly."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from stillroom.client.verification.canonical import parse
from stillroom.client.verification.outcome import Broken, expect, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.client.verification.signature import Key


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and signatures over it, not yet verified.

    Attributes:
        payload_type: How to read the payload.
        payload: The bytes that are signed, together with their type.
        signatures: By the id of the key.
    """

    payload_type: str
    payload: bytes
    signatures: Mapping[str, bytes]

    def verify(self, key: Key, whose: str) -> None:
        """Accept the signature of a key.

        Raises:
            Broken: It is missing, or does not hold.
        """
        signature = self.signatures.get(key.id)
        if signature is None:
            raise Broken(f"{whose} has not signed: got signatures by {', '.join(self.signatures)}, expected one by {key.id}")
        require(key.signed(signature, pae(self.payload_type, self.payload)), f"the signature of {whose} ({key.text}) does not hold")


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def read_envelope(data: bytes, payload_type: str, what: str) -> Envelope:
    """Read an envelope: canonical JSON, plain base64, one signature a key, in the order of the keys' ids.

    Raises:
        Broken: It is not one, or holds something of another type.
    """
    document = parse(data, what)
    _shaped(document, {"payload": str, "payloadType": str, "signatures": list}, what)
    for signature in document["signatures"]:
        _shaped(signature, {"keyid": str, "sig": str}, f"a signature of {what}")
    names = [signature["keyid"] for signature in document["signatures"]]
    require(bool(names) and all(a < b for a, b in pairwise(names)), f"{what} must have signatures, one a key, in the order of key ids")
    expect(f"the type of {what}", document["payloadType"], payload_type)
    signatures = {one["keyid"]: unbase64(one["sig"], what) for one in document["signatures"]}
    return Envelope(document["payloadType"], unbase64(document["payload"], what), signatures)


def unbase64(text: str, what: str) -> bytes:
    """Decode base64 (RFC 4648, section 4), spelled in the one usual way.

    Raises:
        Broken: It is not.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if base64.b64encode(data).decode("ascii") != text:
        raise Broken(f"{what} has something that is not base64")
    return data


def _shaped(value: Any, fields: dict[str, type], what: str) -> None:  # noqa: ANN401 - parsed JSON
    """Accept an object with exactly these fields."""
    if not isinstance(value, dict) or value.keys() != fields.keys() or not all(isinstance(value[name], fields[name]) for name in fields):
        raise Broken(f"{what} must be an object of {', '.join(fields)}")
