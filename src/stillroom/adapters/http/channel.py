"""A party's channel to a room's server: every request signed, the server known by its certificate, errors as ours."""

from __future__ import annotations

import hashlib
import ssl
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillroom.adapters.http.problem import error_of
from stillroom.adapters.http.signatures import NONCE_SIZE, Message, digest_header, sign_request
from stillroom.errors import Code, Failed, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from stillroom.crypto.keys import SigningKey
    from stillroom.ports import Clock, Entropy

    Body = Callable[[], bytes | Iterator[bytes] | None]
    """Begins what is sent, each time anew."""

SECONDS = 60.0
"""How long to wait for an answer that is not waited for on purpose."""

TRANSFER_SECONDS = 300.0
"""How much longer all of it may take, from the first byte that is sent to the last one that comes: what drips in is not waited for."""

EVENTS_SECONDS = 900.0
"""The same for a stream of events, which a server ends after ten minutes."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine: only there may the channel be without TLS."""

ANSWER_LIMIT = 600_000_000
"""The most bytes of an answer: a release of as many values as a table may have is one."""

PLAIN = {"Accept-Encoding": "identity"}
"""Asks for answers that are not compressed; others are not read, since nobody knows how large they become."""

_CHUNK = 1 << 20


class Channel:
    """Requests to one server, signed by one key.

    Attributes:
        key: The key.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - both ends, certificates, and the world
        self,
        url: str,
        key: SigningKey,
        room: str,
        clock: Clock,
        entropy: Entropy,
        certificate: bytes | None = None,
        *,
        shown: Path | None = None,
        renewed: Callable[[bytes], bytes | None] | None = None,
    ) -> None:
        """Name the server.

        Args:
            url: Where it is: scheme, host and port.
            key: What signs.
            room: The public key of the server's room, for which alone requests are signed.
            clock: The time.
            entropy: What nonces are made of.
            certificate: Its certificate in PEM, which alone is accepted; without one, the system's authorities decide.
            shown: A file with the certificate that the server is shown, and its secret key, if it asks for one.
            renewed: Finds the certificate that has taken the place of the one that was accepted until now, if there is one to be accepted.
                It is asked when the server cannot be reached by the one it had.

        Raises:
            InvalidInput: `USAGE` if that is no such URL, or has no TLS and is not this machine; `FILE_INVALID` if that file cannot be used.
        """
        self.key, self._room = key, room
        self._base, self._clock, self._entropy = base_of(url), clock, entropy
        self._shown, self._renewed = shown, renewed
        self._accept(certificate)

    def get(self, path: str, *, seconds: float = SECONDS) -> bytes:
        """Return what is at a path. It fails as `send` does."""
        return self.send("GET", path, None, seconds=seconds)

    def post(self, path: str, body: bytes, *, seconds: float = SECONDS) -> bytes:
        """Hand something in, and return the answer. It fails as `send` does."""
        return self.send("POST", path, body, seconds=seconds)

    def send(self, method: str, path: str, body: bytes | None, *, seconds: float = SECONDS) -> bytes:
        """Send a signed request and return the body of the answer.

        Raises:
            StillroomError: What the server says, as it would be raised here.
            Failed: `SERVER_UNAVAILABLE` if it does not answer in time and to its end, or what answers is not known by its certificate.
        """
        digest = None if body is None else hashlib.sha256(body).digest()
        return self._answered(method, path, self._signed(method, path, digest), seconds, lambda: body)

    def put_file(self, path: str, file: Path, *, seconds: float) -> None:
        """Send a file, piece by piece. It fails as `send` does."""
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").digest()
        headers = {**self._signed("PUT", path, digest), "Content-Length": str(file.stat().st_size)}
        self._answered("PUT", path, headers, seconds, lambda: _pieces(file))

    @contextmanager
    def events(self, path: str, *, seconds: float) -> Iterator[Iterator[str]]:
        """Yield the data of server-sent events (one line each), as they come, while the context lasts."""
        headers = self._signed("GET", path, None)
        with self._answer("GET", path, headers, seconds, more=EVENTS_SECONDS) as answer:
            if not answer.is_success:
                raise error_of(read_whole(answer))
            check_plain(answer)
            yield (line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: "))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _answered(self, method: str, path: str, headers: dict[str, str], seconds: float, body: Body) -> bytes:
        with self._answer(method, path, headers, seconds, body) as answer:
            found = read_whole(answer)
        if answer.is_success:
            return found
        raise error_of(found)

    @contextmanager
    def _answer(  # noqa: PLR0913 - what is sent, and how long it may take
        self, method: str, path: str, headers: dict[str, str], seconds: float, body: Body = lambda: None, *, more: float = TRANSFER_SECONDS
    ) -> Iterator[httpx.Response]:
        """Yield an answer while the context lasts. What could not be sent is sent again if the server has a new certificate."""
        import httpx

        def sent() -> httpx.Response:
            request = self._client.build_request(method, self._base + path, content=body(), headers=headers, timeout=seconds)
            return self._client.send(request, stream=True)

        with _reached(), self._deadline.within(seconds + more):
            try:
                answer = sent()
            except httpx.ConnectError:
                if not self._has_renewed():
                    raise
                answer = sent()
            try:
                yield answer
            finally:
                answer.close()

    def _has_renewed(self) -> bool:
        """Accept the server's new certificate, if there is one; tell whether there is."""
        known = self._certificate
        found = None if known is None or self._renewed is None else self._renewed(known)
        if found is None or found == known:
            return False
        self._accept(found)
        return True

    def _accept(self, certificate: bytes | None) -> None:
        """Talk to a server with a certificate from now on."""
        import httpx

        from stillroom.adapters.http.deadline import Deadline, PromptTransport

        self._deadline = Deadline(self._clock)
        transport = PromptTransport(context_for(certificate, self._shown), self._deadline)
        self._certificate = certificate
        self._client = httpx.Client(
            transport=transport, timeout=httpx.Timeout(SECONDS), trust_env=False, follow_redirects=False, headers=PLAIN
        )
        weakref.finalize(self, self._client.close)

    def _signed(self, method: str, path: str, digest: bytes | None) -> dict[str, str]:
        message = Message(method, self._base + path)
        if digest is not None:
            message.headers["Content-Digest"] = digest_header(digest)
        sign_request(message, self.key, self._room, self._clock.now(), self._entropy.token(NONCE_SIZE).hex())
        return message.headers


def context_for(certificate: bytes | None, shown: Path | None) -> ssl.SSLContext:
    """Return what decides about a server's certificate, and what certificate it is shown.

    Args:
        certificate: The one that is accepted, in PEM; without one, the system's authorities decide.
        shown: A file with a certificate for the server to see, and its secret key.

    Raises:
        InvalidInput: `FILE_INVALID` if that file cannot be used.
    """
    context = ssl.create_default_context(cadata=None if certificate is None else certificate.decode("ascii"))
    if certificate is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if shown is None:
        return context
    try:
        context.load_cert_chain(shown)
    except (OSError, ValueError):
        raise InvalidInput(
            Code.FILE_INVALID, f"{shown.name} is no certificate with its secret key.", "Put both into it, in PEM, one after the other."
        ) from None
    return context


def base_of(url: str) -> str:
    """Return the scheme, host and port of a URL that a channel may go to.

    Raises:
        InvalidInput: `USAGE`.
    """
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if safe and parts.hostname and parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username):
        return f"{parts.scheme}://{parts.netloc}"
    raise InvalidInput(Code.USAGE, "That is not the address of a room's server.", "Write https://host:port.")


def read_whole(answer: httpx.Response) -> bytes:
    """Return the body of an answer that is streamed, as it was sent.

    Raises:
        Failed: `SERVER_UNAVAILABLE` if it is compressed, or larger than any answer of a room's server.
    """
    check_plain(answer)
    content = bytearray()
    for piece in answer.iter_raw():
        content += piece
        if len(content) > ANSWER_LIMIT:
            raise _strange()
    return bytes(content)


def check_plain(answer: httpx.Response) -> None:
    """Refuse an answer that is compressed.

    Raises:
        Failed: `SERVER_UNAVAILABLE`.
    """
    if "content-encoding" in answer.headers:
        raise _strange()


def _strange() -> Failed:
    return Failed(Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Check the address, and what is in between.")


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while piece := content.read(_CHUNK):
            yield piece


@contextmanager
def _reached() -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.HTTPError as error:
        raise Failed(
            Code.SERVER_UNAVAILABLE,
            f"The room's server cannot be reached: {type(error).__name__}.",
            "Check its address, that it runs, and that its certificate is the one that you have confirmed.",
        ) from None
