"""Requests that end in time, whatever the other side does: a limit of httpx is for each piece that comes, and one may drip for ever."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from stillroom.ports import Clock

CONNECTIONS, KEPT, KEPT_SECONDS = 100, 20, 5.0
"""How many connections there may be, how many are kept for later requests, and for how long: as many as httpx has by itself."""


class Deadline:
    """Until when what a thread is doing has to be over."""

    def __init__(self, clock: Clock) -> None:
        """Name the time."""
        self._clock = clock
        self._own = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let all that this thread does on the network in the context be over in time."""
        before: float | None = getattr(self._own, "until", None)
        self._own.until = self._clock.steady() + seconds
        try:
            yield
        finally:
            self._own.until = before

    def left(self, timeout: float | None) -> float | None:
        """Return how long a step may take that has a limit of its own; nothing may be left."""
        until: float | None = getattr(self._own, "until", None)
        if until is None:
            return timeout
        left = max(0.0, until - self._clock.steady())
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection, each step of which has no longer than the request has left."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _some(self._deadline.left(timeout), httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _some(self._deadline.left(timeout), httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _some(self._deadline.left(timeout), httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Opens such connections."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _some(self._deadline.left(timeout), httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, left, local_address, socket_options), self._deadline)


def _some(left: float | None, error: type[Exception]) -> float | None:
    if left is not None and left <= 0:
        raise error
    return left


class PromptTransport(httpx.HTTPTransport):
    """What carries requests of httpx, each of which ends by a deadline. Nothing is taken from the environment."""

    def __init__(self, context: ssl.SSLContext, deadline: Deadline) -> None:
        """Say what decides about certificates, and until when."""
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Backend(deadline),
        )
