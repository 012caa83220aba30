"""Bodies of requests, which are read no longer than they may be, in bytes and in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import fail_after
from starlette.requests import ClientDisconnect

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECONDS = 60.0
"""How long a body may take, and each piece of a file: as long as a signature is good."""


async def whole(stream: AsyncIterator[bytes], limit: int, seconds: float = SECONDS) -> bytes:
    """Return a body.

    Raises:
        InvalidInput: `REQUEST_TOO_LARGE`, or `REQUEST_INVALID` if it does not come to its end in time.
    """
    body = bytearray()
    try:
        with fail_after(seconds):
            async for piece in stream:
                body += piece
                _small(len(body), limit)
    except (TimeoutError, ClientDisconnect):
        raise _broken() from None
    return bytes(body)


async def pieces(stream: AsyncIterator[bytes], limit: int, seconds: float = SECONDS) -> AsyncIterator[bytes]:
    """Yield a file, piece by piece; it may take long, but no piece of it may. It fails as `whole` does."""
    size = 0
    while True:
        try:
            with fail_after(seconds):
                piece = await anext(stream, None)
        except (TimeoutError, ClientDisconnect):
            raise _broken() from None
        if piece is None:
            return
        _small(size := size + len(piece), limit)
        yield piece


def _small(size: int, limit: int) -> None:
    if size > limit:
        raise InvalidInput(Code.REQUEST_TOO_LARGE, f"The request is larger than {limit} bytes.", "Send less at once.")


def _broken() -> InvalidInput:
    return InvalidInput(Code.REQUEST_INVALID, "The body of the request did not come to its end in time.", "Send it again.")
