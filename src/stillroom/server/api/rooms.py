"""The room itself: its name and key, its health, and the wish to join it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from stillroom.adapters.http.shapes import Health
from stillroom.model.record import PartyRecord
from stillroom.room import parties
from stillroom.room.signed import sign
from stillroom.room.statement import JOIN_TYPE, ROOM_TYPE, JoinStatement, RoomStatement
from stillroom.server.access import Action
from stillroom.server.api.routes import Served, by, envelope, fails, gives_signed, takes_signed
from stillroom.server.caller import Caller

router = APIRouter(tags=["room"])


@router.get(
    "/v1/room", response_class=Response, responses=gives_signed(ROOM_TYPE, RoomStatement, "What is on the room's door, signed by its key.")
)
def see_room(service: Served, caller: Annotated[Caller, by(Action.SEE_ROOM)]) -> Response:
    """Return the room's name, its key and its certificate, signed by that key."""
    del caller
    notary = service.room.notary
    statement = RoomStatement(name=notary.origin, key=notary.key.public.text, certificate=service.certificate)
    return envelope(sign(statement, ROOM_TYPE, notary.key))


@router.get("/v1/health")
def check_health(service: Served, caller: Annotated[Caller, by(Action.CHECK_HEALTH)]) -> Health:
    """Say that the server works and reaches its store."""
    del caller
    with service.room.store.reading() as records:
        records.contracts.active()
    return Health(status="ok")


@router.post(
    "/v1/parties",
    openapi_extra=takes_signed(JOIN_TYPE, JoinStatement, "A `stillroom/join/v1` statement, signed by the key that wants to join."),
    responses=fails(409),
)
def join(service: Served, caller: Annotated[Caller, by(Action.JOIN)]) -> PartyRecord:
    """Ask to be a party. Nothing is allowed to a key before the operator has confirmed it."""
    return parties.join(service.room, caller.body, caller.key)
