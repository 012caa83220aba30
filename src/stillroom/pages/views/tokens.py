"""API tokens of somebody: the list, to make one, and to revoke one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from stillroom.adapters.home.people import Scope
from stillroom.adapters.home.tokens import API_DAYS
from stillroom.pages.access import Action, check_scopes, scopes_of
from stillroom.pages.login import Visitor, by, house_of, note
from stillroom.pages.render import page

router = APIRouter()

USUAL_DAYS = 30
"""What the form says before it is filled in."""

SCOPE_WORDS = {
    Scope.READ: "see the room, the contract, questions, releases, budget and log",
    Scope.PRICE: "learn what questions would cost",
    Scope.ASK: "ask questions, which spends, and learn prices",
    Scope.DECIDE: "see questions and decide about them",
    Scope.PAUSE: "pause the room and resume",
    Scope.JOURNAL: "see who has done what",
}
"""What each scope is for, in words."""


@router.get("/tokens")
def show(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_TOKENS)]) -> Response:
    """List somebody's API tokens that are good."""
    return _listed(request, visitor, None)


@router.post("/tokens")
def make(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_TOKENS)]) -> Response:
    """Make a token, and show it this once."""
    house, label, days = house_of(request), visitor.text("label"), visitor.text("days")
    number = int(days) if days.isascii() and days.isdigit() and len(days) <= len(str(API_DAYS)) else 0
    scopes = check_scopes(visitor.person.role, visitor.texts("scope"))
    made = house.tokens.make(visitor.person, label, number, scopes)
    note(house, visitor, f"made the API token {label} for {number} days, with the scopes {', '.join(scopes)}")
    return _listed(request, visitor, made)


@router.post("/tokens/revoke")
def revoke(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_TOKENS)]) -> Response:
    """Revoke a token."""
    house, label = house_of(request), visitor.text("label")
    house.tokens.revoke(visitor.person, label)
    note(house, visitor, f"revoked the API token {label}")
    return RedirectResponse("/tokens", status_code=303)


def _listed(request: Request, visitor: Visitor, made: str | None) -> Response:
    tokens = house_of(request).tokens.of(visitor.person)
    where, scopes = str(request.base_url), [(scope, SCOPE_WORDS[scope]) for scope in scopes_of(visitor.person.role)]
    return page(request, "tokens.html", tokens=tokens, made=made, where=where, most=API_DAYS, usual=USUAL_DAYS, scopes=scopes)
