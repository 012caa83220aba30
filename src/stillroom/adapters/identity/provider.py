"""An identity provider: where people sign in, and how what it says about them is fetched and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from stillroom.adapters.identity.fetching import host_of, is_local, is_safe
from stillroom.adapters.identity.id_token import Expected, choose, identity_in, keys_in
from stillroom.errors import Code, InvalidInput, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import Key

    from stillroom.adapters.home.identity import Identity
    from stillroom.adapters.home.identity_provider import IdentityProvider
    from stillroom.adapters.identity.fetching import Fetcher
    from stillroom.adapters.identity.pending import Pending

WELL_KNOWN = "/.well-known/openid-configuration"

SCOPE = "openid email"

ERRORS = frozenset(
    {
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)
"""What a provider may say when it refuses (RFC 6749; OpenID Connect Core, section 3.1.2.6): only these words of it are repeated."""


class Provider:
    """A provider, as it has described itself."""

    def __init__(self, settings: IdentityProvider, fetcher: Fetcher) -> None:
        """Ask a provider for its description (OpenID Connect Discovery).

        Raises:
            InvalidInput: `CONFIGURATION_INVALID` if it is another one, or something of it is where nothing is fetched from.
            Failed: `SERVER_UNAVAILABLE`.
        """
        self._settings, self._fetcher = settings, fetcher
        if not is_safe(settings.issuer, loopback=True) or "?" in settings.issuer:
            raise _unfit("An issuer is an https address; http is for this machine alone.")
        found = fetcher.get(settings.issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != settings.issuer:
            raise _unfit(f"What answers at {self.host} calls itself another issuer.")
        self._authorization, self._token, self._jwks = (
            self._endpoint(found.get(name)) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        )
        self._method = self._known_by(found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]))
        self._names_itself = found.get("authorization_response_iss_parameter_supported") is True
        self._keys: tuple[Key, ...] | None = None

    @property
    def host(self) -> str:
        """Where it is, for people."""
        return host_of(self._settings.issuer)

    def door(self, one: Pending) -> str:
        """Return where somebody signs in."""
        made: str = prepare_grant_uri(
            self._authorization,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=one.callback,
            scope=SCOPE,
            state=one.state,
            nonce=one.nonce,
            code_challenge=create_s256_code_challenge(one.verifier),
            code_challenge_method="S256",
        )
        return made

    def identity(self, one: Pending, answer: Mapping[str, str], now: float) -> Identity:
        """Return who has signed in.

        Args:
            one: What was begun.
            answer: What the browser has brought back, whose state was compared already.
            now: The time.

        Raises:
            Refusal: `LOGIN_INVALID`; the reason says what is wrong, without a word that somebody else has written.
            Failed: `SERVER_UNAVAILABLE`.
        """
        issuer, code = answer.get("iss"), answer.get("code")
        if (issuer is not None or self._names_itself) and issuer != self._settings.issuer:
            raise _refused("The answer is another identity provider's.")
        if "error" in answer or not code:
            raise _refused(f"The identity provider has let nobody in{_said(answer)}.")
        expected = Expected(self._settings.issuer, self._settings.client_id, one.nonce, one.began, now)
        return identity_in(self._token_for(code, one), expected, self._key)

    def _token_for(self, code: str, one: Pending) -> str:
        """Return the ID token that a code stands for."""
        body = prepare_token_request("authorization_code", code=code, redirect_uri=one.callback, code_verifier=one.verifier)
        names = (self._settings.client_id, self._settings.client_secret or "")
        if self._method == "client_secret_basic":
            names = (quote_plus(names[0]), quote_plus(names[1]))
        _, headers, body = ClientAuth(*names, self._method).prepare("POST", self._token, {}, body)
        taken, found = self._fetcher.post(self._token, headers, body)
        token = found.get("id_token")
        if not taken or not isinstance(token, str):
            raise _refused(f"The identity provider gives no token for its code{_said(found)}.")
        return token

    def _key(self, header: Mapping[str, Any]) -> Key:
        """Return the key that a token's header names. A key that is not known yet is asked for once: providers change their keys."""
        if self._keys is not None and (known := choose(self._keys, header)) is not None:
            return known
        self._keys = keys_in(self._fetcher.get(self._jwks))
        if (found := choose(self._keys, header)) is None:
            raise _refused("The token is signed by a key that is none of the identity provider's.")
        return found

    def _endpoint(self, url: object) -> str:
        if isinstance(url, str) and is_safe(url, loopback=is_local(self._settings.issuer)):
            return url
        raise _unfit(f"The identity provider at {self.host} names no https address where one is needed.")

    def _known_by(self, methods: object) -> str:
        """Return how the provider is to know the pages."""
        if self._settings.client_secret is None:
            return "none"
        for method in ("client_secret_basic", "client_secret_post"):
            if isinstance(methods, list) and method in methods:
                return method
        raise _unfit(f"The identity provider at {self.host} takes no client secret, neither as basic nor as post.")


def _said(answer: Mapping[str, Any]) -> str:
    """Return why a provider refuses, if that is a word of the standard."""
    word = answer.get("error")
    return f": {word}" if isinstance(word, str) and word in ERRORS else ""


def _refused(reason: str) -> Refusal:
    return Refusal(Code.LOGIN_INVALID, reason, "Sign in again.")


def _unfit(reason: str) -> InvalidInput:
    return InvalidInput(Code.CONFIGURATION_INVALID, reason, "Copy the issuer from the provider's own description, letter by letter.")
