"""The server's process: everything that runs beside the application, from its start to a clean end."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stillroom.room import refusals
from stillroom.server.app import make_app
from stillroom.server.jobs import Jobs
from stillroom.server.journal import Journal
from stillroom.server.rates import Limits
from stillroom.server.replays import Replays
from stillroom.server.service import Recovery, Service
from stillroom.server.settings import Settings
from stillroom.server.telemetry import Telemetry
from stillroom.server.threads import Every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import uvicorn
    from fastapi import FastAPI
    from uvicorn._types import ASGI3Application

END_SECONDS = 10.0
"""How long the end may take."""

ON_THE_WAY_SECONDS = 0.1
"""So long before it is served a room takes what is signed: whoever connects in its first moment has signed before that."""

REFUSALS_SECONDS = 1.0
"""How often refusals that were counted are kept."""

CONNECTIONS = 500
"""So many may be open at once; what comes beyond is told that the server is busy. A process may usually have 1,024 files open, and half of
them are for records and tables."""


@contextmanager
def served(path: Path, settings: Settings | None = None, database: str | None = None) -> Iterator[tuple[FastAPI, dict[str, Any]]]:
    """Open a room to be served, and yield the application, and what uvicorn is told of certificates, while its jobs run.

    Args:
        path: The room's folder.
        settings: How it is set up.
        database: Where a new room is to keep its records, if not in its folder.

    Raises:
        InvalidInput: `ROOM_INVALID`, or `ROOM_EXISTS` if another process serves the room; or as `stillroom.bootstrap.keep_at` and
            `certificates`.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap

    found = Settings() if settings is None else settings
    with bootstrap.alone(path):
        if database is not None:
            bootstrap.keep_at(path, database)
        certificate, files = certificates(path, found)
        room, mailbox, kept = bootstrap.open_served_room(path, found.kept_limit)
        journal = Journal(found.log, room.clock)
        telemetry = Telemetry(room, mailbox, journal)
        replays = Replays(room.clock)
        service = Service(
            room=room,
            mailbox=mailbox,
            jobs=Jobs(room, found.workers, telemetry.run, journal.mistake),
            replays=replays,
            limits=Limits.of(room.clock, per_second=found.requests_per_second, burst=found.burst),
            incoming=path / bootstrap.INCOMING,
            kept=kept,
            certificate=certificate,
            telemetry=telemetry,
            body_limit=found.body_limit,
            file_limit=found.file_limit,
            reserve=found.reserve,
        )
        with _working(
            service, Recovery(room, kept, journal.mistake), Every(REFUSALS_SECONDS, lambda: refusals.keep(room), journal.mistake)
        ):
            room.clock.sleep_until(replays.began + ON_THE_WAY_SECONDS)
            journal.event("start", version=version("stillroom"))
            yield make_app(service), files
        journal.event("stop")


@contextmanager
def _working(service: Service, recovery: Recovery, keeping: Every) -> Iterator[None]:
    """Let threads work for a server; what was refused up to the end is kept last."""
    service.jobs.resume()
    service.jobs.start()
    recovery.start()
    keeping.start()
    try:
        yield
    finally:
        service.mailbox.close()
        service.jobs.stop(END_SECONDS)
        recovery.stop(END_SECONDS)
        keeping.stop(END_SECONDS)


def serve(path: Path, settings: Settings, ready: Callable[[str], None], database: str | None = None) -> None:
    """Serve a room until the process is told to end.

    Its address is taken first, so that one that is taken is told at once; it listens when there is nothing any more that is signed too
    early (`stillroom.server.replays`). Until then connections are refused.

    Args:
        path: The room's folder.
        settings: How it is set up.
        ready: Hears where the server is, once it listens.
        database: Where a new room is to keep its records, if not in its folder.

    Raises:
        InvalidInput: `CONFIGURATION_INVALID` if the operator's certificates cannot be used; or as `served`.
        Failed: `SERVER_UNAVAILABLE` if the port is taken; or as `served`.
    """
    import uvicorn

    from stillroom.adapters.http.listen import bound, listen

    with bound(settings.host, settings.port) as socket, served(path, settings, database) as (app, files):
        listen(socket)
        ready(f"{'https' if settings.tls else 'http'}://{settings.host}:{socket.getsockname()[1]}")
        uvicorn.Server(configured(app, files)).run(sockets=[socket])


def configured(app: FastAPI | ASGI3Application, files: dict[str, Any]) -> uvicorn.Config:
    """Return how uvicorn serves an application: it writes and says nothing of its own, believes nothing about itself, and has limits.

    Args:
        app: The application.
        files: What it is told of certificates.
    """
    import uvicorn

    from stillroom.adapters.http.prompt import PROMPT

    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=int(END_SECONDS),
        lifespan="off",
        **PROMPT,
        **files,
    )


def certificates(path: Path, settings: Settings) -> tuple[str | None, dict[str, Any]]:
    """Return the digest of the certificate that the room's key vouches for, if it shows one, and what uvicorn is told of certificates.

    Raises:
        InvalidInput: `CONFIGURATION_INVALID` if the operator's certificates cannot be used.
    """
    from stillroom import bootstrap
    from stillroom.adapters.http.certificate import check_files, fingerprint
    from stillroom.adapters.http.channel import LOOPBACK

    if not settings.tls:
        return None, {}
    if settings.certificate is None or settings.private_key is None:
        secret, public = bootstrap.certificate(path, sorted({settings.host, *LOOPBACK, *settings.names}))
        digest: str | None = fingerprint(public.read_bytes())
    else:
        secret, public, digest = settings.private_key, settings.certificate, None
    check_files(secret, public, settings.client_ca)
    mutual = {} if settings.client_ca is None else {"ssl_ca_certs": str(settings.client_ca), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return digest, {"ssl_keyfile": str(secret), "ssl_certfile": str(public), **mutual}
