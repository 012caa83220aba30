"""Requests that their sender has signed: HTTP Message Signatures (RFC 9421) by Ed25519, over what the server acts on.

A signature covers method, authority, path and query of a request, and its body by a digest (RFC 9530). It says who signs by the public key
itself, is good for a minute, and has a nonce, so that nobody can send a request a second time. It is for one room, which its tag names by
the room's key: a server to which a party has sent it cannot pass it on to another room, under whatever name it was called.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import ContentDigest, HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, StillroomError, Unverified

if TYPE_CHECKING:
    from stillroom.crypto.keys import SigningKey

LIFETIME = 60
"""Seconds for which a signature is good."""

SKEW = 5
"""Seconds by which two clocks may differ."""

NONCE_SIZE = 16
"""Bytes of a nonce."""

NONCE_LIMIT = 64
"""Most characters of a nonce, all of which is remembered."""

_COVERED = ("@method", "@authority", "@path", "@query")
_DIGEST = "content-digest"
_TAG = "stillroom"
"""Begins the tag of a signature; the key of the room follows."""


@dataclass(slots=True)
class Message:
    """A request, as its signature sees it.

    Attributes:
        method: In capitals.
        url: Absolute, as it is sent.
        headers: By name; signing adds some.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a valid signature says.

    Attributes:
        key: Who signed.
        nonce: What tells this request from all others of that key.
        created: When, in seconds since 1970.
        ends: From when on it is no longer good, by any clock that differs by no more than it may.
        digest: The Content-Digest of the body; None where the request has none, and then it must have no body.
    """

    key: PublicKey
    nonce: str
    created: int
    ends: int
    digest: str | None


def digest_header(sha256: bytes) -> str:
    """Return the Content-Digest of a body whose SHA-256 is known (RFC 9530, section 2)."""
    import base64

    return f"sha-256=:{base64.b64encode(sha256).decode('ascii')}:"


def sign_request(message: Message, key: SigningKey, room: str, now: float, nonce: str) -> None:
    """Sign a request to the server of a room, named by its public key. A body is bound by the header Content-Digest, if there is one."""
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    created = datetime.datetime.fromtimestamp(int(now), datetime.UTC)
    with_body = _DIGEST in {name.lower() for name in message.headers}
    prepared = signer.prepare(
        message,
        key_id=key.public.text,
        created=created,
        expires=created + datetime.timedelta(seconds=LIFETIME),
        nonce=nonce,
        tag=_tag(room),
        covered_component_ids=[*_COVERED, *([_DIGEST] if with_body else [])],
        use_existing_digest=with_body,
    )
    signer.apply(message, prepared, key.sign(prepared.signature_base))


def verify_request(message: Message, room: str, now: float) -> Signed:
    """Return what a request's signature says; whether anybody knows the key, and has seen the nonce, is for the caller to say.

    The key is part of the signature, so that the same work is done for keys that are known and for others. There is one signature: nobody
    has to say which of several counts, and no work is done for more.

    Raises:
        Unverified: `REQUEST_UNSIGNED`, which does not say what is wrong.
    """
    try:
        (found,) = _Verifier(now).verify(message, max_age=datetime.timedelta(seconds=LIFETIME), require_components=_COVERED)
        nonce, created, expires = (found.parameters[name] for name in ("nonce", "created", "expires"))
        if found.parameters["tag"] != _tag(room) or not (isinstance(created, int) and isinstance(expires, int)):
            raise unsigned()
        if not isinstance(nonce, str) or not 0 < len(nonce) <= NONCE_LIMIT:
            raise unsigned()
        digest = found.covered_components.get(f'"{_DIGEST}"')
        return Signed(PublicKey.parse(str(found.parameters["keyid"])), nonce, created, _end(expires), digest)
    except (HTTPMessageSignaturesException, StillroomError, ValueError, KeyError, AssertionError):
        raise unsigned() from None


def has_body(signed: Signed, body: bytes) -> bool:
    """Tell whether a body is the one that was signed."""
    if signed.digest is None:
        return not body
    try:
        ContentDigest.verify(signed.digest, body)
    except HTTPMessageSignaturesException:
        return False
    return True


def unsigned() -> Unverified:
    """Return the one thing that is ever said about a request whose sender is not proved."""
    return Unverified(
        Code.REQUEST_UNSIGNED,
        "The request is not signed by a key that this room knows, or not just now.",
        "Send it with a party's own agent or client, and check the clock of the machine.",
    )


def _end(expires: int) -> int:
    """Return from when on a signature is no longer good. Clocks are read in whole seconds."""
    return expires + SKEW + 1


def _tag(room: str) -> str:
    return f"{_TAG} {room}"


class _Keys(HTTPSignatureKeyResolver):
    """Finds a key in its own name."""

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        """Return the key that a name spells.

        Raises:
            InvalidInput: It spells none, or one that anybody can sign with.
        """
        return Ed25519PublicKey.from_public_bytes(PublicKey.parse(key_id).raw)


class _Verifier(HTTPMessageVerifier):
    """A verifier whose clock is an argument."""

    max_clock_skew = datetime.timedelta(seconds=SKEW)

    def __init__(self, now: float) -> None:
        """Say what time it is."""
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=_Keys())
        self._now = int(now)

    def validate_created_and_expires(self, sig_input: Any, max_age: datetime.timedelta | None = None) -> None:  # noqa: ANN401 - theirs
        """Refuse what was not signed within the lifetime, by the clock that was given."""
        del max_age
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if not (isinstance(created, int) and isinstance(expires, int)):
            raise unsigned()
        if not (created - SKEW <= self._now < _end(expires) and created <= expires <= created + LIFETIME):
            raise unsigned()
