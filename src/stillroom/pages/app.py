"""The application of a party's pages: all routes, each with its action, and errors as pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from stillroom.adapters.http import routes
from stillroom.adapters.http.problem import problem_of
from stillroom.errors import Code, Failed, StillroomError
from stillroom.pages.access import Action, not_allowed
from stillroom.pages.render import page
from stillroom.pages.views import ask, budget, contract, door, journal, log, looks, oidc, passkeys, pause, questions, releases, room, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from stillroom.pages.house import House


def make_app(house: House) -> FastAPI:
    """Return the application that serves a party's pages."""
    app = FastAPI(title="Stillroom", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.house = house
    for module in (looks, door, oidc, room, contract, ask, questions, releases, budget, log, journal, tokens, passkeys, pause):
        app.router.routes.extend(module.router.routes)
    app.add_exception_handler(StillroomError, _ours)
    app.add_exception_handler(RequestValidationError, _unknown)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(Exception, _unexpected)
    actions(app)
    return app


def actions(app: FastAPI) -> Mapping[tuple[str, str], Action]:
    """Return the action of each route, by method and path. It fails as `stillroom.adapters.http.routes.actions` does."""
    return routes.actions(app, Action)


def _answer(request: Request, error: StillroomError) -> Response:
    return page(request, "error.html", status=problem_of(error).status, error=error)


def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, StillroomError):
        raise error
    return _answer(request, error)


def _unknown(request: Request, _error: Exception) -> Response:
    """Answer an unknown route, or one that is called otherwise than it can be, like one that is not allowed."""
    return _answer(request, not_allowed())


def _unexpected(request: Request, _error: Exception) -> Response:
    """Answer a mistake of ours without a word about it: what it says may depend on data."""
    return _answer(request, Failed(Code.AGENT_UNAVAILABLE, "The agent made a mistake.", "Try again; if it stays so, tell whoever runs it."))
