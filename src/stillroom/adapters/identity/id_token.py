"""ID tokens: what an identity provider has signed about somebody, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidClaimError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry
from joserfc.util import base64_to_int

from stillroom.adapters.home.identity import SUBJECT_LENGTH, Identity
from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from joserfc._rfc7515.model import JWSAlgModel

KINDS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The algorithms that a token may be signed by, and the kind of key that each takes: never `none`, never one secret for both sides."""

LEEWAY_SECONDS = 60
"""How far the clocks of provider and agent may be apart."""

RSA_BITS = 2048
"""The shortest RSA key that is taken."""

MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading something raises that is no token or no key."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say.

    Attributes:
        issuer: Who has made it, exactly.
        client_id: For whom.
        nonce: For which sign-in.
        began: When that began, in seconds since 1970: a token is no older.
        now: The time.
    """

    issuer: str
    client_id: str
    nonce: str
    began: float
    now: float


class _Registry(JWSRegistry):
    """Knows the algorithms of `KINDS` alone."""

    def __init__(self) -> None:
        super().__init__(strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in KINDS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def identity_in(token: str, expected: Expected, key_for: Callable[[Mapping[str, Any]], Key]) -> Identity:
    """Return who somebody is, as a token says.

    Args:
        token: The token.
        expected: What it has to say.
        key_for: Finds the provider's key that a token's header names, or refuses.

    Raises:
        Refusal: `LOGIN_INVALID`; the reason says what is wrong, without a word of the token.
    """
    try:
        found = jwt.decode(token, lambda signed: key_for(signed.headers()), registry=_Registry())
        claims = CodeIDToken(
            found.claims,
            found.header,
            options={"iss": {"essential": True, "value": expected.issuer}, "aud": {"essential": True, "value": expected.client_id}},
            params={"client_id": expected.client_id, "nonce": expected.nonce},
        )
        claims.validate(now=int(expected.now), leeway=LEEWAY_SECONDS)
        if claims["iat"] < expected.began - LEEWAY_SECONDS:
            raise InvalidClaimError("iat")
        return _identity(claims)
    except MALFORMED as error:
        what = f" ({error.claim})" if isinstance(error, InvalidClaimError) and error.claim in CodeIDToken.REGISTERED_CLAIMS else ""
        raise Refusal(
            Code.LOGIN_INVALID,
            f"The identity provider's token is not good: {type(error).__name__}{what}.",
            "Check the provider's configuration, and the clocks of both machines.",
        ) from None


def _identity(claims: Mapping[str, Any]) -> Identity:
    """Return who a token is about. An address counts only if the provider says that it has verified it."""
    subject, email = claims["sub"], claims.get("email")
    if not (isinstance(subject, str) and 0 < len(subject) <= SUBJECT_LENGTH):
        raise InvalidClaimError("sub")
    verified = claims.get("email_verified") is True and isinstance(email, str)
    return Identity(issuer=claims["iss"], subject=subject, email=email if verified else None)


def keys_in(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the keys of a provider's key set (RFC 7517) that may have signed a token; others are passed over."""
    listed = document.get("keys")
    return tuple(key for one in (listed if isinstance(listed, list) else ()) if (key := _key(one)) is not None)


def choose(keys: Iterable[Key], header: Mapping[str, Any]) -> Key | None:
    """Return the key that a token's header names, or the only one that fits if it names none; nothing if there is no such key."""
    kid, alg = header.get("kid"), header["alg"]
    fitting = [one for one in keys if one.key_type == KINDS[alg] and one.alg in {None, alg} and kid in {None, one.kid}]
    return fitting[0] if len(fitting) == 1 else None


def _key(document: object) -> Key | None:
    """Return a public key for signatures, if that is what a document is."""
    if not isinstance(document, dict) or document.get("kty") not in KINDS.values() or document.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(document) if document["kty"] != "RSA" or _long_enough(document) else None
    except MALFORMED:
        return None
    return key


def _long_enough(document: Mapping[str, Any]) -> bool:
    """Tell whether the modulus of an RSA key is."""
    return base64_to_int(document["n"]).bit_length() >= RSA_BITS
