"""Questions and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from stillroom.adapters.http.shapes import Lacking, Run
from stillroom.model.question import Question
from stillroom.query.compile import compile_question
from stillroom.room import checks
from stillroom.room.statement import QUESTION_TYPE
from stillroom.server.access import Action, not_allowed
from stillroom.server.api.routes import Served, by, fails, gives, takes_signed
from stillroom.server.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.record import JobRecord

router = APIRouter(tags=["runs"])

EVENTS_SECONDS = 15.0
"""How long a stream of events may be silent before it says that it is still there."""

QUESTION = takes_signed(QUESTION_TYPE, Question, "A question (`stillroom/question/v1`), signed by the party that asks.")


@router.post("/v1/questions/check", openapi_extra=QUESTION, responses=fails(404, 409))
def check_question(service: Served, caller: Annotated[Caller, by(Action.CHECK_QUESTION)]) -> Lacking:
    """Say what the room's engine lacks for a question. The price is for whoever asks to work out: it depends on the contract alone."""
    asked = checks.authenticate(service.room, caller.body)
    if asked.question.asked_by != caller.name:
        raise not_allowed()
    plan = compile_question(asked.contract, asked.question).plan
    return Lacking(lacking=service.room.outlet.protection.lacking(plan))


@router.post("/v1/runs", status_code=202, openapi_extra=QUESTION, responses=fails(404, 409))
def ask(service: Served, caller: Annotated[Caller, by(Action.ASK)]) -> Run:
    """Ask a question. The answer names the run; the same signed question is the same run."""
    return _shown(service.jobs.ask(caller.name, caller.body))


@router.get("/v1/runs/{run}", responses=fails(404))
def read_run(service: Served, run: str, caller: Annotated[Caller, by(Action.READ_RUN)]) -> Run:
    """Say how a run stands."""
    return _shown(service.jobs.get(caller.name, run))


@router.get(
    "/v1/runs/{run}/events",
    response_class=StreamingResponse,
    responses=gives("text/event-stream", "How the run stands, as JSON, whenever that changes.", 404),
)
def follow_run(service: Served, run: str, caller: Annotated[Caller, by(Action.READ_RUN)]) -> StreamingResponse:
    """Stream how a run stands, as server-sent events, until it is over."""
    phases = service.jobs.phases(caller.name, run, EVENTS_SECONDS)
    first = next(phases)
    return StreamingResponse(_events(first, phases), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.delete(
    "/v1/runs/{run}", status_code=202, response_class=Response, responses=gives("", "The wish was taken note of.", 404, status=202)
)
def cancel_run(service: Served, run: str, caller: Annotated[Caller, by(Action.CANCEL_RUN)]) -> Response:
    """Stop a run before its commit. One that is committed goes on."""
    service.jobs.cancel(caller.name, run)
    return Response(status_code=202)


def _events(first: JobRecord, phases: Iterator[JobRecord]) -> Iterator[str]:
    yield _event(first)
    for record in phases:
        yield _event(record)


def _event(record: JobRecord) -> str:
    return f"data: {_shown(record).model_dump_json()}\n\n"


def _shown(record: JobRecord) -> Run:
    return Run(
        run=record.job,
        state=record.state,
        phase=record.phase,
        reservation=record.reservation,
        fresh=record.fresh,
        problem=record.problem,
    )
