"""Pauses: what owners say about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from stillroom.adapters.http.shapes import Done, Paused
from stillroom.room import pauses
from stillroom.room.statement import PAUSE_TYPE, PauseStatement
from stillroom.server.access import Action
from stillroom.server.api.routes import Served, by, fails, takes_signed
from stillroom.server.caller import Caller, take_statement

router = APIRouter(tags=["pauses"])


@router.get("/v1/pause", responses=fails(404))
def read_pause(service: Served, caller: Annotated[Caller, by(Action.READ_PAUSE)]) -> Paused:
    """Say whether the room is paused, who has yet to resume, and what each owner has signed in the last pause."""
    del caller
    found = pauses.current(service.room)
    if found.last is None:
        return Paused(pause=0, ended=True, missing=(), statements={})
    said = {party: envelope.decode() for party, envelope in found.last.words.items()}
    return Paused(pause=found.last.pause, ended=found.last.ended, missing=found.missing, statements=said)


@router.post(
    "/v1/pause",
    openapi_extra=takes_signed(PAUSE_TYPE, PauseStatement, "A `stillroom/pause/v1` statement, signed by the owner who makes it."),
    responses=fails(404, 409),
)
def say_pause(service: Served, caller: Annotated[Caller, by(Action.SAY_PAUSE)]) -> Done:
    """Take an owner's word: any owner pauses the room, and it goes on when all of them have resumed."""
    if not pauses.stops(service.room, caller.body):
        take_statement(service.limits.switches, caller.key)
    pauses.record(service.room, caller.body)
    return Done(taken=True)
