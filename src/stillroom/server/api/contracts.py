"""Contracts, and what data there are under the one in force."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from stillroom.errors import Code, Refusal
from stillroom.model.contract import Contract
from stillroom.model.record import DataRecord, SignedContract
from stillroom.room import accounts, contracts, data
from stillroom.room.statement import CONTRACT_TYPE, DATA_TYPE, DataStatement
from stillroom.server.access import Action
from stillroom.server.api.routes import Served, by, envelope, fails, gives_signed, takes_signed
from stillroom.server.caller import Caller

router = APIRouter(tags=["contract"])


@router.get(
    "/v1/contract",
    response_class=Response,
    responses=gives_signed(CONTRACT_TYPE, Contract, "The contract in force, signed by all its parties.", 404),
)
def read_contract(service: Served, caller: Annotated[Caller, by(Action.READ_CONTRACT)]) -> Response:
    """Return the contract in force, with all its signatures."""
    del caller
    with service.room.store.reading() as records:
        active = records.contracts.active()
    if active is None:
        raise Refusal(Code.CONTRACT_UNKNOWN, "No contract is in force in this room.", "Have every party sign one.")
    return envelope(active.envelope)


@router.post(
    "/v1/contracts",
    openapi_extra=takes_signed(CONTRACT_TYPE, Contract, "A contract, signed by one or more of its parties."),
    responses=fails(409),
)
def submit_contract(service: Served, caller: Annotated[Caller, by(Action.SUBMIT_CONTRACT)]) -> SignedContract:
    """Hand in a contract with the signatures that it has."""
    signed = contracts.hand_in(service.room, caller.body)
    accounts.note_raises(service.room)
    service.kept.sweep()
    return signed


@router.get("/v1/data")
def read_versions(service: Served, caller: Annotated[Caller, by(Action.READ_VERSIONS)]) -> dict[str, DataRecord]:
    """Return the present version of each dataset that has one: a counter, and nothing about the content."""
    del caller
    with service.room.store.reading() as records:
        return {record.dataset: record for record in records.versions.all()}


@router.post(
    "/v1/data",
    openapi_extra=takes_signed(DATA_TYPE, DataStatement, "A `stillroom/data/v1` statement, signed by the dataset's owner."),
    responses=fails(404, 409),
)
def announce_data(service: Served, caller: Annotated[Caller, by(Action.ANNOUNCE_DATA)]) -> DataRecord:
    """Announce a version of a dataset, or its withdrawal. What is kept of the one before is deleted before this is answered."""
    record = data.announce(service.room, caller.body)
    service.kept.sweep()
    return record
