"""Puts servers, agents and channels together."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from stillroom.adapters.home.client_certificate import shown_to_servers
from stillroom.bootstrap.rooms import choose_engine, read_plate, room_key
from stillroom.errors import Code, Failed, InvalidInput, StillroomError, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.membership import Membership
    from stillroom.adapters.http.channel import Channel
    from stillroom.adapters.remote.kept import Kept
    from stillroom.adapters.remote.mailbox import Mailbox
    from stillroom.room.room import Room
    from stillroom.room.statement import RoomStatement

LOOK_SECONDS = 30.0
"""How long a server may take to say what its room is."""

INCOMING = "incoming"
"""The folder of a room in which what agents bring arrives, encrypted, for one run each."""

KEPT = "kept"
"""The folder of a room with what it may keep of what was brought, encrypted. It has no key to it."""


def open_served_room(path: Path, kept_limit: int = 2**38) -> tuple[Room, Mailbox, Kept]:
    """Open a room whose owners are reached by their agents, with genuine noise, and delete what was brought to a run that was killed.

    Args:
        path: The room's folder.
        kept_limit: How many bytes of each owner may be kept between runs.

    Returns:
        The room, the mailbox where errands wait, and what is kept.

    Raises:
        InvalidInput: `ROOM_INVALID`, as `stillroom.bootstrap.open_room`.
        Failed: `STORE_FAILED` if its records cannot be used.
    """
    import shutil

    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.limits import read_limits
    from stillroom.adapters.opendp_noise import OpendpNoise
    from stillroom.adapters.remote.kept import Kept
    from stillroom.adapters.remote.mailbox import Mailbox
    from stillroom.adapters.remote.sender import Sender
    from stillroom.adapters.remote.tables import RemoteTables
    from stillroom.adapters.remote.vault import RemoteVaults
    from stillroom.adapters.room_store import find_store
    from stillroom.protections.server import ServerProtection
    from stillroom.room import extract
    from stillroom.room.parties import names
    from stillroom.room.refusals import BATCH
    from stillroom.room.room import Genuine, Notary, Room
    from stillroom.room.waiting import Waiting

    plate, key, limits = read_plate(path), room_key(path), read_limits(path)
    shutil.rmtree(path / INCOMING, ignore_errors=True)
    clock, notary = SystemClock(), Notary(plate.name, key)
    mailbox = Mailbox(clock)
    sender = Sender(notary, mailbox, SystemEntropy())
    store = find_store(path)
    kept = Kept(store, clock, path / KEPT, kept_limit)
    kept.sweep()
    tables = RemoteTables(store, sender, path / INCOMING, kept, lambda index: extract.proof(room, [index]))
    protection = ServerProtection(choose_engine(path).made(limits), OpendpNoise(), tables)
    vaults = RemoteVaults(sender, lambda: names(store))
    outlet, waiting = Genuine(protection, key), Waiting(BATCH)
    room = Room(notary=notary, outlet=outlet, store=store, vaults=vaults, clock=clock, waiting=waiting)
    return room, mailbox, kept


def keep_at(path: Path, url: str) -> None:
    """Let a new room keep its records in a PostgreSQL database. It fails as `stillroom.adapters.room_store.move_store` does."""
    from stillroom.adapters.room_store import move_store

    move_store(path, read_plate(path).key, url)


def look_at(url: str, home: Path | None = None) -> tuple[RoomStatement, str | None]:
    """Return what a server says about its room, and the certificate in PEM that it shows if the room's key vouches for it.

    Nothing of it may be believed before somebody has compared the key.

    Args:
        url: Where it is.
        home: The home of the party that looks, whose certificate the server may want to see.

    Raises:
        InvalidInput: `USAGE` if that is no address of a server.
        Failed: `SERVER_UNAVAILABLE`.
        Unverified: `KEY_MISMATCH` if the room's key does not vouch for the certificate.
    """
    import httpx

    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.http.certificate import fingerprint
    from stillroom.adapters.http.channel import PLAIN, base_of, context_for, read_whole
    from stillroom.adapters.http.deadline import Deadline, PromptTransport

    base = base_of(url)
    parts = urlsplit(base)
    try:
        shown = None if parts.scheme == "http" else ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=10)
        context, deadline = context_for(shown.encode() if shown else None, shown_to_servers(home)), Deadline(SystemClock())
        with (
            deadline.within(LOOK_SECONDS),
            httpx.Client(transport=PromptTransport(context, deadline), trust_env=False, timeout=10.0, headers=PLAIN) as client,
            client.stream("GET", f"{base}/v1/room") as answer,
        ):
            statement = _statement(read_whole(answer))
    except (httpx.HTTPError, OSError) as error:
        raise Failed(
            Code.SERVER_UNAVAILABLE, f"No server of a room answers there: {type(error).__name__}.", "Check the address, and that it runs."
        ) from None
    if statement.certificate is None:
        return statement, None
    if shown is None or fingerprint(shown.encode()) != statement.certificate:
        raise Unverified(
            Code.KEY_MISMATCH, "The server shows another certificate than the room's key vouches for.", "Somebody may be in between."
        )
    return statement, shown


def open_channel(home: Home, membership: Membership) -> Channel:
    """Return a party's channel to the server that it has joined. It fails as `Channel` does."""
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.http.channel import Channel

    pinned = None if membership.certificate is None else membership.certificate.encode()
    key, shown = home.signing_key, shown_to_servers(home.path)
    renewed = partial(_renewed, home.path, membership)
    return Channel(membership.url, key, membership.key, SystemClock(), SystemEntropy(), pinned, shown=shown, renewed=renewed)


def _renewed(home: Path, membership: Membership, known: bytes) -> bytes | None:
    """Return a server's new certificate, and keep it in the home, if the room's key vouches for it and it is not older than the known one.

    Raises:
        InvalidInput: `HOME_INVALID` if what the home knows of its server is damaged.
        Failed: `STORE_FAILED`.
    """
    from stillroom.adapters.home.membership import see_certificate
    from stillroom.adapters.http.certificate import is_older

    try:
        statement, shown = look_at(membership.url, home)
    except StillroomError:
        return None
    if shown is None or statement.key != membership.key or is_older(shown.encode(), known):
        return None
    see_certificate(home, membership, shown)
    return shown.encode()


def operators_channel(room: Path, url: str, *, own_certificate: bool) -> Channel:
    """Return the operator's own channel to the server of a room: it signs with the room's key. It fails as `room_key` and `Channel` do.

    Args:
        room: The room's folder.
        url: Where the server is.
        own_certificate: Whether it shows the certificate that the room's key vouches for; else, authorities decide.
    """
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.http.channel import Channel

    own = room / "tls.pem"
    key, pinned = room_key(room), own.read_bytes() if own_certificate and own.exists() else None
    return Channel(url, key, key.public.text, SystemClock(), SystemEntropy(), pinned, shown=shown_to_servers(room))


def join_server(home: Home, membership: Membership) -> bool:
    """Ask a server to be a party of its room, and remember it in the home; return whether its operator has confirmed the key.

    What the home has seen of the room stays as it is: the newest contract, and the newest head of the log.

    Raises:
        Refusal: `KEY_MISMATCH` if the home has joined another room; or as `stillroom.room.parties.join`.
        Failed: `SERVER_UNAVAILABLE` or `STORE_FAILED`.
    """
    from stillroom.model.record import PartyRecord
    from stillroom.room.signed import sign
    from stillroom.room.statement import JOIN_TYPE, JoinStatement

    membership.rejoined(home.path)
    key = home.signing_key
    wish = JoinStatement(room=membership.identity, party=home.party, key=key.public.text)
    channel = open_channel(home, membership)
    try:
        record = PartyRecord.model_validate_json(channel.post("/v1/parties", sign(wish, JOIN_TYPE, key)))
    except ValidationError:
        raise Failed(Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Check the address.") from None
    finally:
        channel.close()
    membership.join(home.path)
    return record.confirmed


def _statement(answer: bytes) -> RoomStatement:
    """Return what a room says about itself, signed by the key that it names."""
    from stillroom.crypto.envelope import open_envelope, unverified_payload
    from stillroom.crypto.keys import PublicKey
    from stillroom.model.codec import decode
    from stillroom.room.statement import ROOM_TYPE, RoomStatement

    claimed = decode(unverified_payload(answer, ROOM_TYPE), RoomStatement)
    return decode(open_envelope(answer, ROOM_TYPE, {claimed.name: PublicKey.parse(claimed.key)}), RoomStatement)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Serve a room in one process at a time.

    Raises:
        InvalidInput: `ROOM_EXISTS` if another one serves it.
    """
    import fcntl
    import os

    read_plate(path)
    descriptor = os.open(path / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise InvalidInput(Code.ROOM_EXISTS, "Another process serves this room.", "Use that one, or end it first.") from None
    try:
        yield
    finally:
        os.close(descriptor)
