"""What owners sign about their accounts: the signed statements that entries of the log name by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stillroom.client.verification.entry import Account, Reservation
from stillroom.client.verification.envelope import read_envelope
from stillroom.client.verification.outcome import Broken, expect
from stillroom.client.verification.signature import read_key
from stillroom.client.verification.values import read_value
from stillroom.model.charge import Charge
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.model.contract import Contract

HOLD_TYPE = "application/vnd.stillroom.hold.v1+json"


class HoldStatement(Value):
    """An owner's word that an account holds a charge, for a room that it names with its key."""

    format: Literal["stillroom/hold/v1"] = Field(alias="schema")
    room: str
    reservation: Reservation
    account: Account
    charge: Charge


def check_hold(envelope: bytes, contract: Contract, expected: HoldStatement) -> None:
    """Accept a hold that the owner of its account has signed, and that says what is expected.

    Raises:
        Broken: Another party signed it, or it says something else.
    """
    owner = contract.party(expected.account.owner)
    if owner is None:
        raise Broken(f"the contract knows no party {expected.account.owner}")
    opened = read_envelope(envelope, HOLD_TYPE, f"the hold of {owner.name}")
    opened.verify(read_key(owner.key, owner.name), owner.name)
    statement = read_value(opened.payload, HoldStatement, f"the hold of {owner.name}")
    expect(f"the hold that {owner.name} signed", statement.to_json(), expected.to_json())
