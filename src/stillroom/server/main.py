"""The server's process: everything that runs beside the application, from its start to a clean end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.server.app import make_app
from stillroom.server.jobs import Jobs
from stillroom.server.rates import Rates
from stillroom.server.replays import Replays
from stillroom.server.service import Recovery, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI

REQUESTS_PER_SECOND, BURST = 50.0, 200
"""How many requests one party may send, or one address for all keys that are nobody's."""

THREADS = 100
"""How many requests are worked on at a time; an agent that waits for errands is one."""

END_SECONDS = 10.0
"""How long the end may take."""


@contextmanager
def served(path: Path, certificate: str | None) -> Iterator[FastAPI]:
    """Open a room to be served, and yield the application while its jobs run.

    Args:
        path: The room's folder.
        certificate: Digest of the certificate that is shown; nothing without TLS.

    Raises:
        InvalidInput: `ROOM_INVALID`, or `ROOM_EXISTS` if another process serves the room.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap

    with bootstrap.alone(path):
        room, mailbox = bootstrap.open_served_room(path)
        rates = Rates(room.clock, per_second=REQUESTS_PER_SECOND, burst=BURST)
        service = Service(room, mailbox, Jobs(room), Replays(room.clock), rates, path / bootstrap.INCOMING, certificate)
        recovery = Recovery(room)
        service.jobs.start()
        recovery.start()
        try:
            yield make_app(service)
        finally:
            mailbox.close()
            service.jobs.stop(END_SECONDS)
            recovery.stop(END_SECONDS)


def serve(path: Path, host: str, port: int, *, tls: bool, ready: Callable[[str], None]) -> None:
    """Serve a room until the process is told to end.

    Args:
        path: The room's folder.
        host: The address to listen on.
        port: The port; 0 for one that is free.
        tls: Whether to show the room's own certificate; without it, something in front has to, or only this machine is served.
        ready: Hears where the server is, once it listens.

    Raises:
        Failed: `SERVER_UNAVAILABLE` if the port is taken; or as `served`.
    """
    import uvicorn

    from stillroom import bootstrap
    from stillroom.adapters.http.certificate import fingerprint
    from stillroom.adapters.http.listen import listening

    files = bootstrap.certificate(path, sorted({host, "localhost", "127.0.0.1", "::1"})) if tls else None
    digest = None if files is None else fingerprint(files[1].read_bytes())
    with listening(host, port) as socket, served(path, digest) as app:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=int(END_SECONDS),
            ssl_keyfile=None if files is None else str(files[0]),
            ssl_certfile=None if files is None else str(files[1]),
            lifespan="off",
        )
        ready(f"{'https' if tls else 'http'}://{host}:{socket.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[socket])
