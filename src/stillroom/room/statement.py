"""What parties sign, besides contracts, questions and decisions: holds and lapses of their accounts, and what data there is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stillroom.ledger.account import AccountName, Reservation
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

CONTRACT_TYPE = "application/vnd.stillroom.contract.v1+json"
"""DSSE payload type of a contract (`stillroom.model.contract.Contract`), signed by its parties."""

QUESTION_TYPE = "application/vnd.stillroom.question.v1+json"
"""DSSE payload type of a question (`stillroom.model.question.Question`), signed by the party that asks."""

HOLD_TYPE = "application/vnd.stillroom.hold.v1+json"
"""DSSE payload type of a hold."""

LAPSE_TYPE = "application/vnd.stillroom.lapse.v1+json"
"""DSSE payload type of a lapse."""

DATA_TYPE = "application/vnd.stillroom.data.v1+json"
"""DSSE payload type of an announcement of data."""


class HoldStatement(Value):
    """An owner's word that an account holds a charge.

    Attributes:
        format: The version of this format.
        room: The room's identity.
        reservation: What it is held for.
        account: Whose account.
        charge: How much.
    """

    format: Literal["stillroom/hold/v1"] = Field(default="stillroom/hold/v1", alias="schema")
    room: str
    reservation: Reservation
    account: AccountName
    charge: Charge


class LapseStatement(Value):
    """An owner's word that an account has given up a hold, and will not hold for this reservation again."""

    format: Literal["stillroom/lapse/v1"] = Field(default="stillroom/lapse/v1", alias="schema")
    reservation: Reservation
    account: AccountName


class DataStatement(Value):
    """An owner's word that a dataset has a new version, or that it is withdrawn. It says nothing about the content.

    Attributes:
        format: The version of this format.
        dataset: Which.
        version: Rises with every new version; a withdrawal names the present one.
        section: Digest of the section of the contract under which the data was admitted.
        withdrawn: Whether the owner takes it back.
    """

    format: Literal["stillroom/data/v1"] = Field(default="stillroom/data/v1", alias="schema")
    dataset: Name
    version: int = Field(ge=1, le=2**53 - 1)
    section: Digest
    withdrawn: bool = False
