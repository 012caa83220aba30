"""The room: who is in it, what protects whom, what leaves, and how agent and log are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response

from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import membership_of
from stillroom.client.pause import Stands
from stillroom.errors import Code, StillroomError
from stillroom.ledger.witness import Alarmed
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of
from stillroom.pages.render import page
from stillroom.pages.watched import logbook_of, watch_of

if TYPE_CHECKING:
    from stillroom.crypto.cosignature import Cosignature
    from stillroom.model.contract import Contract
    from stillroom.pages.house import House
    from stillroom.pages.logbook import Logbook

router = APIRouter()


@router.get("/")
def room(request: Request, visitor: Annotated[Visitor, by(Action.SEE_ROOM)]) -> Response:
    """Show the room. It is shown also where there is no contract yet, or the server cannot be reached."""
    del visitor
    house, problem = house_of(request), None
    try:
        contract: Contract | None = house.session().contract
        data, pause = house.session().data(), house.session().pause.stands()
    except StillroomError as error:
        contract, data, pause, problem = None, (), Stands((), unheard=False), error
    book, witnesses, log_problem = _log(house, contract) if contract else (None, (), None)
    return page(
        request,
        "room.html",
        room=membership_of(house.path),
        own_key=house.key,
        own=contract is None or house.signs(contract),
        contract=contract,
        data=data,
        missing=pause.missing,
        unheard=pause.unheard,
        owns=_owns(house, contract),
        problem=None if problem is None or problem.code is Code.CONTRACT_UNKNOWN else problem,
        unconfirmed=problem is not None and problem.code in {Code.NOT_ALLOWED, Code.REQUEST_UNSIGNED},
        alarms=[Alarmed(one) for one in watch_of(house.path).alarms()],
        notes=house.notes.latest(),
        book=book,
        log_problem=log_problem,
        witnesses=witnesses,
    )


def _owns(house: House, contract: Contract | None) -> bool:
    """Tell whether the party owns data here, by its home where the room says nothing: no room keeps an owner from pausing."""
    return house.party in contract.owners if contract else bool(Home.open(house.path).datasets())


def _log(house: House, contract: Contract) -> tuple[Logbook | None, tuple[tuple[Cosignature, int], ...], StillroomError | None]:
    """Return the log and its witnesses, or why it cannot be had, or does not fit the contract that the room says is in force."""
    try:
        book = logbook_of(house)
        book.check_in_force(contract)
        return book, book.witnesses(contract), None
    except StillroomError as error:
        return None, (), error
