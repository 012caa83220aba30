"""Entries of a room's log: frozen values whose canonical bytes are the leaves of the Merkle tree.

No entry says anything about private data: a data version is a counter, with no digest, size or count, and refusals are counts of codes.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from stillroom.crypto.tiles import ENTRY_LIMIT
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.ledger.account import AccountName, Reservation
from stillroom.model import codec
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

Seconds = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Whole seconds since 1970-01-01T00:00:00Z, already rounded to the contract's quantum."""


class Timed(Value):
    """What every entry has: the time `at` which it was made."""

    at: Seconds


class ContractActivated(Timed):
    """A contract, or an amendment of it, that every party has signed; it replaces the one before."""

    kind: Literal["contract_activated"] = "contract_activated"
    contract: Digest
    envelope: Digest


class DataVersion(Timed):
    """A dataset got a new version under a contract, whatever its content."""

    kind: Literal["data_version"] = "data_version"
    dataset: Name
    version: int = Field(ge=1, le=2**53 - 1)
    contract: Digest


class DataWithdrawn(Timed):
    """The owner withdrew a dataset; nothing is refunded."""

    kind: Literal["data_withdrawn"] = "data_withdrawn"
    dataset: Name


class Decision(StrEnum):
    """What a party says to a plan."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"


class Approval(Timed):
    """A party decided about a plan under the present contract; its latest decision counts. `statement` is its signed envelope's digest."""

    kind: Literal["approval"] = "approval"
    plan: Digest
    party: Name
    decision: Decision
    statement: Digest


class RefusalCount(Value):
    """How often a code was the answer."""

    code: Code
    count: int = Field(ge=1, le=2**53 - 1)


class Refused(Timed):
    """A batch of refusals, by code in alphabetical order: shapes, never texts."""

    kind: Literal["refused"] = "refused"
    counts: tuple[RefusalCount, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Keep one spelling for each batch."""
        _check_ordered((count.code,) for count in self.counts)
        return self


class Hold(Timed):
    """An owner's account holds a charge for a reservation. `statement` is the digest of the owner's signed envelope."""

    kind: Literal["hold"] = "hold"
    reservation: Reservation
    account: AccountName
    charge: Charge
    statement: Digest


class HoldLapsed(Timed):
    """An owner's account gave up a hold before anything was released for it; the reservation is over.

    `statement` is the digest of the owner's signed envelope.
    """

    kind: Literal["hold_lapsed"] = "hold_lapsed"
    reservation: Reservation
    account: AccountName
    statement: Digest


class Commit(Timed):
    """A charge is spent, for good, in every account named and under the contract. Only now may anything be measured.

    Attributes:
        kind: Always `commit`.
        reservation: What the run is known by.
        accounts: All accounts that the plan draws on, ordered by owner and population.
        contract: The contract in force.
        plan: What will be measured.
        protection: How exact cells are protected while they exist.
        charge: What is spent in each account.
        asked_by: The party that asked.
    """

    kind: Literal["commit"] = "commit"
    reservation: Reservation
    accounts: tuple[AccountName, ...] = Field(min_length=1)
    contract: Digest
    plan: Digest
    protection: Literal["server"]
    charge: Charge
    asked_by: Name

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Keep one spelling for each set of accounts."""
        _check_ordered((account.owner, account.population) for account in self.accounts)
        return self


class ReleaseStored(Timed):
    """A signed release is kept; only now may it be handed out."""

    kind: Literal["release_stored"] = "release_stored"
    reservation: Reservation
    release: Digest


class AccountRaised(Timed):
    """An owner raised an account's cap, or opened the account. To what is not said: others learn only whether it is enough."""

    kind: Literal["account_raised"] = "account_raised"
    account: AccountName


class TelemetryConsent(Timed):
    """An owner said whether there may be metrics and operational logs. `statement` is its signed envelope's digest."""

    kind: Literal["telemetry_consent"] = "telemetry_consent"
    party: Name
    number: int = Field(ge=1, le=2**53 - 1)
    on: bool
    statement: Digest


class Pause(Timed):
    """An owner began the room's next pause, or resumed in its last one. `statement` is its signed envelope's digest."""

    kind: Literal["pause"] = "pause"
    party: Name
    pause: int = Field(ge=1, le=2**53 - 1)
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


def encode(entry: Entry) -> bytes:
    """Return the canonical bytes of an entry: the input of its leaf hash (`stillroom.crypto.merkle.leaf_hash`).

    Raises:
        InvalidInput: `LOG_INVALID` if they are too many for a bundle of entries (`stillroom.crypto.tiles`).
    """
    data = codec.encode(entry)
    if len(data) > ENTRY_LIMIT:
        raise InvalidInput(Code.LOG_INVALID, "An entry of the log would be too long.", "Ask about fewer accounts at once.")
    return data


def decode(data: bytes) -> Entry:
    """Read an entry from its canonical bytes, and from no others.

    Raises:
        Unverified: `LOG_INVALID` if they are not the encoding of an entry.
    """
    try:
        entry = _ENTRY.validate_json(data)
        if encode(entry) == data:
            return entry
    except (ValidationError, InvalidInput):
        pass
    raise Unverified(
        Code.LOG_INVALID,
        "Something in the log is not an entry in its canonical encoding.",
        "Get the log from the room again; if it stays so, do not rely on it.",
    )


def _check_ordered(keys: Iterable[tuple[str, ...]]) -> None:
    if any(left >= right for left, right in pairwise(keys)):
        msg = "must be in rising order, each once"
        raise ValueError(msg)
