"""What owners sign: holds of their accounts and decisions about plans, which entries of the log name by digest."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from stillroom.client.verification.entry import Account, Reservation
from stillroom.client.verification.envelope import read_envelope
from stillroom.client.verification.outcome import Broken, expect
from stillroom.client.verification.signature import read_key
from stillroom.client.verification.values import read_value
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.model.release import Release

HOLD_TYPE = "application/vnd.stillroom.hold.v1+json"
APPROVAL_TYPE = "application/vnd.stillroom.approval.v1+json"

V = TypeVar("V", bound=Value)


class HoldStatement(Value):
    """An owner's word that an account holds a charge, for a room that it names with its key."""

    format: Literal["stillroom/hold/v1"] = Field(alias="schema")
    room: str
    reservation: Reservation
    account: Account
    charge: Charge


class ApprovalStatement(Value):
    """A party's decision about a plan, and about all that goes with it; its decisions about one plan are numbered."""

    format: Literal["stillroom/approval/v1"] = Field(alias="schema")
    contract: Digest
    plan: Digest
    receivers: tuple[Name, ...]
    protection: Literal["server"]
    charge: Charge
    party: Name
    number: Annotated[int, Field(ge=1)]
    decision: Literal["approved", "changes_requested", "rejected"]
    reason: str = Field(default="", exclude_if=operator.not_)


def check_hold(envelope: bytes | None, contract: Contract, release: Release, account: Account) -> None:
    """Accept a signed hold of a release's charge.

    Raises:
        Broken: It is not handed over, not signed by the account's owner, or says something else.
    """
    owner = account.owner
    signed = _read(envelope, HOLD_TYPE, HoldStatement, f"the hold of {owner}", _key(contract, owner))
    said = (signed.room, signed.reservation, signed.account, signed.charge)
    expect(f"the hold that {owner} signed", said, (release.room, release.reservation, account, release.charge))


def read_hold(envelope: bytes, contract: Contract, account: Account) -> HoldStatement:
    """Return the hold that the owner of an account has signed.

    Raises:
        Broken: It is not signed by the owner.
    """
    return _read(envelope, HOLD_TYPE, HoldStatement, f"the hold of {account.owner}", _key(contract, account.owner))


def check_approval(envelope: bytes | None, contract: Contract, release: Release, party: str) -> None:
    """Accept a signed approval of a release's plan, receivers, protection and charge.

    Raises:
        Broken: It is not handed over, not signed by the party, or says something else.
    """
    signed = _read(envelope, APPROVAL_TYPE, ApprovalStatement, f"the approval of {party}", _key(contract, party))
    said = (signed.contract, signed.plan, signed.receivers, signed.protection, signed.charge, signed.party, signed.decision)
    wanted = (release.contract_digest, release.plan_digest, release.receivers, release.plan.protection, release.charge, party, "approved")
    expect(f"the approval that {party} signed", said, wanted)


def _key(contract: Contract, name: str) -> tuple[str, str]:
    """Return a party's name and key."""
    party = contract.party(name)
    if party is None:
        raise Broken(f"the contract knows no party {name}")
    return party.name, party.key


def _read(envelope: bytes | None, payload_type: str, kind: type[V], what: str, signer: tuple[str, str]) -> V:
    """Return what a party has signed."""
    if envelope is None:
        raise Broken(f"{what} is not handed over with the log")
    opened = read_envelope(envelope, payload_type, what)
    opened.verify(read_key(signer[1], signer[0]), signer[0])
    return read_value(opened.payload, kind, what)
