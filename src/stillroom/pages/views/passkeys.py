"""Passkeys of somebody: the list, to register one, to remove one; and to sign in by one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from stillroom.adapters.home.passkeys import PASSKEYS, PasskeyBook
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of, let_in, note
from stillroom.pages.passkeys import proved, registered, site_of, to_register, to_sign_in
from stillroom.pages.render import page

router = APIRouter()

JSON = "application/json"


@router.get("/passkeys")
def show(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_PASSKEYS)]) -> Response:
    """List somebody's passkeys."""
    own = PasskeyBook(house_of(request).people).of(visitor.person)
    return page(request, "passkeys.html", passkeys=own, most=PASSKEYS)


@router.get("/passkeys/new")
def ask(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_PASSKEYS)], label: str = "") -> Response:
    """Return what to ask a device for a new passkey."""
    house = house_of(request)
    return Response(to_register(house, site_of(house, request), visitor, label), media_type=JSON)


@router.post("/passkeys")
def register(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_PASSKEYS)]) -> Response:
    """Register the passkey that a device has made."""
    house, label = house_of(request), visitor.text("label")
    made = registered(house, site_of(house, request), visitor, label, visitor.text("answer"))
    PasskeyBook(house.people).add(visitor.token, made)
    note(house, visitor, f"registered the passkey {label}")
    return RedirectResponse("/passkeys", status_code=303)


@router.post("/passkeys/remove")
def remove(request: Request, visitor: Annotated[Visitor, by(Action.KEEP_PASSKEYS)]) -> Response:
    """Forget a passkey."""
    house, label = house_of(request), visitor.text("label")
    PasskeyBook(house.people).remove(visitor.person, label)
    note(house, visitor, f"removed the passkey {label}")
    return RedirectResponse("/passkeys", status_code=303)


@router.get("/passkeys/sign-in")
def challenge(request: Request, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)]) -> Response:
    """Return what to ask a device for a signature."""
    del visitor
    house = house_of(request)
    return Response(to_sign_in(house, site_of(house, request)), media_type=JSON)


@router.post("/passkeys/sign-in")
def sign_in(request: Request, visitor: Annotated[Visitor | None, by(Action.SIGN_IN)], answer: Annotated[str, Form()] = "") -> Response:
    """Begin a session of the person whose passkey has signed."""
    del visitor
    house = house_of(request)
    passkey, count = proved(house, site_of(house, request), answer)
    session, person = PasskeyBook(house.people).enter(passkey, count)
    return let_in(house, session, person, f"signed in by passkey {passkey.label}", RedirectResponse("/", status_code=303))
