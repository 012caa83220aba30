"""Errands: what the room asks of parties' agents, and what they answer and bring."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, BinaryIO

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from stillroom.adapters.home.stored_table import FILES
from stillroom.adapters.http.shapes import Done
from stillroom.adapters.http.signatures import digest_header, unsigned
from stillroom.adapters.remote.pieces import pieces_of
from stillroom.errors import Code, Failed
from stillroom.model.errand import Bring, Errand, Fetch, Fetched, Reply
from stillroom.server.access import Action, not_allowed
from stillroom.server.api.routes import BINARY, Served, body_of, by, takes, takes_bytes
from stillroom.server.body import pieces
from stillroom.server.caller import Caller
from stillroom.server.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

router = APIRouter(tags=["agents"])


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


@router.put(
    "/v1/errands/{ticket}/files/{name}", openapi_extra=takes_bytes(BINARY, "Encrypted Parquet, up to the size that the server is set to.")
)
async def bring_file(
    service: Served, request: Request, ticket: str, name: str, caller: Annotated[Caller, by(Action.ANSWER_ERRAND, streamed=True)]
) -> Done:
    """Take an encrypted file of a table that a run reads."""
    place = await run_in_threadpool(_place, service, caller, ticket, name)
    with _arriving(place.with_name(f"{place.name}.{_once(caller)}")) as (incoming, file):
        digest = hashlib.sha256()
        _check_space(file, int(request.headers.get("content-length", "0")), service.reserve)
        async for piece in pieces(request.stream(), service.file_limit):
            digest.update(piece)
            _check_space(file, len(piece), service.reserve)
            await run_in_threadpool(file.write, piece)
        if caller.signed is None or caller.signed.digest != digest_header(digest.digest()):
            raise unsigned()
        await run_in_threadpool(file.close)
        incoming.rename(place)
    return Done(taken=True)


@contextmanager
def _arriving(incoming: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Make a file, and yield its name and what writes to it; it is gone again if anything goes wrong, or nobody sends the rest."""
    with os.fdopen(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        try:
            yield incoming, file
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise


def _check_space(file: BinaryIO, size: int, reserve: int) -> None:
    """Refuse what the disk has no space for. How much there is is not said: it depends on what others have brought.

    Raises:
        Failed: `STORE_FAILED`.
    """
    disk = os.fstatvfs(file.fileno())
    if disk.f_bavail * disk.f_frsize - size < reserve:
        raise Failed(Code.STORE_FAILED, "The server's disk has no space for this file.", "Ask the room's operator.")


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
    if not isinstance(errand.task, Bring) or name not in _names(errand.task):
        raise not_allowed()
    version = errand.task.grounds.versions[errand.task.dataset]
    return service.incoming / ticket / errand.task.dataset / str(version) / name


def _names(task: Bring) -> tuple[str, ...]:
    """Return the files that an errand may bring: a whole table, or pieces of it, where those may be kept."""
    return FILES if task.held is None else (*FILES, *pieces_of(task.columns))
