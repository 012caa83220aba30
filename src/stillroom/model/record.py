"""Records: what a room's store keeps, as values."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value


class ContractState(StrEnum):
    """Where a contract stands."""

    PENDING = "pending"
    """Not every party has signed."""
    ACTIVE = "active"
    """In force; a room has at most one such contract."""
    REPLACED = "replaced"
    """An amendment took its place."""


class ContractRecord(Value):
    """A contract in its envelope.

    Attributes:
        digest: The contract's name.
        envelope: The signed envelope; it gains signatures until all parties have signed.
        state: Where it stands.
    """

    digest: Digest
    envelope: bytes
    state: ContractState


class SignedContract(Value):
    """A contract that was just handed in.

    Attributes:
        digest: The contract's name.
        state: `pending`, `active` or `replaced`.
        missing: Parties that have not signed yet.
    """

    digest: str
    state: str
    missing: tuple[str, ...]


class DataRecord(Value):
    """The present version of a dataset: a counter, and no word about its content.

    Attributes:
        dataset: Its name.
        version: Rises with every new version, whatever it holds.
        section: Digest of the section of the contract under which the data was admitted.
        withdrawn: Whether the owner took it back.
    """

    dataset: Name
    version: int = Field(ge=1)
    section: Digest
    withdrawn: bool = False


class PauseRecord(Value):
    """A pause of the room.

    Attributes:
        pause: Which, from 1.
        ended: Whether all owners have resumed.
        words: The last statement of each owner in it, signed: that it pauses, or that it resumes.
    """

    pause: int = Field(ge=1)
    ended: bool
    words: dict[Name, bytes]


class RunState(StrEnum):
    """Where a reservation stands. `open` may become `committed` or `lapsed`, once; only `committed` becomes `released`."""

    OPEN = "open"
    COMMITTED = "committed"
    LAPSED = "lapsed"
    RELEASED = "released"


class Commitment(Value):
    """What is known of a run once it is committed.

    Attributes:
        index: Index of the commit's entry in the log.
        spent_before: What had been spent under the contract before.
    """

    index: int = Field(ge=0)
    spent_before: Charge


class RunRecord(Value):
    """One reservation: an attempt to run a plan on certain versions under a contract.

    Attributes:
        reservation: What accounts and log know it by.
        run: Digest of what is run: room, contract, plan and versions. A lapsed attempt may be followed by another.
        attempt: 1, 2, … for the same run; only the last may be open.
        state: Where it stands.
        settled: Whether every account knows that it stands there.
        contract: Digest of the contract.
        plan: Digest of the plan.
        versions: Version number of each dataset read.
        accounts: Accounts charged, as (owner, population), sorted.
        charge: What each account is charged.
        asked_by: The party that asked first.
        opened_at: When, in seconds since 1970.
        commitment: The commit, once there is one.
    """

    reservation: str
    run: Digest
    attempt: int = Field(ge=1)
    state: RunState
    settled: bool = False
    contract: Digest
    plan: Digest
    versions: dict[Name, int]
    accounts: tuple[tuple[Name, Name], ...] = Field(min_length=1)
    charge: Charge
    asked_by: Name
    opened_at: float
    commitment: Commitment | None = None


class PartyRecord(Value):
    """A key that wants to be a party of the room.

    Attributes:
        key: The public key.
        party: The name that it goes by.
        confirmed: Whether the operator has compared the key with its holder.
    """

    key: str
    party: Name
    confirmed: bool = False


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


ENDED_LIMIT = 1_000
"""So many jobs of a party that are over are kept, the last ones by the order in which they were asked."""


class JobRecord(Value):
    """A question on its way through the door of a room's server.

    Attributes:
        job: What it is known by: a digest of the signed question.
        party: Who asks.
        question: The question, signed; nothing of it is kept once the job is over, since whoever asks again sends it again.
        state: Where it stands.
        phase: The last step that it has begun, up to the measuring, as its worker tells; it is not kept.
        lease: Until when its worker has it, in seconds of the steady clock of the process that serves the room; after that, another may.
        reservation: What its release is known by, once it is done.
        fresh: Whether this job was charged, once it is done.
        problem: Why it failed.
        cancelled: Whether its party has wished that it stop before its commit.
    """

    job: Digest
    party: Name
    question: bytes
    state: JobState = JobState.WAITING
    phase: str = ""
    lease: float = 0.0
    reservation: str | None = None
    fresh: bool = False
    problem: dict[str, str | int] | None = None
    cancelled: bool = False


class Tally(Value):
    """How much of an allowance is spent.

    Attributes:
        cap: The allowance.
        spent: What was committed.
        held: What accounts hold for runs on their way, none of which is committed; it is not set aside here.
    """

    cap: Charge
    spent: Charge
    held: Charge = Charge(rho=0)
