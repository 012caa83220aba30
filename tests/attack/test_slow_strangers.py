"""Whoever is slow on purpose: strangers who hold connections to a server, and servers that drip their answers, keep nobody waiting."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import uvicorn

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.http.channel import TRANSFER_SECONDS, Channel, context_for
from stillroom.adapters.http.deadline import Deadline
from stillroom.adapters.http.listen import listening
from stillroom.adapters.http.prompt import CONNECTIONS_PER_ADDRESS, HEAD_SECONDS, PromptLoop, PromptProtocol
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Failed
from stillroom.server.main import CONNECTIONS, configured
from tests.certificates import Authority
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

HASTE = 1000.0
"""So many seconds pass on a hurried clock while one does."""

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Quick(PromptProtocol):
    """Connections with little patience."""

    head_seconds = 0.5
    per_address = 4


class QuickLoop(PromptLoop):
    """A loop with as little."""

    handshake_seconds = 0.5


class Hurried(FakeClock):
    """A clock on which little of our time is much."""

    def steady(self) -> float:
        """Return how many seconds have passed."""
        return time.monotonic() * HASTE


async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer after more than the head of a request may take."""
    del scope, receive
    await asyncio.sleep(2 * Quick.head_seconds)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@contextmanager
def serving(**files: str) -> Iterator[tuple[str, int]]:
    """Serve that, as a room's server is configured, but for its patience."""
    config = configured(slowly, files)  # type: ignore[arg-type]  # one kind of application among those that uvicorn knows
    assert config.http is PromptProtocol
    assert config.get_loop_factory() is PromptLoop
    config.http = Quick

    def serve() -> None:
        with asyncio.Runner(loop_factory=QuickLoop) as runner:
            runner.run(server.serve(sockets=[listener]))

    with listening("127.0.0.1", 0) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join(30)


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    """Connect, and wait for nothing longer than half a minute."""
    with socket.create_connection(address, timeout=30) as found:
        yield found


def drip(connection: socket.socket) -> bytes:
    """Send the head of a request letter by letter, until the other side hangs up; return what it has said."""
    connection.settimeout(0.05)
    for _ in range(600):
        try:
            connection.sendall(b"G")
            found = connection.recv(100)
        except TimeoutError:
            continue
        except OSError:
            return b""
        return found
    pytest.fail("nobody hung up")


@contextmanager
def serving_securely(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve it over TLS."""
    certificate, key = folder / "tls.pem", folder / "tls.key"
    Authority("somebody").issue("localhost", certificate, key)
    with serving(ssl_certfile=str(certificate), ssl_keyfile=str(key)) as address:
        yield address


def test_what_a_server_waits_for_is_less_than_it_has() -> None:
    assert PromptLoop.handshake_seconds == HEAD_SECONDS
    assert PromptProtocol.head_seconds == HEAD_SECONDS <= 30
    assert 2 * PromptProtocol.per_address == 2 * CONNECTIONS_PER_ADDRESS <= CONNECTIONS


def test_a_connection_on_which_nothing_is_said_is_closed() -> None:
    with serving() as address, connected(address) as silent:
        begun = time.monotonic()
        assert silent.recv(100) == b""
        assert time.monotonic() - begun >= Quick.head_seconds / 2


def test_the_head_of_a_request_that_drips_in_is_not_waited_for() -> None:
    with serving() as address, connected(address) as slow:
        assert drip(slow) == b""


def test_a_handshake_that_never_begins_is_not_waited_for(tmp_path: Path) -> None:
    with serving_securely(tmp_path) as address, connected(address) as silent:
        silent.settimeout(10)
        assert silent.recv(100) == b""


def test_a_handshake_that_drips_in_is_not_waited_for(tmp_path: Path) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    with serving_securely(tmp_path) as address, connected(address) as slow:
        slow.settimeout(0.1)
        for number in range(100):
            slow.sendall(hello[number : number + 1])
            with suppress(TimeoutError):
                assert slow.recv(100) == b""
                return
    pytest.fail("nobody hung up")


def test_whoever_shakes_hands_in_time_is_served(tmp_path: Path) -> None:
    with serving_securely(tmp_path) as address, connected(address) as prompt:
        context = context_for((tmp_path / "tls.pem").read_bytes(), None)
        with context.wrap_socket(prompt, server_hostname="localhost") as secure:
            secure.sendall(REQUEST)
            assert secure.recv(1000).startswith(b"HTTP/1.1 200")


def test_nor_that_of_a_further_request_on_the_same_connection() -> None:
    with serving() as address, connected(address) as slow:
        slow.sendall(REQUEST)
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        assert drip(slow) in {b"", b"ok"}
        assert drip(slow) == b""


def test_an_answer_that_takes_longer_is_waited_for() -> None:
    with serving() as address, connected(address) as patient:
        patient.sendall(REQUEST)
        assert patient.recv(1000).startswith(b"HTTP/1.1 200")


def test_one_address_does_not_hold_all_connections() -> None:
    with serving() as address, ExitStack() as stack:
        held = [stack.enter_context(connected(address)) for _ in range(Quick.per_address)]
        for one in held:
            one.sendall(REQUEST)
        begun = time.monotonic()
        with connected(address) as further:
            assert further.recv(100) == b""
        assert time.monotonic() - begun < Quick.head_seconds
        assert all(one.recv(1000).startswith(b"HTTP/1.1 200") for one in held)


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[str]:
    """Let a server begin to answer, and go on drop by drop for ever."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(head)
                while not over.wait(0.02):
                    connection.sendall(drop)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join(30)


def used(channel: Channel, what: str) -> None:
    """Send a request, or follow events."""
    if what == "request":
        channel.post("/v1/errands", b"{}", seconds=60.0)
        return
    with channel.events("/v1/runs/x/events", seconds=60.0) as events:
        list(events)


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"), (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x")],
    ids=["head", "body"],
)
@pytest.mark.parametrize("what", ["request", "events"])
def test_a_server_that_drips_its_answer_is_given_up(head: bytes, drop: bytes, what: str) -> None:
    key = SigningKey.from_seed(b"k" * 32)
    with dripping(head, drop) as url:
        channel = Channel(url, key, key.public.text, Hurried(), SystemEntropy())
        begun = time.monotonic()
        with pytest.raises(Failed) as caught:
            used(channel, what)
        assert caught.value.code is Code.SERVER_UNAVAILABLE
        assert time.monotonic() - begun < 20
        channel.close()


def test_a_deadline_is_of_its_thread_and_shortens_what_a_step_may_take() -> None:
    clock = FakeClock()
    deadline = Deadline(clock)
    assert deadline.left(7.0) == 7.0
    with deadline.within(TRANSFER_SECONDS):
        assert deadline.left(7.0) == 7.0
        assert deadline.left(None) == TRANSFER_SECONDS
        clock.moment += TRANSFER_SECONDS - 5
        assert deadline.left(7.0) == 5.0
        clock.moment += 6
        assert deadline.left(7.0) == 0.0
        found: list[float | None] = []
        other = threading.Thread(target=lambda: found.append(deadline.left(7.0)))
        other.start()
        other.join()
        assert found == [7.0]
    assert deadline.left(7.0) == 7.0
