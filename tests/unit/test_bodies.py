"""Bodies of requests: how large they may be, and how slow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from starlette.requests import ClientDisconnect

from stillroom.errors import Code, InvalidInput
from stillroom.server.body import pieces, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

LONG = 60.0
SHORT = 0.05


async def stream(*parts: bytes | type[Exception] | None) -> AsyncIterator[bytes]:
    """Yield parts of a body; where there is none, wait for ever, and where an error stands, fail with it."""
    for part in parts:
        if part is None:
            await asyncio.Event().wait()
        elif isinstance(part, bytes):
            yield part
        else:
            raise part


async def in_pieces(found: AsyncIterator[bytes], limit: int, seconds: float) -> bytes:
    """Return a file that was read piece by piece."""
    return b"".join([piece async for piece in pieces(found, limit, seconds)])


async def trickle() -> AsyncIterator[bytes]:
    """Yield a byte every now and then, for ever."""
    while True:
        await asyncio.sleep(SHORT / 10)
        yield b"x"


READ = pytest.mark.parametrize("read", [whole, in_pieces])


@READ
def test_a_body_is_what_was_sent(read: Callable[..., Coroutine[None, None, bytes]]) -> None:
    assert asyncio.run(read(stream(b"abc", b"", b"defg"), 7, LONG)) == b"abcdefg"
    assert asyncio.run(read(stream(), 7, LONG)) == b""


@READ
def test_a_body_has_a_size(read: Callable[..., Coroutine[None, None, bytes]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(read(stream(b"abc", b"defgh", None), 7, LONG))
    assert caught.value.code is Code.REQUEST_TOO_LARGE


@READ
@pytest.mark.parametrize("end", [None, ClientDisconnect])
def test_a_body_that_does_not_end_is_given_up(read: Callable[..., Coroutine[None, None, bytes]], end: type[Exception] | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(read(stream(b"abc", end), 7, SHORT))
    assert caught.value.code is Code.REQUEST_INVALID


def test_a_body_that_trickles_in_is_given_up() -> None:
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(whole(trickle(), 10**6, SHORT))
    assert caught.value.code is Code.REQUEST_INVALID
