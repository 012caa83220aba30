"""The log: all of it, a part, or its head and tiles (C2SP tlog-tiles), and what witnesses say of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from stillroom.adapters.http.shapes import Cosigned
from stillroom.crypto.note import SIZE_LIMIT
from stillroom.room import cosignatures, extract, tiles
from stillroom.server.access import Action
from stillroom.server.api.routes import BINARY, TEXT, Served, by, fails, gives, takes_bytes
from stillroom.server.caller import Caller

router = APIRouter(tags=["log"])


@router.get(
    "/v1/log", response_class=Response, responses=gives("application/x-ndjson", "The log (`stillroom/log/v1`), one line an entry.", 404)
)
def read_log(service: Served, caller: Annotated[Caller, by(Action.READ_LOG)]) -> Response:
    """Return the whole log with its signed checkpoint, as lines of JSON."""
    del caller
    return Response(extract.whole_log(service.room), media_type="application/x-ndjson")


@router.get(
    "/v1/log/from/{start}",
    response_class=Response,
    responses=gives("application/x-ndjson", "A part of the log (`stillroom/part/v1`), one line an entry.", 404, 422),
)
def read_part(
    service: Served, start: Annotated[int, Path(ge=0, le=SIZE_LIMIT)], caller: Annotated[Caller, by(Action.READ_LOG)]
) -> Response:
    """Return the log's heads and its entries from one on, at most 1,024 of them, as lines of JSON."""
    del caller
    return Response(extract.part(service.room, start), media_type="application/x-ndjson")


@router.get(
    "/v1/log/checkpoint", response_class=Response, responses=gives(TEXT, "A C2SP checkpoint, signed by the room and its witnesses.", 404)
)
def read_checkpoint(service: Served, caller: Annotated[Caller, by(Action.READ_LOG)]) -> Response:
    """Return the log's head as a signed note, with the cosignatures that it has."""
    del caller
    return Response(tiles.checkpoint(service.room), media_type="text/plain; charset=utf-8")


@router.get("/v1/log/tile/{path:path}", response_class=Response, responses=gives(BINARY, "Hashes, or entries (C2SP tlog-tiles).", 404, 422))
def read_tile(service: Served, path: str, caller: Annotated[Caller, by(Action.READ_LOG)]) -> Response:
    """Return a tile of hashes, or a bundle of entries."""
    del caller
    return Response(tiles.tile(service.room, f"tile/{path}"), media_type="application/octet-stream")


@router.post(
    "/v1/log/cosignatures",
    openapi_extra=takes_bytes(TEXT, "A checkpoint with the caller's cosignature (C2SP tlog-cosignature)."),
    responses=fails(404, 409),
)
def cosign(service: Served, caller: Annotated[Caller, by(Action.COSIGN_LOG)]) -> Cosigned:
    """Take a party's cosignature of a head of the log."""
    return Cosigned(parties=cosignatures.take(service.room, caller.body))
