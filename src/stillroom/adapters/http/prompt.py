"""HTTP connections to a server that have to be used: one on which no request comes is closed, and one address does not hold them all.

uvicorn gives a request as long as it likes to arrive. So a stranger who opens as many connections as a server has, and says nothing, or a
letter now and then, would keep everybody else out. Bodies have limits of their own (`stillroom.server.body`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_SECONDS = 10.0
"""How long the head of a request may take to arrive, from when the connection stands, or from the first byte of a further request; and so
long, before that, the handshake of TLS."""

LET_GO_SECONDS = 0.05
"""So long after a server has begun to end, it lets go of idle connections, whether or not the other side has said good-bye over TLS."""

CONNECTIONS_PER_ADDRESS = 250
"""So many connections may come from one address: half of what a server has, since several parties may come by way of one proxy."""


class PromptLoop(asyncio.SelectorEventLoop):
    """A loop whose servers wait no longer for a handshake of TLS than for the head of a request.

    Until the handshake is over a connection is no connection for uvicorn, which neither counts nor ends it, and leaves it to the loop.
    """

    handshake_seconds = HEAD_SECONDS

    async def create_server(self, *arguments: Any, **named: Any) -> asyncio.Server:  # noqa: ANN401 - as asyncio
        """Return a server, as `asyncio.loop.create_server` does."""
        if named.get("ssl") is not None:
            named["ssl_handshake_timeout"] = self.handshake_seconds
        return await super().create_server(*arguments, **named)


class PromptProtocol(H11Protocol):
    """One connection, whose requests come promptly."""

    head_seconds = HEAD_SECONDS
    per_address = CONNECTIONS_PER_ADDRESS

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, unless too many connections come from the same address."""
        super().connection_made(transport)
        if sum(_host(one) == _host(self) for one in self.connections) > self.per_address:
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        self._watch()

    def shutdown(self) -> None:
        """Begin to end: an idle connection is closed.

        To close one over TLS is to wait half a minute for the other side to close it, too, and who keeps a connection for later does not
        look at it meanwhile. The loop ends before, and would leave the socket open.
        """
        super().shutdown()
        self.loop.call_later(LET_GO_SECONDS, self._let_go)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_watching()
        super().connection_lost(exc)

    def _let_go(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()

    def _watch(self) -> None:
        """Wait for the head of a request as long as it may take; not while a request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._stop_watching()
        elif self._patience is None:
            self._patience = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_watching(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


PROMPT: dict[str, Any] = {"http": PromptProtocol, "loop": f"{__name__}:{PromptLoop.__name__}"}
"""What uvicorn is told, so that nobody keeps it waiting."""


def _host(connection: object) -> str | None:
    """Return the address from which a connection comes; none if it is not told."""
    client: tuple[str, int] | None = getattr(connection, "client", None)
    return None if client is None else client[0]
