"""A socket that listens."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address, and stop at the end.

    Raises:
        Failed: `SERVER_UNAVAILABLE` if that is not possible.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(128)
    except OSError as error:
        raise Failed(
            Code.SERVER_UNAVAILABLE, f"Nothing can listen on {host}:{port}: {error.strerror}.", "Choose another --host or --port."
        ) from None
    try:
        yield found
    finally:
        found.close()
