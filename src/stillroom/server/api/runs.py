"""Questions and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from anyio import sleep
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from stillroom.adapters.http.shapes import Lacking, Run
from stillroom.errors import StillroomError
from stillroom.model.question import Question
from stillroom.query.compile import compile_question
from stillroom.room import checks
from stillroom.room.statement import DRAFT_TYPE, QUESTION_TYPE
from stillroom.server.access import Action, not_allowed
from stillroom.server.api.routes import Served, by, fails, gives, takes_signed
from stillroom.server.caller import Caller
from stillroom.server.jobs import OVER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from stillroom.model.record import JobRecord
    from stillroom.ports import Clock
    from stillroom.server.service import Service

router = APIRouter(tags=["runs"])

EVENTS_SECONDS = 15.0
"""How long a stream of events may be silent before it says that it is still there."""

STREAM_SECONDS = 600.0
"""How long a stream of events may last. Whoever follows a run that takes longer opens another one."""

LOOK_SECONDS = 1.0
"""How often to look how a run stands if this process has not changed one: another process may have."""

_GLANCE_SECONDS = 0.05
"""How often to see whether it has."""

QUESTION = takes_signed(QUESTION_TYPE, Question, "A question (`stillroom/question/v1`), signed by the party that asks.")


DRAFT = takes_signed(
    DRAFT_TYPE, Question, "A question (`stillroom/question/v1`), signed as a draft by the party that might ask it: it cannot be run."
)


@router.post("/v1/questions/check", openapi_extra=DRAFT, responses=fails(404, 409))
def check_question(service: Served, caller: Annotated[Caller, by(Action.CHECK_QUESTION)]) -> Lacking:
    """Say what the room's engine lacks for a question. The price is for whoever asks to work out: it depends on the contract alone."""
    asked = checks.authenticate(service.room, caller.body, DRAFT_TYPE)
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
async def follow_run(service: Served, run: str, caller: Annotated[Caller, by(Action.READ_RUN)]) -> StreamingResponse:
    """Stream how a run stands, as server-sent events, until it is over, or for ten minutes: whoever wants to know more asks again."""
    await run_in_threadpool(service.jobs.get, caller.name, run)
    return _Stream(service, caller.name, run)


@router.delete(
    "/v1/runs/{run}", status_code=202, response_class=Response, responses=gives("", "The wish was taken note of.", 404, status=202)
)
def cancel_run(service: Served, run: str, caller: Annotated[Caller, by(Action.CANCEL_RUN)]) -> Response:
    """Stop a run before its commit. One that is committed goes on."""
    service.jobs.cancel(caller.name, run)
    return Response(status_code=202)


class _Stream(StreamingResponse):
    """How a run stands, as server-sent events. It takes up a place of its party's until it ends, or nobody listens any more."""

    def __init__(self, service: Service, party: str, run: str) -> None:
        """Say whose run it is."""
        super().__init__((), media_type="text/event-stream")
        self._service, self._party, self._run = service, party, run
        self._changes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        with self._service.jobs.followers.one(self._party):
            self.body_iterator = events(self._look, self._change, self._service.room.clock)
            await super().__call__(scope, receive, send)

    async def _look(self) -> JobRecord:
        self._changes = self._service.jobs.changes
        return await run_in_threadpool(self._service.jobs.get, self._party, self._run)

    async def _change(self) -> None:
        """Return when some run has changed since the last look, or after a moment."""
        for _ in range(round(LOOK_SECONDS / _GLANCE_SECONDS)):
            if self._service.jobs.changes != self._changes:
                return
            await sleep(_GLANCE_SECONDS)


async def events(look: Callable[[], Awaitable[JobRecord]], change: Callable[[], Awaitable[None]], clock: Clock) -> AsyncIterator[str]:
    """Yield how a run stands whenever that has changed, and a sign of life where it has not, until it is over or `STREAM_SECONDS` are.

    Args:
        look: Says how it stands.
        change: Returns when that may have changed, after about a second at the latest.
        clock: The time.
    """
    began = spoke = clock.steady()
    told: JobRecord | None = None
    while clock.steady() - began < STREAM_SECONDS:
        try:
            record = await look()
        except StillroomError:
            return  # whoever asks again hears why
        if record != told:
            yield _event(record)
        elif clock.steady() - spoke >= EVENTS_SECONDS:
            yield ": still there\n\n"
        else:
            await change()
            continue
        told, spoke = record, clock.steady()
        if record.state in OVER:
            return


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
