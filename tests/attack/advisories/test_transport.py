"""Advisories about the way between the two: who answers, how much, how slowly, and how often."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.http.certificate import fingerprint, make_certificate
from stillroom.adapters.http.channel import Channel
from stillroom.bootstrap import open_channel
from stillroom.client.members import look_at, make_home
from stillroom.crypto.canonical import digest
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Failed, StillroomError, Unverified
from stillroom.model.codec import encode
from stillroom.model.errand import Fetch
from stillroom.model.record import JobRecord, JobState
from stillroom.room.signed import sign
from stillroom.room.statement import ROOM_TYPE, RoomStatement
from stillroom.server.followers import MOST
from tests.callers import asked, key_of, lines, sent, signed, spoken
from tests.strange_servers import answering

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services import Served

KEY = SigningKey.from_seed(b"k" * 32)
MEGABYTE = 1_000_000


def channel(url: str, certificate: bytes | None = None) -> Channel:
    """Return a channel to a server that is none of ours."""
    return Channel(url, KEY, KEY.public.text, SystemClock(), SystemEntropy(), certificate)


def shown(folder: Path, name: str, made: float | None = None) -> tuple[bytes, ssl.SSLContext]:
    """Return a new certificate, and what shows it."""
    secret, certificate = make_certificate(["127.0.0.1"], SystemClock().now() if made is None else made)
    file = folder / f"{name}.pem"
    file.write_bytes(secret + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return certificate, context


def unreachable(url: str, certificate: bytes | None) -> None:
    """See that a channel does not talk to a server."""
    with pytest.raises(Failed) as caught:
        channel(url, certificate).get("/v1/room")
    assert caught.value.code is Code.SERVER_UNAVAILABLE


def test_a_server_with_another_certificate_is_not_talked_to(tmp_path: Path) -> None:
    """A client that verifies no certificate, or believes any authority, talks to whoever is in between (a class of many advisories).

    Here: a server at the very address shows another certificate for it, made in the same way, or the right one under another name.
    """
    own, context = shown(tmp_path, "own")
    other, between = shown(tmp_path, "other")
    with answering(b"ok", context=context) as url:
        assert channel(url, own).get("/v1/room") == b"ok"
        unreachable(url, other)
        unreachable(url, None)
        unreachable(url.replace("127.0.0.1", "localhost"), own)
    with answering(b"ok", context=between) as url:
        unreachable(url, own)


def test_a_room_vouches_for_the_certificate_that_is_shown(tmp_path: Path) -> None:
    """The same, before anything is pinned: what the server says about itself is passed on by somebody with a certificate of its own."""
    _, context = shown(tmp_path, "between")
    said = RoomStatement(name="example.org/study", key=KEY.public.text, certificate="sha256:" + "0" * 64)
    with answering(sign(said, ROOM_TYPE, KEY), context=context) as url:
        with pytest.raises(Unverified) as caught:
            look_at(url)
        assert caught.value.code is Code.KEY_MISMATCH


def test_a_new_certificate_is_one_that_the_same_room_vouches_for_and_no_older_one(tmp_path: Path) -> None:
    """The same, when a room's certificate is renewed: what is in between shows one that another key vouches for, or an old one."""
    old, at_first = shown(tmp_path, "old", SystemClock().now() - 9)
    known, context = shown(tmp_path, "known")
    new, afterwards = shown(tmp_path, "new")
    make_home(tmp_path / "clinic", "clinic", epsilon=1, delta=1e-9)
    home, other = Home.open(tmp_path / "clinic"), SigningKey.from_seed(b"o" * 32)
    said = {pem: RoomStatement(name="example.org/study", key=KEY.public.text, certificate=fingerprint(pem)) for pem in (old, known, new)}

    def got(answer: bytes, context: ssl.SSLContext) -> Membership | None:
        with answering(answer, context=context) as url:
            joined = Membership(url=url, name="example.org/study", key=KEY.public.text, certificate=known.decode())
            joined.save(home.path)
            with suppress(Failed):
                assert open_channel(home, joined).get("/v1/room") == answer
                return Membership.load(home.path)
            assert Membership.load(home.path) == joined
            return None

    assert got(sign(said[known], ROOM_TYPE, KEY), context)
    renewed = got(sign(said[new], ROOM_TYPE, KEY), afterwards)
    assert renewed is not None
    assert renewed.certificate == new.decode()
    assert not got(sign(said[known], ROOM_TYPE, KEY), afterwards)
    assert not got(sign(said[old], ROOM_TYPE, KEY), at_first)
    assert not got(sign(said[new].model_copy(update={"key": other.public.text}), ROOM_TYPE, other), afterwards)


def test_cve_2025_69223_what_is_small_does_not_become_large(room: Served) -> None:
    """aiohttp: a body was unpacked before anybody looked at its size, so that a small request filled the memory.

    Here: such a request to the server, which unpacks nothing; and such an answer to a client, which does not read it.
    """
    bomb = gzip.compress(bytes(300 * MEGABYTE), 1)
    assert len(bomb) < room.service.body_limit
    answer = sent(signed(room, "POST", "/v1/contracts", bomb), bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (422, Code.ENVELOPE_INVALID)
    for status in ("200 OK", "403 Forbidden"):
        with answering(bomb, "Content-Encoding: gzip", status=status) as url:
            tracemalloc.start()
            unreachable(url, None)
            with pytest.raises(Failed):
                look_at(url)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert most < 50 * MEGABYTE


def test_a_client_follows_no_redirection(room: Served) -> None:
    """requests, and others: a redirection took a client, with what it was authorised by, to another server (a class of many advisories)."""
    for status in ("302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
        with answering(b"", f"Location: {room.url}/v1/room", status=status) as url:
            unreachable(url, None)
            with pytest.raises(StillroomError):
                look_at(url)


def test_cve_2024_47874_a_body_ends(room: Served) -> None:
    """Starlette: fields of forms were kept in memory, however large they were.

    Here: a body without a length, twenty times as large as any may be, and one that calls itself a form. What is too much is not kept.
    """
    for kind in ("application/json", "multipart/form-data; boundary=x"):
        message = signed(room, "POST", "/v1/contracts", b"")
        pieces = (bytes(MEGABYTE) for _ in range(20 * room.service.body_limit // MEGABYTE))
        tracemalloc.start()
        answer = httpx.post(message.url, content=pieces, headers={**message.headers, "Content-Type": kind}, trust_env=False, timeout=60)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (answer.status_code, answer.json()["code"]) == (413, Code.REQUEST_TOO_LARGE)
        assert most < 8 * room.service.body_limit


def test_slow_senders_keep_nobody_waiting(room: Served) -> None:
    """Slow bodies held one worker each, until there was none left (known as Slowloris and R-U-Dead-Yet, from many servers).

    Here: sixty connections, each in the middle of a signed request. Another party is served meanwhile.
    """
    parts = urlsplit(room.url)
    half = lines(signed(room, "POST", "/v1/contracts", bytes(1000)), "Content-Length: 1000", body=bytes(10))
    with ExitStack() as stack:
        for _ in range(60):
            slow = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0)))
            slow.sendall(half)
        begun = time.perf_counter()
        assert asked(room, "GET", "/v1/balance", party="clinic").is_success
        assert time.perf_counter() - begun < 10


def test_one_party_waits_for_errands_in_one_place(room: Served) -> None:
    """NVFlare (GHSA-jx8f-cpx7-fv47), again: what a request may keep busy was not limited; a place in a pool of threads is such a thing.

    Here: sixty requests of one member wait for errands, each for half a minute. All but the last come back at once.
    """
    body = encode(Fetch(session="7" * 32, raises={}, seconds=30.0))
    done: list[int] = []

    def wait() -> None:
        done.append(asked(room, "POST", "/v1/errands", body).status_code)

    threads = [threading.Thread(target=wait) for _ in range(60)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    while len(done) < 59:
        assert time.perf_counter() - begun < 25, len(done)
        threading.Event().wait(0.05)
    assert asked(room, "GET", "/v1/health").is_success
    room.service.mailbox.fetch("insurer", Fetch(session="7" * 32, raises={}, seconds=0.0))
    for thread in threads:
        thread.join(30)
    assert set(done) == {200}


def test_streams_keep_nobody_waiting_and_are_over_when_nobody_listens(room: Served) -> None:
    """The same: a stream of how a run stands kept a place in a pool of threads until the run was over, also when nobody listened any more.

    Here: both parties follow a run that does not end, as often as they may, and twenty times more. Others are served meanwhile.
    """
    parties = ("clinic", "insurer")
    with room.service.room.store.writing() as records:
        for party in parties:
            records.jobs.put(JobRecord(job=digest(party.encode()), party=party, question=b"", state=JobState.RUNNING, lease=1e12))
    with httpx.Client(trust_env=False, timeout=60, limits=httpx.Limits(max_connections=None)) as client:

        def followed(party: str) -> httpx.Response:
            message = signed(room, "GET", f"/v1/runs/{digest(party.encode())}/events", key=key_of(room, party))
            return client.send(client.build_request("GET", message.url, headers=message.headers), stream=True)

        streams = {party: [followed(party) for _ in range(MOST)] for party in parties}
        assert {stream.status_code for party in parties for stream in streams[party]} == {200}
        for party in parties:
            assert [followed(party).status_code for _ in range(20)] == [429] * 20
        assert asked(room, "GET", "/v1/balance", party="clinic").is_success
        streams["clinic"][0].close()
        while followed("clinic").status_code != httpx.codes.OK:
            threading.Event().wait(0.05)
        assert followed("insurer").status_code == 429


def test_headers_end(room: Served) -> None:
    """Headers without end were kept in memory (a class that is known from many servers, Starlette's CVE-2024-47874 among its relatives)."""
    answer = spoken(room, lines(signed(room, "GET", "/v1/log"), *(f"X-{number}: {'x' * 1000}" for number in range(200))))
    assert answer.startswith(b"HTTP/1.1 4") or answer == b""
    assert asked(room, "GET", "/v1/health").is_success
