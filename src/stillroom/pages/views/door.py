"""Coming in and going out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, farewell, house_of, welcome
from stillroom.pages.render import page

router = APIRouter()


@router.get("/enter/{token}")
def show(request: Request, token: str, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)]) -> Response:
    """Show whom a link lets in. Looking at it does not use it up: programs that preview links look, too."""
    del visitor
    return page(request, "enter.html", person=house_of(request).people.invited(token))


@router.post("/enter/{token}")
def enter(request: Request, token: str, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)]) -> Response:
    """Use a link up, and begin a session."""
    del visitor
    return welcome(house_of(request), token)


@router.post("/leave")
def leave(request: Request, visitor: Annotated[Visitor, by(Action.SIGN_OUT)]) -> Response:
    """End the session."""
    return farewell(house_of(request), visitor)


@router.get("/bye")
def bye(request: Request, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)]) -> Response:
    """Say that the session has ended."""
    del visitor
    return page(request, "bye.html")
