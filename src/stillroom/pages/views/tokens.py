"""API tokens of somebody: the list, to make one, and to revoke one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from stillroom.adapters.home.people import API_DAYS
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of, note
from stillroom.pages.render import page

router = APIRouter()

USUAL_DAYS = 30
"""What the form says before it is filled in."""


@router.get("/tokens")
def show(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_TOKENS)]) -> Response:
    """List somebody's API tokens that are good."""
    return _listed(request, visitor, None)


@router.post("/tokens")
def make(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_TOKENS)]) -> Response:
    """Make a token, and show it this once."""
    house, label, days = house_of(request), visitor.text("label"), visitor.text("days")
    number = int(days) if days.isascii() and days.isdigit() and len(days) <= len(str(API_DAYS)) else 0
    made = house.people.make_token(visitor.person, label, number)
    note(house, visitor, f"made the API token {label} for {number} days")
    return _listed(request, visitor, made)


@router.post("/tokens/revoke")
def revoke(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_TOKENS)]) -> Response:
    """Revoke a token."""
    house, label = house_of(request), visitor.text("label")
    house.people.revoke_token(visitor.person, label)
    note(house, visitor, f"revoked the API token {label}")
    return RedirectResponse("/tokens", status_code=303)


def _listed(request: Request, visitor: Visitor, made: str | None) -> Response:
    tokens = house_of(request).people.tokens_of(visitor.person)
    where = str(request.base_url)
    return page(request, "tokens.html", tokens=tokens, made=made, where=where, most=API_DAYS, usual=USUAL_DAYS)
