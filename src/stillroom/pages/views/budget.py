"""The budget: the contract's account and the party's own, and what they come to for an attacker."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from stillroom.pages.access import Action
from stillroom.pages.chart import gauge_of
from stillroom.pages.login import Visitor, by, house_of
from stillroom.pages.render import page

router = APIRouter()


@router.get("/budget")
def show(request: Request, visitor: Annotated[Visitor, by(Action.SEE_BUDGET)]) -> Response:
    """Show what is held, spent and left."""
    del visitor
    session = house_of(request).session()
    accounts = [(line, gauge_of(line)) for line in session.budget()]
    return page(request, "budget.html", contract=session.contract, accounts=accounts)
