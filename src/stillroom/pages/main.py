"""The pages, beside an agent in one process, from their start to a clean end."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from socket import socket

    from uvicorn import Server

    from stillroom.adapters.home.people import PeopleBook
    from stillroom.pages.house import House, Notes
    from stillroom.pages.runs import Runs

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Hosts that are this machine: only there may the pages be without TLS."""

ADDRESS = "pages.url"
"""The file of a home that says where its pages are served: links begin with it."""

END_SECONDS = 5
"""How long the end may take."""


def heard(say: Callable[[str], None]) -> Notes:
    """Return what hears the agent, for the pages.

    Args:
        say: Hears it besides.
    """
    from stillroom.adapters.clock import SystemClock
    from stillroom.pages.house import Notes

    return Notes(SystemClock(), say)


def people_of(path: Path) -> PeopleBook:
    """Return who may use the pages of a home. It fails as `stillroom.adapters.home.Home.open`."""
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.people import PeopleBook

    return PeopleBook(Home.open(path).path, SystemClock(), SystemEntropy())


def address_of(home: Path) -> str:
    """Return where the pages of a home are.

    Raises:
        InvalidInput: `HOME_INVALID` if they are not served.
    """
    try:
        return (home / ADDRESS).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise InvalidInput(
            Code.HOME_INVALID, "The pages of this home are not served.", "Start the agent first: stillroom agent --home HOME."
        ) from None


def own_certificate(home: Path, address: str) -> tuple[Path, Path]:
    """Return the files of the certificate that a home makes for its pages on this machine, and of its key, for `paged`.

    Raises:
        InvalidInput: `USAGE` if the address is not one of this machine alone; or as `stillroom.bootstrap.pages_certificate`.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap
    from stillroom.adapters.home import Home

    if _parts(address, secure=True)[0] not in LOOPBACK:
        raise InvalidInput(
            Code.USAGE,
            "The certificate that a home makes is for this machine's own names.",
            "Let --pages begin with 127.0.0.1 or localhost, or give --certificate and --key.",
        )
    file = bootstrap.pages_certificate(Home.open(home))
    return file, file


def fingerprint_of(certificate: Path) -> str:
    """Return the SHA-256 of the first certificate in a file, as browsers show it."""
    from stillroom.adapters.http.certificate import as_browsers_show, certificates_in

    return as_browsers_show(certificates_in(certificate.read_bytes())[0])


@contextmanager
def paged(home: Path, address: str, notes: Notes, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve a party's pages while the context lasts, and yield where they are.

    Args:
        home: The party's home.
        address: `HOST:PORT`; port 0 takes one that is free.
        notes: What the agent says.
        certificate: Files with the certificate and its key, in PEM, for TLS.

    Raises:
        InvalidInput: `USAGE` if that is no address, or others could reach it without TLS; `CONFIGURATION_INVALID` if the certificate or its
            key cannot be used; or as `stillroom.adapters.home.Home.open`.
        Failed: `SERVER_UNAVAILABLE` if the port is taken.
    """
    import uvicorn

    from stillroom.adapters.http.certificate import check_files
    from stillroom.adapters.http.listen import listening
    from stillroom.adapters.http.prompt import PROMPT
    from stillroom.pages.app import make_app
    from stillroom.pages.guard import Guard

    secure = certificate is not None
    host, port = _parts(address, secure=secure)
    if certificate is not None:
        check_files(certificate[1], certificate[0], None)
    with listening(host, port) as listener:
        port = listener.getsockname()[1]
        house = _house(home, notes, _authorities(host, port, secure=secure), secure=secure)
        config = uvicorn.Config(
            Guard(make_app(house), house),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=END_SECONDS,
            ssl_certfile=None if certificate is None else str(certificate[0]),
            ssl_keyfile=None if certificate is None else str(certificate[1]),
            **PROMPT,
        )
        url = f"{house.scheme}://{_written(host)}:{port}"
        with _answering(uvicorn.Server(config), listener, house.runs), _known(house.path / ADDRESS, url):
            yield url


@contextmanager
def _answering(server: Server, listener: socket, runs: Runs) -> Iterator[None]:
    """Let a server answer while the context lasts, which begins when it has started."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="pages")
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            if not thread.is_alive():
                raise Failed(
                    Code.SERVER_UNAVAILABLE, "The pages could not be started.", "Serve them at another address: --pages HOST:PORT."
                )
        yield
    finally:
        server.should_exit = True
        runs.close()
        thread.join()


@contextmanager
def _known(file: Path, url: str) -> Iterator[None]:
    """Write down where pages are while the context lasts, unless others of the same home write there meanwhile."""
    from stillroom.adapters.home.files import disk_errors, replace_private

    with disk_errors("The home"):
        replace_private(file, url.encode())
    try:
        yield
    finally:
        with suppress(OSError):
            if file.read_bytes() == url.encode():
                file.unlink()


def _house(path: Path, notes: Notes, authorities: frozenset[str], *, secure: bool) -> House:
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.journal import Journal
    from stillroom.adapters.home.tokens import TokenBook
    from stillroom.pages.challenges import Challenges
    from stillroom.pages.house import House
    from stillroom.pages.oidc import Reception
    from stillroom.pages.runs import Runs

    home, clock, people = Home.open(path), SystemClock(), people_of(path)
    return House(
        path=home.path,
        party=home.party,
        key=home.signing_key.public.text,
        people=people,
        tokens=TokenBook(people, clock, SystemEntropy()),
        journal=Journal(home.path, clock),
        clock=clock,
        challenges=Challenges(clock, SystemEntropy()),
        runs=Runs(SystemEntropy()),
        notes=notes,
        reception=Reception(home.path, people, clock, SystemEntropy(), notes),
        authorities=authorities,
        tls=secure,
    )


def _parts(address: str, *, secure: bool) -> tuple[str, int]:
    """Return host and port of an address."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise InvalidInput(Code.USAGE, "That is no address for pages.", "Write --pages 127.0.0.1:8462, or another host and port.")
    if host not in LOOPBACK and not secure:
        raise InvalidInput(
            Code.USAGE,
            "Without TLS, pages are for this machine alone.",
            "Add --certificate and --key, or let --pages begin with 127.0.0.1.",
        )
    return host, int(port)


def _authorities(host: str, port: int, *, secure: bool) -> frozenset[str]:
    """Return what a browser may write as `Host`: the name that was given; on this machine, any of its names."""
    usual = {443 if secure else 80: ""}
    names = {_written(one) for one in (LOOPBACK if host in LOOPBACK else {host.lower()})}
    return frozenset(name + usual.get(port, f":{port}") for name in names)


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
