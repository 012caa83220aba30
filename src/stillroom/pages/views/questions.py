"""Questions that were put to owners: what each would let out, and to decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from stillroom.errors import Code, InvalidInput
from stillroom.ledger.entry import Decision
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of, note
from stillroom.pages.render import page

if TYPE_CHECKING:
    from stillroom.client.session import Session
    from stillroom.client.views import AccountLine, WaitingQuestion
    from stillroom.model.contract import Contract
    from stillroom.pages.house import House

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an owner has to know about a question.

    Attributes:
        item: The question, its price and the decisions about it.
        reads: The columns that it reads, by dataset.
        contract: The contract that it is asked under.
        accounts: The party's own accounts that it would be charged to.
        waits: Whether it waits for this party.
    """

    item: WaitingQuestion
    reads: dict[str, tuple[str, ...]]
    contract: Contract
    accounts: tuple[AccountLine, ...]
    waits: bool

    @property
    def digest(self) -> str:
        """The plan's digest, without its algorithm: what the sheet's address ends with."""
        return self.item.price.plan_digest.removeprefix("sha256:")


@router.get("/questions")
def show(request: Request, visitor: Annotated[Visitor, by(Action.SEE_QUESTIONS)]) -> Response:
    """List what waits for this party, and what was put to owners before."""
    del visitor
    house = house_of(request)
    items = house.session().waiting(answered=True)
    waiting = [item for item in items if _waits(item, house.party)]
    others = [item for item in reversed(items) if not _waits(item, house.party)]
    return page(request, "questions.html", waiting=waiting, others=others)


@router.get("/questions/{digest}")
def sheet(request: Request, digest: str, visitor: Annotated[Visitor, by(Action.SEE_QUESTIONS)]) -> Response:
    """Show one question in plain words."""
    del visitor
    return page(request, "question.html", sheet=_sheet(house_of(request), digest))


@router.post("/questions/{digest}")
def decide(request: Request, digest: str, visitor: Annotated[Visitor, by(Action.DECIDE)]) -> Response:
    """Sign a decision with the home's key, once it is written down who has made it."""
    house, decision = house_of(request), visitor.text("decision")
    if decision not in set(Decision):
        raise InvalidInput(Code.APPROVAL_INVALID, "That is no decision.", "Approve, reject, or ask for changes.")
    found = _sheet(house, digest)
    note(house, visitor, decision.replace("_", " "), found.item.price.plan_digest)
    house.session().decide(found.item.price.plan_digest, decision, visitor.text("reason"))
    return RedirectResponse(f"/questions/{found.digest}", status_code=303)


def _sheet(house: House, digest: str) -> Sheet:
    """Return the sheet of a question. Its plan is compiled here, from the contract and the question as they were signed."""
    from stillroom.query.compile import compile_question
    from stillroom.room.data import columns_of

    session = house.session()
    item, contract = _item(session, digest), session.contract
    accounts = tuple(line for line in session.budget() if line.name in item.price.accounts)
    return Sheet(item, columns_of(compile_question(contract, item.question).plan), contract, accounts, _waits(item, house.party))


def _waits(item: WaitingQuestion, party: str) -> bool:
    """Tell whether a question reads data of a party that has not decided about it."""
    return party in item.readers and party not in item.decisions


def _item(session: Session, digest: str) -> WaitingQuestion:
    """Return a question that was put to owners.

    Raises:
        InvalidInput: `APPROVAL_INVALID` if there is none.
    """
    for item in session.waiting(answered=True):
        if item.price.plan_digest == f"sha256:{digest}":
            return item
    raise InvalidInput(Code.APPROVAL_INVALID, "No such question was put to owners.", "The list of questions has all that were.")
