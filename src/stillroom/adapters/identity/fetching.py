"""What is fetched from an identity provider: JSON objects, of bounded size, in bounded time, from the very place that was named."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stillroom.adapters.http.channel import LOOPBACK, PLAIN
from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from stillroom.ports import Clock

ANSWER_LIMIT = 256 * 1024
"""The most bytes of an answer."""

WAIT_SECONDS = 5.0
"""How long to wait for each piece of an answer."""

WHOLE_SECONDS = 15.0
"""How long all of an answer may take."""

_OK = 200


def is_safe(url: str, *, loopback: bool) -> bool:
    """Tell whether something may be fetched from a URL, or somebody sent there.

    Args:
        url: The URL. It is https, with a host, and names neither a user nor a fragment.
        loopback: Whether it may also be http, on this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not (url.isascii() and url.isprintable()):
        return False
    return parts.scheme == "https" or (loopback and is_local(url))


def is_local(url: str) -> bool:
    """Tell whether a URL is http, on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def host_of(url: str) -> str:
    """Return the host of a URL, with its port if it has one."""
    return urlsplit(url).netloc


class Fetcher:
    """Asks for JSON objects. Nothing is redirected, and no proxy is taken from the environment."""

    def __init__(self, clock: Clock) -> None:
        """Name the time."""
        self._clock = clock

    def get(self, url: str) -> Mapping[str, Any]:
        """Return the object that is at a URL.

        Raises:
            Failed: `SERVER_UNAVAILABLE` if there is none, it is too large or takes too long.
        """
        status, found = self._fetched("GET", url, {}, None)
        if status != _OK:
            raise _strange(url, f"it answers with status {status}")
        return found

    def post(self, url: str, headers: Mapping[str, str], body: str) -> tuple[bool, Mapping[str, Any]]:
        """Send a form; return whether it was taken, and the object that came back. It fails as `get`."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, found = self._fetched("POST", url, {**headers, **kind}, body.encode("ascii"))
        return status == _OK, found

    def _fetched(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, Mapping[str, Any]]:
        import httpx

        wanted = {**PLAIN, "Accept": "application/json", **headers}
        until = self._clock.steady() + WHOLE_SECONDS
        try:
            with (
                httpx.Client(verify=_context(url), timeout=WAIT_SECONDS, trust_env=False, follow_redirects=False) as client,
                client.stream(method, url, headers=wanted, content=body) as answer,
            ):
                return answer.status_code, _object(url, self._read(url, answer, until))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _strange(url, type(error).__name__) from None

    def _read(self, url: str, answer: httpx.Response, until: float) -> bytes:
        """Return the body of an answer, as it was sent."""
        if "content-encoding" in answer.headers:
            raise _strange(url, "its answer is compressed")
        content = bytearray()
        for piece in answer.iter_raw():
            content += piece
            if len(content) > ANSWER_LIMIT:
                raise _strange(url, f"its answer is larger than {ANSWER_LIMIT} bytes")
            if self._clock.steady() > until:
                raise _strange(url, f"its answer takes longer than {WHOLE_SECONDS:.0f} seconds")
        return bytes(content)


def _context(url: str) -> ssl.SSLContext:
    """Return what decides about certificates: the system's authorities. Without TLS, nothing is trusted, and nothing is asked."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_local(url) else ssl.create_default_context()


def _object(url: str, content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _strange(url, "its answer is no JSON object")
    return found


def _strange(url: str, why: str) -> Failed:
    return Failed(
        Code.SERVER_UNAVAILABLE,
        f"The identity provider at {host_of(url)} does not answer as it should: {why}.",
        "Check its address, that it runs, and that this machine may reach it.",
    )
