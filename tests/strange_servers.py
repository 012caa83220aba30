"""Servers that answer what they are told to, for tests of what clients and agents do with that."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@contextmanager
def answering(body: bytes, *headers: str, status: str = "200 OK", context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Let a server give one answer to every request, and yield its address."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, head.encode() + body, context))
        thread.start()
        address = listener.getsockname()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{address[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


class Altering:
    """An application whose answers are altered on their way.

    Attributes:
        by: What alters a body, by the path that was asked for.
        instead: What answers in its place, by path; nothing where it does not.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application, and alter nothing yet."""
        self._app = app
        self.by: dict[str, Callable[[bytes], bytes]] = {}
        self.instead: Callable[[str], bytes | None] = lambda _path: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        other = self.instead(scope["path"]) if scope["type"] == "http" else None
        if other is not None:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(other)).encode())]})
            await send({"type": "http.response.body", "body": other})
            return
        alter = self.by.get(scope["path"])
        if alter is None:
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        body = alter(b"".join(message.get("body", b"") for message in kept))
        headers = [one for one in kept[0]["headers"] if one[0].lower() != b"content-length"]
        await send({**kept[0], "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})


def _serve(listener: socket.socket, answer: bytes, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        try:
            with connection if context is None else context.wrap_socket(connection, server_side=True) as spoken:
                spoken.settimeout(5)
                spoken.recv(65536)
                spoken.sendall(answer)
        except OSError:
            connection.close()
