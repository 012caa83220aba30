"""The application: all routes, each with its action, and errors as problem details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from stillroom.adapters.http import routes
from stillroom.adapters.http.problem import MEDIA_TYPE, problem_of
from stillroom.errors import Code, Failed, InvalidInput, StillroomError
from stillroom.server.access import Action, not_allowed
from stillroom.server.api import approvals, contracts, errands, logs, pauses, releases, rooms, runs, telemetry
from stillroom.server.telemetry import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from stillroom.server.service import Service

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
"""What every answer says: nobody keeps it, guesses what it is, or shows it as a page."""


def make_app(service: Service) -> FastAPI:
    """Return the application that serves a room."""
    app = FastAPI(title="Stillroom", version="1", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.service = service
    for module in (rooms, contracts, runs, approvals, releases, logs, errands, telemetry, pauses):
        app.router.routes.extend(module.router.routes)
    app.add_exception_handler(StillroomError, _ours)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_middleware(Observed, observer=service.telemetry, failed=_unexpected())
    app.add_middleware(_Headed)
    actions(app)
    return app


class _Headed:
    """An application whose answers all have `HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        """Name the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, headed)


def actions(app: FastAPI) -> Mapping[tuple[str, str], Action]:
    """Return the action of each route, by method and path. It fails as `stillroom.adapters.http.routes.actions` does."""
    return routes.actions(app, Action)


def _answer(request: Request, error: StillroomError) -> Response:
    request.state.code = str(error.code)
    problem = problem_of(error)
    return JSONResponse(problem.to_json(), status_code=problem.status, media_type=MEDIA_TYPE)


def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, StillroomError):
        raise error
    return _answer(request, error)


def _malformed(request: Request, _error: Exception) -> Response:
    return _answer(
        request, InvalidInput(Code.REQUEST_INVALID, "The request is not what this route takes.", "The reference of the API shows it.")
    )


def _unknown(request: Request, _error: Exception) -> Response:
    """Answer an unknown route, or an unknown method, like one that is not allowed."""
    return _answer(request, not_allowed())


def _unexpected() -> Response:
    """Return the answer to a mistake of ours, without a word about it: what it says may depend on data."""
    problem = problem_of(Failed(Code.SERVER_UNAVAILABLE, "The server made a mistake.", "Try again; if it stays so, tell its operator."))
    return JSONResponse(problem.to_json(), status_code=problem.status, media_type=MEDIA_TYPE)
