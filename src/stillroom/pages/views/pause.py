"""To pause the room, and to resume."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from stillroom.errors import Code, InvalidInput
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of, note

router = APIRouter()


@router.post("/pause")
def pause(request: Request, visitor: Annotated[Visitor, by(Action.PAUSE)]) -> Response:
    """Pause the room, or resume as far as this party is concerned, once it is written down who does."""
    house, what = house_of(request), visitor.text("what")
    if what not in {"pause", "resume"}:
        raise InvalidInput(Code.REQUEST_INVALID, "That is neither to pause nor to resume.", "Send it from the page of the room.")
    note(house, visitor, f"{what}d the room")
    found = house.session().pause
    found.begin() if what == "pause" else found.resume()
    return RedirectResponse("/", status_code=303)
