"""Signing in by the party's identity provider: the way there, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from stillroom.adapters.home.refusals import login_invalid
from stillroom.pages.access import Action
from stillroom.pages.house import House
from stillroom.pages.login import Visitor, by, house_of, let_in
from stillroom.pages.oidc import CALLBACK, PENDING_SECONDS
from stillroom.pages.render import page

router = APIRouter()


@router.get("/oidc")
def begin(request: Request, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)]) -> Response:
    """Send somebody to the provider, who has asked for it here: another site cannot."""
    del visitor
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        raise login_invalid()
    house = house_of(request)
    door, kept = house.reception.begin(_callback(request, house))
    answer = RedirectResponse(door, status_code=303)
    answer.set_cookie(house.sign_in_cookie, kept, max_age=PENDING_SECONDS, path=CALLBACK, secure=house.tls, httponly=True, samesite="lax")
    return answer


@router.get(CALLBACK)
def finish(request: Request, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)]) -> Response:
    """Let in whom the provider has sent back.

    This is the one GET that changes something, and it comes from another site, as the standard has it: so neither the guard's look at the
    origin nor the token of a form can stand before it. In their place stands what this very browser was given when the sign-in began: a
    sealed cookie, which no page can read and nobody else can make, good for ten minutes, once, and for the state that it names alone.
    Whoever lures a browser here with an answer of their own has not got its state. All that can be won is the session of a person who is
    admitted, in the browser in which that person has begun to sign in.

    The answer is a page that goes on to the first page by itself, and no redirect: a redirect would still be part of the way from the
    other site, on which browsers do not send the session's cookie.
    """
    del visitor
    house = house_of(request)
    kept = request.cookies.get(house.sign_in_cookie, "")
    session, person, host = house.reception.finish(_callback(request, house), kept, _single(request))
    answer = let_in(house, session, person, f"signed in by {host}", page(request, "arrived.html", person=person))
    answer.delete_cookie(house.sign_in_cookie, path=CALLBACK, secure=house.tls, httponly=True, samesite="lax")
    return answer


def _callback(request: Request, house: House) -> str:
    """Return where the provider sends people back to: these pages, under the name (one of theirs) by which the browser knows them."""
    return f"{house.scheme}://{request.headers['host'].lower()}{CALLBACK}"


def _single(request: Request) -> dict[str, str]:
    """Return what the browser has brought along; what stands twice is nothing (RFC 6749, section 3.1)."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        found[name] = "" if name in found else value
    return found
