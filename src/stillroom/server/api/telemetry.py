"""Telemetry: what owners say about it, and the metrics that there are while all of them agree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from stillroom.adapters.http.shapes import Done, Telemetry
from stillroom.errors import Code, Refusal
from stillroom.room import telemetry
from stillroom.room.statement import TELEMETRY_TYPE, TelemetryStatement
from stillroom.server.access import Action
from stillroom.server.api.routes import TEXT, Served, by, fails, gives, takes_signed
from stillroom.server.caller import Caller, said_too_much
from stillroom.server.metrics import MEDIA_TYPE

router = APIRouter(tags=["telemetry"])


@router.get("/v1/telemetry", responses=fails(404))
def read_telemetry(service: Served, caller: Annotated[Caller, by(Action.READ_TELEMETRY)]) -> Telemetry:
    """Say whether there are metrics and operational logs, and what each owner has signed about them."""
    del caller
    consent = telemetry.consent(service.room)
    return Telemetry(on=consent.on, statements={party: said.decode() for party, said in consent.said.items()})


@router.post(
    "/v1/telemetry",
    openapi_extra=takes_signed(
        TELEMETRY_TYPE, TelemetryStatement, "A `stillroom/telemetry/v1` statement, signed by the owner who makes it."
    ),
    responses=fails(404, 409),
)
def say_telemetry(service: Served, caller: Annotated[Caller, by(Action.SAY_TELEMETRY)]) -> Done:
    """Take an owner's word: all owners together switch telemetry on, and any one of them switches it off."""
    if not service.limits.switches.take(caller.key) and not telemetry.ends(service.room, caller.body):
        raise said_too_much()
    telemetry.record(service.room, caller.body)
    service.telemetry.refresh()
    return Done(taken=True)


@router.get("/v1/metrics", response_class=Response, responses=gives(TEXT, "Metrics in the text format of Prometheus.", 409))
def read_metrics(service: Served, caller: Annotated[Caller, by(Action.READ_METRICS)]) -> Response:
    """Return metrics as Prometheus reads them, if every owner agrees to that."""
    del caller
    if not service.telemetry.refresh():
        raise Refusal(Code.TELEMETRY_OFF, "Not every owner has agreed to metrics.", "Ask the owners for `stillroom telemetry on`.")
    return Response(service.telemetry.exposition(), media_type=MEDIA_TYPE)
