"""An identity provider of our own: a real server on this machine, with keys of its own, that signs what a test tells it to."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from stillroom.adapters.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from joserfc._rfc7515.model import JWSAlgModel

    from stillroom.ports import Clock

CLIENT = "stillroom-pages"
SECRET = "s3cret+of:the/client"  # noqa: S105 - of this provider alone
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no certificate, and has none to read."""

TO = re.compile(r'name="to" value="([^"]+)"')


def _keys() -> dict[str, Key]:
    made: dict[str, Key] = {
        "ES256": ECKey.generate_key("P-256"),
        "EdDSA": OKPKey.generate_key("Ed25519"),
        "RS256": RSAKey.generate_key(2048),
    }
    return {**made, "PS256": made["RS256"]}


class AnyAlgorithm(JWSRegistry):
    """Signs by whatever algorithm, also by those that should not be used any more."""

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return it."""
        return self.algorithms[name]


def sign(header: Mapping[str, str], claims: dict[str, Any], key: Key) -> str:
    """Return a token."""
    return jwt.encode(dict(header), claims, key, registry=AnyAlgorithm())


@dataclass
class Idp:
    """The provider, and what a test has it do.

    Attributes:
        url: Its issuer.
        keys: Its keys, by algorithm; the key's name is that of the algorithm.
        algorithm: What tokens are signed with.
        secret: By what it knows the pages.
        published: The names of the keys that it publishes.
        clock: Its time.
        sub: Whom it signs in.
        claims: What else its tokens say, or say otherwise; nothing for what they leave out.
        described: What else its description says, or says otherwise.
        answered: What else the browser brings back.
        forge: Makes a token of claims, in place of signing it.
        replies: What it answers in place of JSON, by path.
        moved: Where it redirects to, by path.
        asked: The paths that the pages have asked for.
    """

    url: str
    keys: dict[str, Key] = field(default_factory=_keys)
    algorithm: str = "ES256"
    secret: str = SECRET
    published: tuple[str, ...] = ("ES256", "EdDSA", "RS256", "PS256")
    clock: Clock = field(default_factory=SystemClock)
    sub: str = "ada-0001"
    claims: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)
    forge: Callable[[dict[str, Any]], str] | None = None
    replies: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def renewed(self) -> Idp:
        """Forget what a test has changed."""
        self.__dict__.update(Idp(self.url, self.keys).__dict__)
        return self

    def brought(self, door: str) -> dict[str, str]:
        """Sign in as a browser does, and return what it brings back."""
        answer = httpx.get(door, verify=NOBODY, trust_env=False)
        assert answer.status_code == 200, answer.text
        (to,) = TO.findall(answer.text)
        return dict(parse_qsl(urlsplit(html.unescape(to)).query))

    def callback(self, client: httpx.Client) -> str:
        """Sign in from pages on, and return the path and query by which the browser comes back."""
        door = client.get("/oidc").headers["Location"]
        return f"/oidc/callback?{urlencode(self.brought(door))}"

    def description(self) -> dict[str, Any]:
        """What it says of itself."""
        known = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }
        return {**known, **self.described}

    def key_set(self) -> dict[str, Any]:
        """Its public keys."""
        listed = [self.keys[name].as_dict(private=False, kid=name, use="sig", alg=name) for name in self.published]
        return {"keys": [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "new", "kid": "ES256"}, *listed]}

    def page(self, asked: Mapping[str, str]) -> bytes:
        """Where a person signs in."""
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = dict(asked)
        to = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], **self.answered})}"
        return (
            f'<!DOCTYPE html><html lang="en"><title>Provider</title><link rel="icon" href="data:,"><form method="post" action="/continue">'
            f'<input type="hidden" name="to" value="{html.escape(to)}"><button>Sign in at the provider</button></form>'
        ).encode()

    def token(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """What a code is good for, once."""
        name, _, secret = (unquote_plus(one) for one in base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":"))
        if (form.get("client_id", name), form.get("client_secret", secret)) != (CLIENT, self.secret):
            return {"error": "invalid_client"}
        asked = self.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or (asked["code_challenge"], asked["redirect_uri"]) != (proof, form["redirect_uri"]):
            return {"error": "invalid_grant", "error_description": "a word of the provider"}
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self.signed(asked["nonce"])}

    def signed(self, nonce: str) -> str:
        """What it says about a person."""
        now = int(self.clock.now())
        claims = {"iss": self.url, "sub": self.sub, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        said = {name: value for name, value in claims.items() if value is not None}
        if self.forge is not None:
            return self.forge(said)
        return sign({"alg": self.algorithm, "kid": self.algorithm}, said, self.keys[self.algorithm])


@contextmanager
def identifying() -> Iterator[Idp]:
    """Let a provider run, at a name of this machine that is another site than the pages'."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        idp = Idp(f"http://localhost:{server.server_address[1]}")
        server.RequestHandlerClass = type("Handler", (_Handler,), {"idp": idp})
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield idp
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers for a provider."""

    idp: Idp

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self._told(path):
            return
        if path == "/authorize":
            self._answer(self.idp.page(dict(parse_qsl(query))), "text/html")
            return
        found = {"/.well-known/openid-configuration": self.idp.description, "/jwks": self.idp.key_set}.get(path, dict)()
        self._answer(json.dumps(found).encode(), status=200 if found else 404)

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self._told(self.path):
            return
        if self.path == "/continue":
            self._redirect(form["to"])
            return
        found = self.idp.token(form, self.headers.get("Authorization", ""))
        self._answer(json.dumps(found).encode(), status=400 if "error" in found else 200)

    def _told(self, path: str) -> bool:
        """Answer as a test has told the provider to, if it has."""
        self.idp.asked.append(path)
        if path in self.idp.moved:
            self._redirect(self.idp.moved[path])
        elif path in self.idp.replies:
            self._answer(self.idp.replies[path])
        return path in self.idp.moved or path in self.idp.replies

    def _redirect(self, where: str) -> None:
        self.send_response(303)
        self.send_header("Location", where)
        self.end_headers()

    def _answer(self, body: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""
