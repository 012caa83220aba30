"""Questions as they are handed in: signed by the party that they name, under the contract that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, Refusal
from stillroom.model.codec import decode, digest_of
from stillroom.model.question import Question
from stillroom.room.signed import open_signed
from stillroom.room.statement import QUESTION_TYPE

if TYPE_CHECKING:
    from stillroom.model.contract import Contract


def claimed(envelope: bytes, kind: str = QUESTION_TYPE) -> Question:
    """Return what an envelope says that somebody asks, without a look at its signature.

    Raises:
        Unverified: `ENVELOPE_INVALID` if it holds no question.
    """
    return decode(unverified_payload(envelope, kind), Question)


def read(contract: Contract, envelope: bytes, kind: str = QUESTION_TYPE) -> Question:
    """Return a question that a party of a contract has signed, under that very contract.

    Args:
        contract: The contract.
        envelope: The signed question.
        kind: What it was signed as: a question that is asked, or a draft.

    Raises:
        Refusal: `PARTY_UNKNOWN` if it names no party of it, or another contract.
        Unverified: The party that it names has not signed it.
    """
    said = claimed(envelope, kind)
    party = contract.party(said.asked_by)
    if party is None or said.contract != digest_of(contract):
        raise Refusal(
            Code.PARTY_UNKNOWN, "The question is not asked by a party of that contract, under it.", "Ask as one of its parties, under it."
        )
    return open_signed(envelope, kind, party, Question)
