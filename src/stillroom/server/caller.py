"""Who sends a request: proved by its signature, known by its key, and allowed by the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations

from stillroom.adapters.http.signatures import Message, Signed, has_body, unsigned, verify_request
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.room import contracts, parties
from stillroom.server.access import ALLOWED, Action, Relation, permit, relations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stillroom.server.service import Service


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        name: The party, if the key is one's.
        relations: What it is to the room.
        body: The body, as it was signed; empty where it is still to be read.
        signed: What the signature says; nothing for what anybody may do.
    """

    name: str
    relations: frozenset[Relation]
    body: bytes
    signed: Signed | None


def allowed(action: Action, *, streamed: bool = False) -> Callable[[Request], Awaitable[Caller]]:
    """Return what lets a request through that may do something, and says who sends it.

    Args:
        action: What it does.
        streamed: Whether the route reads the body itself, and compares its digest.
    """

    async def caller(request: Request) -> Caller:
        service: Service = request.app.state.service
        if Relation.ANYBODY in ALLOWED[action]:
            _take(service, _address(request))
            return Caller("", frozenset({Relation.ANYBODY}), b"", None)
        signed = verify_request(_message(request), service.room.notary.key.public.text, service.room.clock.now())
        name, present = _who(service, signed)
        _take(service, signed.key.text if name else _address(request))
        body = b"" if streamed else await _body(request, service.body_limit)
        if not streamed and not has_body(signed, body):
            raise unsigned()
        if not service.replays.is_new(signed):
            raise unsigned()
        request.state.party = name
        if present == {Relation.ANYBODY, Relation.KEYHOLDER} and action is not Action.JOIN:
            raise unsigned()
        permit(action, present)
        return Caller(name, present, body, signed)

    return caller


def _who(service: Service, signed: Signed) -> tuple[str, frozenset[Relation]]:
    with service.room.store.reading() as records:
        name, party = parties.party_of(records, signed.key.text)
        active = records.contracts.active()
        contract = contracts.read(active.envelope) if active else None
    operates = signed.key == service.room.notary.key.public
    return name or "", relations(signed=True, name=name, party=party, contract=contract, operates=operates)


def _address(request: Request) -> str:
    """Return whose requests are counted where the sender's key is nobody's: anybody can make a new key for each request."""
    return request.client.host if request.client else ""


def _take(service: Service, sender: str) -> None:
    if not service.rates.take(sender):
        raise Refusal(Code.TOO_MANY_REQUESTS, "Too many requests came at once.", "Send fewer; a moment is enough.")


def _message(request: Request) -> Message:
    """Return a request as its sender has signed it. A header that stands twice is joined, as RFC 9421 asks, and matches no signature."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raw = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope.get("query_string", b"")
    path = raw.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    return Message(request.method, f"{request.url.scheme}://{headers.get('host', '')}{path}", headers)


async def _body(request: Request, limit: int) -> bytes:
    """Return the body of a request, unless it is too large."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise InvalidInput(Code.REQUEST_TOO_LARGE, f"The request is larger than {limit} bytes.", "Send less at once.")
    return bytes(body)
