"""The journal: who of this party has decided and done what on these pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of
from stillroom.pages.render import page

router = APIRouter()

DEEDS_SHOWN = 200
"""The most lines of the journal on its page; the file has all."""


@router.get("/journal")
def show(request: Request, visitor: Annotated[Visitor, by(Action.SEE_JOURNAL)]) -> Response:
    """Show the journal, the latest first, and who is signed in."""
    del visitor
    house = house_of(request)
    return page(request, "journal.html", deeds=house.journal.deeds()[:DEEDS_SHOWN], people=house.people.all())
