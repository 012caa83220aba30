"""Who is at the pages: the session of a request, and the secret of its forms.

A person comes in by a link that is good once (`stillroom.adapters.home.people`), by a passkey (`stillroom.pages.passkeys`), or by the
party's identity provider (`stillroom.pages.oidc`). All ways to prove who one is end in `let_in`, and nothing else on the pages knows how
somebody came in.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from stillroom.adapters.http.routes import deciding
from stillroom.errors import Code, InvalidInput
from stillroom.pages.access import PUBLIC, Action, may, permit, permit_script, scope_allows
from stillroom.pages.guard import SAFE, api_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from stillroom.adapters.home.people import Person, Scope
    from stillroom.pages.house import House

FIELD = "form_token"
"""The field of every form that proves that one of these pages has sent it."""

_CONTEXT = b"stillroom/form/v1"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, or a script of somebody, with one request.

    Attributes:
        person: Who.
        token: The token of the session, or of the API.
        form: What was filled in, where the request has a form.
        script: What the API token is called; nothing for somebody who is here in person.
        scopes: What the API token is good for.
    """

    person: Person
    token: str
    form: FormData
    script: str = ""
    scopes: frozenset[Scope] = frozenset()

    @property
    def secret(self) -> str:
        """The token of this session's forms."""
        return hmac.new(self.token.encode(), _CONTEXT, hashlib.sha256).hexdigest()

    def may(self, action: Action) -> bool:
        """Tell whether this person may do something, and by this token, if it is a script that comes."""
        return may(self.person.role, action) and (not self.script or scope_allows(self.scopes, action))

    def text(self, name: str) -> str:
        """Return what was filled into a field; nothing if it is not there, or is a file."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all that was filled in, or chosen, under one name."""
        return tuple(value for value in self.form.getlist(name) if isinstance(value, str))


def house_of(request: Request) -> House:
    """Return what the pages work with."""
    found: House = request.app.state.house
    return found


def by(action: Action) -> Any:  # noqa: ANN401 - a dependency, which FastAPI reads
    """Return the parameter of a route that says who is there, and lets only those through who may do the action."""

    async def dependency(request: Request) -> AsyncIterator[Visitor | None]:
        if action in PUBLIC:
            yield None
            return
        visitor = _entered(request, action)
        form = FormData() if request.method in SAFE else await request.form()
        try:
            yield _checked(request, replace(visitor, form=form))
        finally:
            await form.close()

    return deciding(dependency, action)


def _entered(request: Request, action: Action) -> Visitor:
    """Return who sends a request, if the person may do this, and by this token, if it is a script.

    Raises:
        Refusal: `LOGIN_INVALID`, `NOT_ALLOWED`.
    """
    visitor = request.state.visitor = _recognized(request)
    permit(visitor.person.role, action)
    if visitor.script:
        permit_script(visitor.scopes, action)
    return visitor


def _recognized(request: Request) -> Visitor:
    """Return whose API token a request has, or else whose session.

    Raises:
        Refusal: `LOGIN_INVALID`.
    """
    house, given = house_of(request), api_token(request.headers.get("authorization"))
    if given is not None:
        script = house.tokens.script(given)
        return Visitor(script.person, given, FormData(), script.label, script.scopes)
    token = request.cookies.get(house.cookie, "")
    return Visitor(house.people.person(token), token, FormData())


def _checked(request: Request, visitor: Visitor) -> Visitor:
    """Return a visitor whose form, if there is one, is of this session; a script shows its own token each time, which is more.

    Raises:
        InvalidInput: `REQUEST_INVALID`.
    """
    if visitor.script:
        return visitor
    if request.method not in SAFE and not hmac.compare_digest(visitor.text(FIELD).encode(), visitor.secret.encode()):
        raise InvalidInput(Code.REQUEST_INVALID, "The form is not one of this session's.", "Load the page again, and send it from there.")
    return visitor


def note(house: House, visitor: Visitor, what: str, about: str = "") -> None:
    """Write into the journal what somebody is about to do, and by which API token, if by one. It fails as the journal's `note`."""
    house.journal.note(visitor.person, f"{what}, by the API token {visitor.script}" if visitor.script else what, about)


def welcome(house: House, token: str) -> Response:
    """Let somebody in whose link is good, and write down that they came.

    Raises:
        Refusal: `LOGIN_INVALID`.
    """
    session, person = house.people.enter(token)
    return let_in(house, session, person, "signed in", RedirectResponse("/", status_code=303))


def let_in(house: House, session: str, person: Person, how: str, answer: Response) -> Response:
    """Write down that somebody came, and how, and have an answer give the browser the session. It fails as the journal's `note`."""
    house.journal.note(person, how)
    answer.set_cookie(house.cookie, session, path="/", secure=house.tls, httponly=True, samesite="strict")
    return answer


def farewell(house: House, visitor: Visitor) -> Response:
    """End a session."""
    house.people.leave(visitor.token)
    note(house, visitor, "signed out")
    answer = RedirectResponse("/bye", status_code=303)
    answer.delete_cookie(house.cookie, path="/", secure=house.tls, httponly=True, samesite="strict")
    return answer
