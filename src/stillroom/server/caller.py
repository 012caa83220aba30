"""Who sends a request: proved by its signature, known by its key, and allowed by the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import sleep
from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations
from starlette.concurrency import run_in_threadpool

from stillroom.adapters.http.signatures import Message, Signed, has_body, unsigned, verify_request
from stillroom.errors import Code, Refusal
from stillroom.room import contracts, parties
from stillroom.server.access import ALLOWED, Action, Relation, permit, relations
from stillroom.server.body import whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stillroom.server.rates import Limits, Rates
    from stillroom.server.service import Service

JOIN_LIMIT = 10_000
"""The largest wish to join, in bytes: anybody may send one."""

STATEMENTS = frozenset({Action.ANNOUNCE_DATA, Action.DECIDE})
"""What a party adds to the log alone, by its signature."""

STRANGER = frozenset({Relation.ANYBODY, Relation.KEYHOLDER})
"""What somebody is whose key nobody knows. Nothing is read from, or kept of, such a one, but a wish to join."""


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

    @property
    def key(self) -> str:
        """The key that has signed the request; empty where anybody may come."""
        return "" if self.signed is None else self.signed.key.text


def allowed(action: Action, *, streamed: bool = False) -> Callable[[Request], Awaitable[Caller]]:
    """Return what lets a request through that may do something, and says who sends it.

    Args:
        action: What it does.
        streamed: Whether the route reads the body itself, and compares its digest.
    """

    async def caller(request: Request) -> Caller:
        service: Service = request.app.state.service
        address = _address(request)
        _take(service.limits.addresses, address)
        if Relation.ANYBODY in ALLOWED[action]:
            _take(service.limits.strangers, address)
            return Caller("", frozenset({Relation.ANYBODY}), b"", None)
        signed = verify_request(_message(request), service.room.notary.key.public.text, service.room.clock.now())
        name, present = await run_in_threadpool(_who, service, signed)
        _count(service.limits, action, signed, present, address)
        if present == STRANGER and action is not Action.JOIN:
            raise unsigned()
        await sleep(service.replays.early(signed))
        if not service.replays.is_new(signed):
            raise unsigned()
        request.state.party = name
        permit(action, present)
        limit = min(JOIN_LIMIT, service.body_limit) if action is Action.JOIN else service.body_limit
        body = b"" if streamed else await whole(request.stream(), limit)
        if not streamed and not has_body(signed, body):
            raise unsigned()
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
    """Return from where a request comes, as the connection says; what its headers say about that is the sender's own."""
    return request.client.host if request.client else ""


def _count(limits: Limits, action: Action, signed: Signed, present: frozenset[Relation], address: str) -> None:
    """Take a token of whoever has signed a request."""
    if action is Action.JOIN:
        _take(limits.joins, address)
    elif present == STRANGER:
        _take(limits.strangers, address)
    else:
        _take(limits.keys, signed.key.text)
        if action in STATEMENTS:
            take_statement(limits.statements, signed.key.text)


def take_statement(rates: Rates, key: str) -> None:
    """Take a token of a key for a statement that becomes an entry of the log.

    Raises:
        Refusal: `TOO_MANY_REQUESTS` if it has none.
    """
    if not rates.take(key):
        raise said_too_much()


def said_too_much() -> Refusal:
    """Return what is said to a party whose statements would let the log grow without end."""
    return Refusal(
        Code.TOO_MANY_REQUESTS,
        "One party has said so much within an hour that the log would grow without end.",
        "Wait some minutes, and say it again. A room that goes on can be paused, and telemetry ended, at any time.",
    )


def _take(rates: Rates, sender: str) -> None:
    if not rates.take(sender):
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
