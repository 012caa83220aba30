"""Errands: what the room asks of parties' agents, and what they answer and bring."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from stillroom.adapters.home.stored_table import FILES
from stillroom.adapters.http.shapes import Done
from stillroom.adapters.http.signatures import unsigned
from stillroom.errors import Code, InvalidInput
from stillroom.model.errand import Bring, Errand, Fetch, Fetched, Reply
from stillroom.server.access import Action, not_allowed
from stillroom.server.api.routes import BINARY, Served, body_of, by, takes, takes_bytes
from stillroom.server.caller import Caller
from stillroom.server.service import Service

if TYPE_CHECKING:
    from pathlib import Path

router = APIRouter(tags=["agents"])

FILE_LIMIT = 2**37
"""The largest file that is taken, in bytes."""


@router.post("/v1/errands", openapi_extra=takes(Fetch, "How long to wait, and how often accounts got a cap."))
def fetch_errands(service: Served, caller: Annotated[Caller, by(Action.FETCH_ERRANDS)]) -> Fetched:
    """Return the errands of the caller's agent; wait for the first one."""
    wish = body_of(caller, Fetch)
    return Fetched(errands=tuple(one.decode() for one in service.mailbox.fetch(caller.name, wish)))


@router.post("/v1/errands/{ticket}", openapi_extra=takes(Reply, "What the agent answers."))
def answer_errand(service: Served, ticket: str, caller: Annotated[Caller, by(Action.ANSWER_ERRAND)]) -> Done:
    """Take the answer to an errand; an answer that nobody waits for is dropped."""
    _own(service, caller, ticket)
    return Done(taken=service.mailbox.reply(ticket, body_of(caller, Reply)))


@router.put("/v1/errands/{ticket}/files/{name}", openapi_extra=takes_bytes(BINARY, "Encrypted Parquet; no limit of size."))
async def bring_file(
    service: Served, request: Request, ticket: str, name: str, caller: Annotated[Caller, by(Action.ANSWER_ERRAND, streamed=True)]
) -> Done:
    """Take an encrypted file of a table that a run reads."""
    place = await run_in_threadpool(_place, service, caller, ticket, name)
    incoming = place.with_name(f"{place.name}.{_once(caller)}")
    digest = hashlib.sha256()
    size = 0
    with os.fdopen(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        async for piece in request.stream():
            digest.update(piece)
            size += len(piece)
            if size > FILE_LIMIT:
                raise InvalidInput(Code.REQUEST_TOO_LARGE, f"A file is larger than {FILE_LIMIT} bytes.", "Split the dataset.")
            await run_in_threadpool(file.write, piece)
    found = f"sha-256=:{base64.b64encode(digest.digest()).decode('ascii')}:"
    if caller.signed is None or caller.signed.digest != found:
        incoming.unlink()
        raise unsigned()
    incoming.rename(place)
    return Done(taken=True)


def _once(caller: Caller) -> str:
    """Return a name that no other request has: of two that bring the same file, neither writes into the other's."""
    return hashlib.sha256(("" if caller.signed is None else caller.signed.nonce).encode()).hexdigest()[:16]


def _own(service: Service, caller: Caller, ticket: str) -> Errand:
    """Return an errand of the caller's own agent; an errand of another is like one that is not there."""
    errand = service.mailbox.errand(ticket)
    if errand is None or errand.party != caller.name:
        raise not_allowed()
    return errand


def _place(service: Service, caller: Caller, ticket: str, name: str) -> Path:
    """Return where a file belongs that an errand asked for."""
    errand = _own(service, caller, ticket)
    if not isinstance(errand.task, Bring) or name not in FILES:
        raise not_allowed()
    version = errand.task.grounds.versions[errand.task.dataset]
    return service.incoming / ticket / errand.task.dataset / str(version) / name
