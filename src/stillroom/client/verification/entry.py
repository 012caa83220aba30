"""Entries of a log, as `docs/reference/verify.md` lists them."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from stillroom.client.verification.canonical import encode
from stillroom.client.verification.outcome import Broken, require
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

Whole = Annotated[int, Field(ge=0, le=2**53 - 1)]
Positive = Annotated[int, Field(ge=1, le=2**53 - 1)]
Reservation = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Account(Value):
    """An owner's account for one population."""

    owner: Name
    population: Name


class Made(Value):
    """When an entry was made: seconds since 1970-01-01T00:00:00Z."""

    at: Whole


class ContractActivated(Made):
    """A contract came into force, in this envelope."""

    kind: Literal["contract_activated"]
    contract: Digest
    envelope: Digest


class DataVersion(Made):
    """A dataset has a new version, admitted under a contract."""

    kind: Literal["data_version"]
    dataset: Name
    version: Positive
    contract: Digest


class DataWithdrawn(Made):
    """A dataset is withdrawn."""

    kind: Literal["data_withdrawn"]
    dataset: Name


class Approval(Made):
    """A party decided about a plan, in this signed statement."""

    kind: Literal["approval"]
    plan: Digest
    party: Name
    decision: Literal["approved", "changes_requested", "rejected"]
    statement: Digest


class RefusalCount(Value):
    """How often a code was the answer."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{0,62}$")]
    count: Positive


class Refused(Made):
    """Refusals, counted by code."""

    kind: Literal["refused"]
    counts: Annotated[tuple[RefusalCount, ...], Field(min_length=1)]


class Hold(Made):
    """An account holds a charge, in this signed statement."""

    kind: Literal["hold"]
    reservation: Reservation
    account: Account
    charge: Charge
    statement: Digest


class HoldLapsed(Made):
    """An account has given up a hold, in this signed statement."""

    kind: Literal["hold_lapsed"]
    reservation: Reservation
    account: Account
    statement: Digest


class Commit(Made):
    """A charge is spent, for good."""

    kind: Literal["commit"]
    reservation: Reservation
    accounts: Annotated[tuple[Account, ...], Field(min_length=1)]
    contract: Digest
    plan: Digest
    protection: Literal["server"]
    charge: Charge
    asked_by: Name


class ReleaseStored(Made):
    """A signed release is kept; this is the digest of its file."""

    kind: Literal["release_stored"]
    reservation: Reservation
    release: Digest


class AccountRaised(Made):
    """An owner raised the cap of an account, or opened the account."""

    kind: Literal["account_raised"]
    account: Account


class TelemetryConsent(Made):
    """An owner said whether there may be metrics and operational logs, in this signed statement."""

    kind: Literal["telemetry_consent"]
    party: Name
    number: Positive
    on: bool
    statement: Digest


class Pause(Made):
    """An owner began the room's next pause, or resumed in its last one, in this signed statement."""

    kind: Literal["pause"]
    party: Name
    pause: Positive
    paused: bool
    statement: Digest


Entry: TypeAlias = (
    ContractActivated
    | DataVersion
    | DataWithdrawn
    | Approval
    | Refused
    | Hold
    | HoldLapsed
    | Commit
    | ReleaseStored
    | AccountRaised
    | TelemetryConsent
    | Pause
)

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


def read_entry(value: Any, index: int) -> Entry:  # noqa: ANN401 - parsed JSON
    """Read an entry from parsed JSON.

    Raises:
        Broken: It is not one, or leaves something out. The text names the entry.
    """
    try:
        entry = _ENTRY.validate_json(encode(value))
    except ValidationError:
        raise Broken(f"entry {index} is none of the entries that a log has") from None
    require(entry.to_json() == value, f"entry {index} leaves something out, or spells it in another way")
    require(_ordered(entry), f"entry {index} lists something twice, or not in order")
    return entry


def _ordered(entry: Entry) -> bool:
    """Tell whether lists are in their one order: accounts by owner and population, counts by code."""
    names: list[tuple[str, ...]] = []
    if isinstance(entry, Commit):
        names = [(account.owner, account.population) for account in entry.accounts]
    elif isinstance(entry, Refused):
        names = [(count.code,) for count in entry.counts]
    return all(before < after for before, after in pairwise(names))
