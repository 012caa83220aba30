"""Servers that answer what they are told to, for tests of what clients and agents do with that."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


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
