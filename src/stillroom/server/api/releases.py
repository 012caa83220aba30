"""Releases, and the contract's balance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from stillroom.adapters.http.shapes import Releases
from stillroom.model.record import Tally
from stillroom.model.release import PAYLOAD_TYPE, Release
from stillroom.room import releases
from stillroom.server.access import Action
from stillroom.server.api.routes import Served, by, envelope, fails, gives, gives_signed
from stillroom.server.caller import Caller

router = APIRouter(tags=["releases"])


@router.get("/v1/releases")
def list_releases(service: Served, caller: Annotated[Caller, by(Action.READ_RELEASES)]) -> Releases:
    """Return the reservations of the releases that the caller may have."""
    return Releases(releases=tuple(one.reservation for one in releases.received_by(service.room, caller.name)))


@router.get(
    "/v1/releases/{reservation}",
    response_class=Response,
    responses=gives_signed(PAYLOAD_TYPE, Release, "A release, signed by the room.", 404),
)
def read_release(service: Served, reservation: str, caller: Annotated[Caller, by(Action.READ_RELEASES)]) -> Response:
    """Return one signed release."""
    return envelope(releases.envelope_for(service.room, caller.name, reservation))


@router.get(
    "/v1/releases/{reservation}/proof",
    response_class=Response,
    responses=gives("application/x-ndjson", "Proofs (`stillroom/proof/v1`), one line an entry.", 404),
)
def read_proof(service: Served, reservation: str, caller: Annotated[Caller, by(Action.READ_RELEASES)]) -> Response:
    """Return proofs that a release's commit, and its storing, are in the log; who has them needs no log to verify it."""
    return Response(releases.proof_for(service.room, caller.name, reservation), media_type="application/x-ndjson")


@router.get("/v1/balance", responses=fails(404))
def read_balance(service: Served, caller: Annotated[Caller, by(Action.READ_BALANCE)]) -> Tally:
    """Return what may be spent under the contract in force, and what is spent."""
    del caller
    return releases.balance(service.room)
