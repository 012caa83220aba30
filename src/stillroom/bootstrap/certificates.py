"""The certificates for TLS that rooms and homes make for themselves, and make anew in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.client_certificate import ClientCertificate

PAGES = "pages.pem"
"""The file of a home with the certificate that its pages show on this machine, and its secret key."""


def certificate(room: Path, hosts: Sequence[str]) -> tuple[Path, Path]:
    """Return the files of the secret key and of the certificate of a room's server.

    They are made first if there are none, or the certificate is not for all that the server answers to, or near its end.

    Args:
        room: The room's folder.
        hosts: Names and addresses that the server answers to.

    Raises:
        InvalidInput: `ROOM_INVALID` if others can read the secret key.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.home.files import check_private, disk_errors, exclusive, replace_private
    from stillroom.adapters.http.certificate import make_certificate, will_do

    secret, public = room / "tls.key", room / "tls.pem"
    with disk_errors("The room's certificate"), exclusive(room / "room.lock"):
        now = SystemClock().now()
        if not (secret.exists() and public.exists() and will_do(public.read_bytes(), hosts, now)):
            made = make_certificate(hosts, now)
            replace_private(secret, made[0])
            replace_private(public, made[1])
        check_private(secret, Code.ROOM_INVALID, "Delete tls.key and tls.pem in the room's folder: they are made anew.")
    return secret, public


def pages_certificate(home: Home) -> Path:
    """Return the file of the certificate of a home's pages, for the names of this machine, with its secret key.

    It is made first if there is none, or the one that there is is near its end.

    Raises:
        InvalidInput: `HOME_INVALID` if others can read the secret key.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.home.client_certificate import LOCK
    from stillroom.adapters.home.files import check_private, disk_errors, exclusive, replace_private
    from stillroom.adapters.http.certificate import make_pages_certificate, will_do
    from stillroom.adapters.http.channel import LOOPBACK

    file, hosts = home.path / PAGES, sorted(LOOPBACK)
    with disk_errors("The pages' certificate"), exclusive(home.path / LOCK):
        now = SystemClock().now()
        if not (file.exists() and will_do(file.read_bytes(), hosts, now)):
            secret, public = make_pages_certificate(home.party, hosts, now)
            replace_private(file, public + secret)
        check_private(file, Code.HOME_INVALID, f"Delete {PAGES} in the home: it is made anew.")
    return file


def client_certificate(home: Home) -> ClientCertificate | None:
    """Return what a party shows to servers. It fails as `stillroom.adapters.home.client_certificate.client_certificate`."""
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.home.client_certificate import client_certificate

    return client_certificate(home, SystemClock().now())
