"""Questions that were put to owners, and what owners decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from stillroom.adapters.http.shapes import Done, PutQuestion, PutQuestions
from stillroom.policy.approval import APPROVAL_TYPE, ApprovalStatement
from stillroom.room import approvals
from stillroom.server.access import Action
from stillroom.server.api.routes import Served, by, fails, takes_signed
from stillroom.server.caller import Caller

router = APIRouter(tags=["approvals"])


@router.get("/v1/questions", responses=fails(404))
def read_questions(service: Served, caller: Annotated[Caller, by(Action.READ_QUESTIONS)]) -> PutQuestions:
    """Return the questions that were put to owners under the contract in force, with their decisions."""
    del caller
    found = approvals.put(service.room)
    return PutQuestions(
        questions=tuple(
            PutQuestion(question=one.envelope.decode(), decisions=tuple(decision.decode() for decision in one.decisions)) for one in found
        )
    )


@router.post(
    "/v1/decisions",
    openapi_extra=takes_signed(APPROVAL_TYPE, ApprovalStatement, "A `stillroom/approval/v1` statement, signed by the owner who decides."),
    responses=fails(404, 409),
)
def decide(service: Served, caller: Annotated[Caller, by(Action.DECIDE)]) -> Done:
    """Take an owner's decision about a plan."""
    approvals.record(service.room, caller.body)
    return Done(taken=True)
