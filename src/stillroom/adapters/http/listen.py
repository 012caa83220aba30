"""A socket that listens."""

from __future__ import annotations

import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITING = 128
"""So many connections wait until they are taken."""


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Take an address without listening on it: connections are refused until `listen`. It is left at the end.

    Raises:
        Failed: `SERVER_UNAVAILABLE` if that is not possible.
    """
    with _told(host, port):
        found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    with closing(found):
        with _told(host, port):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((host, port))
        yield found


def listen(found: socket.socket) -> None:
    """Let connections to an address come.

    Raises:
        Failed: `SERVER_UNAVAILABLE` if another process, which took the address in the same moment, listens already.
    """
    host, port, *_ = found.getsockname()
    with _told(host, port):
        found.listen(WAITING)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address, and stop at the end. It fails as `bound` and `listen` do."""
    with bound(host, port) as found:
        listen(found)
        yield found


@contextmanager
def _told(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failed(
            Code.SERVER_UNAVAILABLE, f"Nothing can listen on {host}:{port}: {error.strerror}.", "Choose another --host or --port."
        ) from None
