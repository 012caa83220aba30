"""Becoming a member of a room that is a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.caps import cap_of
from stillroom.client.session import PUBLIC_KEY
from stillroom.errors import Code, Unverified
from stillroom.model.record import PartyRecord

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.home.client_certificate import ClientCertificate


class Found(NamedTuple):
    """A server, as it describes itself: nothing of it is proved before its key was compared.

    Attributes:
        name: The room's name.
        key: The room's public key.
        certificate: The certificate that it shows, in PEM, vouched for by that key; nothing without TLS.
    """

    name: str
    key: str
    certificate: str | None


def make_home(path: Path, party: str, *, epsilon: float, delta: float, selection_delta: float = 0.0) -> str:
    """Make a party's home that is in no room yet, and return the party's public key. It fails as `stillroom.bootstrap.create_home`.

    It has a certificate, for servers that ask for one, from the beginning.
    """
    from stillroom import bootstrap
    from stillroom.client.files import write_bytes

    home = bootstrap.create_home(path, party, cap_of(epsilon, delta, selection_delta))
    key = home.signing_key.public.text
    write_bytes(home.path / PUBLIC_KEY, key.encode())
    bootstrap.client_certificate(home)
    return key


def client_certificate(path: Path) -> ClientCertificate | None:
    """Return what a party shows to servers that ask for a certificate, made if there is none; None for one from elsewhere.

    It fails as `stillroom.adapters.home.client_certificate.client_certificate`.
    """
    from stillroom import bootstrap
    from stillroom.adapters.home import Home

    return bootstrap.client_certificate(Home.open(path))


def look_at(url: str, home: Path | None = None) -> Found:
    """Return what a server says about itself, to a party if its home is named. It fails as `stillroom.bootstrap.look_at`."""
    from stillroom import bootstrap

    statement, certificate = bootstrap.look_at(url, home)
    return Found(statement.name, statement.key, certificate)


def join_server(path: Path, url: str, found: Found, room_key: str) -> PartyRecord:
    """Join a server's room, if its key is the one that the operator has read out.

    Args:
        path: The party's home.
        url: Where the server is.
        found: What it says about itself.
        room_key: What the operator says.

    Returns:
        The party's key, and whether the operator has confirmed it yet.

    Raises:
        Unverified: `KEY_MISMATCH` if the server has another key.
        Refusal: As `stillroom.bootstrap.join_server`.
        Failed: `SERVER_UNAVAILABLE` or `STORE_FAILED`.
    """
    from stillroom import bootstrap
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.membership import Membership
    from stillroom.adapters.http.channel import base_of

    if found.key != room_key:
        raise Unverified(Code.KEY_MISMATCH, "The server's key is not the one that you were told.", "Do not join; ask the operator.")
    home = Home.open(path)
    membership = Membership(url=base_of(url), name=found.name, key=found.key, certificate=found.certificate)
    confirmed = bootstrap.join_server(home, membership)
    return PartyRecord(key=home.signing_key.public.text, party=home.party, confirmed=confirmed)
