"""What every request and every answer goes through: who is asked (Host), who asks (Origin), how much, and the headers of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from stillroom.errors import StillroomError
    from stillroom.pages.house import House

BODY_LIMIT = 2_000_000
"""The largest request: a contract's file, with what surrounds it."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Headers of every answer."""

SAFE = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""


class Guard:
    """Lets through only requests that are meant for these pages and come from them, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        """Stand before an application."""
        self._app, self._house = app, house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_encoded(_headers(message))]
            await send(message)

        problem = _problem(self._house, scope["method"], _decoded(scope))
        if problem is None:
            await self._served(scope, receive, sealed)
        else:
            await _refuse(problem, sealed)

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer. Of a mistake of ours only the kind is told: its words may depend on data."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the application has answered already, and the terminal is to see no values
            self._house.notes(f"pages: {type(error).__name__}")


def _headers(answer: Message) -> dict[str, str]:
    """Return the headers of an answer; what is not said to be kept is not kept."""
    kept = any(name.lower() == b"cache-control" for name, _ in answer["headers"])
    return HEADERS if kept else {**HEADERS, "Cache-Control": "no-store"}


def _problem(house: House, method: str, headers: dict[str, str]) -> StillroomError | None:
    """Return what is wrong with a request, if anything."""
    host = headers.get("host", "").lower()
    if host not in house.authorities:
        return _stranger("The request names another host.", "Open the pages by the address that the agent prints.")
    if method in SAFE:
        return None
    if not (_from_script(headers) or _from_here(f"{house.scheme}://{host}", headers)):
        return _stranger("The request does not come from these pages.", "Open the pages by the address that the agent prints.")
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or "transfer-encoding" in headers:
        return _stranger("The request does not say how long it is.", "Send it from the pages.")
    if int(length) > BODY_LIMIT:
        return InvalidInput(Code.REQUEST_TOO_LARGE, f"The request is larger than {BODY_LIMIT} bytes.", "Send a smaller file.")
    return None


def _from_here(origin: str, headers: dict[str, str]) -> bool:
    """Tell whether a request that changes something comes from these very pages.

    A form of a page with `Referrer-Policy: no-referrer` sends the origin `null` (Fetch, "append a request Origin header"), so then the
    browser's own word is taken, which no page can set.
    """
    given = headers.get("origin")
    return given == origin or (given == "null" and headers.get("sec-fetch-site") == "same-origin")


def _from_script(headers: dict[str, str]) -> bool:
    """Tell whether a request has an API token, which no browser sends by itself, and comes from no page: pages have an origin."""
    return api_token(headers.get("authorization")) is not None and "origin" not in headers


def api_token(authorization: str | None) -> str | None:
    """Return the API token of a request (RFC 6750, section 2.1), if it has one: its cookie does not count then."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _refuse(problem: StillroomError, send: Send) -> None:
    """Answer in plain text: who asks here sees no page of ours."""
    status = 413 if problem.code is Code.REQUEST_TOO_LARGE else 400
    body = f"{problem.code}: {problem.reason} {problem.fix}\n".encode()
    headers = _encoded({"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "Connection": "close"})
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _stranger(reason: str, fix: str) -> InvalidInput:
    return InvalidInput(Code.REQUEST_INVALID, reason, fix)


def _decoded(scope: Scope) -> dict[str, str]:
    """Return the headers of a request; one that stands twice is none."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        found[key] = "" if key in found else value.decode("latin-1")
    return found


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
