"""Asking: an editor with names from the contract, the price before anything is spent, and the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from stillroom.errors import Code, InvalidInput, StillroomError
from stillroom.model.question import Dialect
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of, note
from stillroom.pages.render import page
from stillroom.pages.runs import Run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stillroom.client.result import Release
    from stillroom.model.contract import Contract
    from stillroom.model.price import Price
    from stillroom.model.question import Term
    from stillroom.pages.house import House
    from stillroom.ports import Progress

router = APIRouter()

SUGGESTIONS = 12
"""The most names that are suggested at a time."""

START = {
    "sql": "",
    "by": "epsilon",
    "amount": "1",
    "group_size": "",
    "groups_per_person": "",
    "dialect": "duckdb",
    "pure": "",
    "nonnegative": "",
}
"""What the form says before it is filled in."""

_ASKER = by(Action.ASK)

_WORD = re.compile(r"[\w.]*\Z")
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


@router.get("/ask")
def show(request: Request, visitor: Annotated[Visitor, by(Action.PRICE)]) -> Response:
    """Show the editor."""
    del visitor
    return _editor(request, START, Priced())


@router.post("/ask/price")
def price(request: Request, visitor: Annotated[Visitor, by(Action.PRICE)]) -> Response:
    """Show what the question would cost: as a part of the page, or, without scripts, as a page."""
    asked = _filled(visitor)
    if request.headers.get("hx-request") != "true":
        return _editor(request, asked, _priced(house_of(request), asked))
    priced = _priced(house_of(request), asked)
    return page(request, "price.html", price=priced.price, error=priced.error, beyond=priced.beyond)


@router.post("/ask/names")
def names(request: Request, visitor: Annotated[Visitor, by(Action.PRICE)]) -> Response:
    """Suggest names of datasets and columns that begin like the word at the cursor."""
    sql, cursor = _filled(visitor)["sql"], visitor.text("cursor")
    before = sql[: int(cursor)] if cursor.isascii() and cursor.isdigit() and len(cursor) < len(str(10**6)) else sql
    word = _WORD.search(before)
    begun = "" if word is None else word.group().lower()
    found = [one for one in _names(house_of(request).session().contract) if begun and one.startswith(begun) and one != begun]
    return page(request, "names.html", names=found[:SUGGESTIONS], begun=begun)


@router.post("/ask")
def ask(request: Request, visitor: Annotated[Visitor, by(Action.ASK)]) -> Response:
    """Ask, and follow the run."""
    house, asked = house_of(request), _filled(visitor)
    priced = _priced(house, asked)
    if priced.price is None:
        return _editor(request, asked, priced, status=422)
    note(house, visitor, "asked", priced.price.plan_digest)

    def go(progress: Progress) -> Release:
        return house.session(progress).ask(asked["sql"], parameters=None, dialect=asked["dialect"], **_terms(asked))

    run = house.runs.start(visitor.person.name, asked, go)
    return RedirectResponse(f"/runs/{run.name}", status_code=303)


@router.get("/runs/{name}")
def run(request: Request, name: str, visitor: Annotated[Visitor, by(Action.ASK)]) -> Response:
    """Show how a run stands, and go to its release once there is one."""
    found = house_of(request).runs.get(name, visitor.person.name)
    if found.over and found.error is None and found.release:
        return RedirectResponse(f"/releases/{found.release}", status_code=303)
    waits = found.error is not None and found.error.code is Code.APPROVAL_MISSING
    return page(request, "run.html", run=found, waits=waits)


async def _followed(request: Request, name: str, visitor: Annotated[Visitor, _ASKER]) -> AsyncIterator[Run]:
    """Return a run to follow. Whatever ends the answer, be it that nobody listens any more, ends the following."""
    with house_of(request).runs.followed(name, visitor.person.name) as found:
        yield found


@router.get("/runs/{name}/events")
async def events(visitor: Annotated[Visitor, _ASKER], found: Annotated[Run, Depends(_followed)]) -> Response:
    """Tell of the phases of a run as they come, and nothing else."""
    del visitor
    return StreamingResponse(found.events(), media_type="text/event-stream")


@dataclass(frozen=True, slots=True)
class Priced:
    """A price, or why there is none; neither before anything was asked.

    Attributes:
        price: The price.
        error: Why there is none.
        beyond: The cap for one release, as ε, if the price is beyond it.
    """

    price: Price | None = None
    error: StillroomError | None = None
    beyond: float | None = None


def _editor(request: Request, asked: dict[str, str], priced: Priced, *, status: int = 200) -> Response:
    contract = house_of(request).session().contract
    return page(
        request,
        "ask.html",
        status=status,
        asked=asked,
        contract=contract,
        dialects=[str(one) for one in Dialect],
        may_ask=house_of(request).party in contract.ask,
        price=priced.price,
        error=priced.error,
        beyond=priced.beyond,
    )


def _priced(house: House, asked: dict[str, str]) -> Priced:
    """Return a price, or why there is none."""
    try:
        session = house.session()
        found = session.price(asked["sql"], parameters=None, dialect=asked["dialect"], **_terms(asked))
        return Priced(price=found, beyond=session.cap_exceeded(found))
    except StillroomError as error:
        return Priced(error=error)


def _filled(visitor: Visitor) -> dict[str, str]:
    """Return what the form says; browsers end lines with two characters."""
    return {name: visitor.text(name).replace("\r\n", "\n") for name in START}


def _terms(asked: dict[str, str]) -> dict[str, Term]:
    """Return how precise, at which price.

    Raises:
        InvalidInput: `PRICE_INVALID` for what is no number.
    """
    amount = {"error" if asked["by"] == "error" else "epsilon": _number(asked["amount"])}
    sizes = {name: int(_number(asked[name])) for name in ("group_size", "groups_per_person") if asked[name].strip()}
    return {**amount, **sizes, "pure": asked["pure"] == "yes", "nonnegative": asked["nonnegative"] == "yes"}


def _number(text: str) -> float:
    if not _DECIMAL.fullmatch(text.strip()):
        raise InvalidInput(Code.PRICE_INVALID, "One of the numbers of the form is none.", "Write a decimal number above 0, as 0.5.")
    return float(text)


def _names(contract: Contract) -> list[str]:
    """Return the names that a question may use: datasets, columns that have a use, and persons for joining."""
    found = set(contract.datasets)
    for name, dataset in contract.datasets.items():
        person = getattr(dataset, "person", None)
        columns = [column for column, declared in dataset.columns.items() if person is None or declared.uses]
        for column in [*columns, *([person.column] if person else [])]:
            found |= {column, f"{name}.{column}"}
    return sorted(found, key=lambda name: ("." in name, name))
