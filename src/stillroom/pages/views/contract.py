"""The contract: in plain words, what its versions changed, and signing another one after having seen what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from stillroom.client.contracts import SIZE_LIMIT, sentences
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.codec import digest_of
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of, note
from stillroom.pages.render import page
from stillroom.pages.versions import versions_of
from stillroom.pages.watched import logbook_of
from stillroom.policy.contract_text import examine, parse_contract
from stillroom.policy.contract_words import difference

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.pages.house import House

router = APIRouter()


@router.get("/contract")
def show(request: Request, visitor: Annotated[Visitor, by(Action.SEE_CONTRACT)]) -> Response:
    """Show the contract in force, which is the one that the log names last, and what each of its versions changed."""
    del visitor
    house = house_of(request)
    contract = _in_force(house)
    book = None if contract is None else logbook_of(house)
    if contract is not None and book is not None:
        book.check_in_force(contract)
    return page(
        request,
        "contract.html",
        contract=contract,
        digest=None if contract is None else digest_of(contract),
        sentences=() if contract is None else sentences(contract),
        versions=() if book is None else versions_of(book),
        own=contract is None or house.signs(contract),
        signed=None,
    )


@router.post("/contract/review")
def review(request: Request, visitor: Annotated[Visitor, by(Action.SIGN_CONTRACT)]) -> Response:
    """Show a contract that was uploaded, and what it changes, before it is signed."""
    house, text = house_of(request), _uploaded(visitor)
    contract, problems = examine(text)
    if contract is None or problems:
        return page(request, "contract_problems.html", status=422, problems=problems)
    known = _in_force(house)
    return page(
        request,
        "contract_review.html",
        contract=contract,
        digest=digest_of(contract),
        text=canonical(contract.to_json()).decode(),
        sentences=sentences(contract),
        changes=None if known is None else difference(known, contract),
        key_fits=house.signs(contract),
    )


@router.post("/contract/sign")
def sign(request: Request, visitor: Annotated[Visitor, by(Action.SIGN_CONTRACT)]) -> Response:
    """Sign the contract that was shown."""
    house = house_of(request)
    contract = parse_contract(visitor.text("text"))
    if digest_of(contract) != visitor.text("digest"):
        raise InvalidInput(Code.REQUEST_INVALID, "This is not the contract that was shown.", "Upload it again.")
    note(house, visitor, "signed a contract", digest_of(contract))
    signed = house.session().sign(contract)
    return page(request, "contract_signed.html", contract=contract, signed=signed)


def _uploaded(visitor: Visitor) -> bytes:
    """Return the text of an uploaded file, or else what was pasted."""
    file = visitor.form.get("file")
    content = file.file.read(SIZE_LIMIT + 1) if isinstance(file, UploadFile) else b""
    text = content or visitor.text("pasted").encode()
    if not text.strip() or len(text) > SIZE_LIMIT:
        raise InvalidInput(Code.FILE_INVALID, "There is no contract, or it is too large.", f"Choose a file of at most {SIZE_LIMIT} bytes.")
    return text


def _in_force(house: House) -> Contract | None:
    try:
        return house.session().contract
    except Refusal as refusal:
        if refusal.code is Code.CONTRACT_UNKNOWN:
            return None
        raise
