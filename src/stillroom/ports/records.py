"""What a room keeps, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from stillroom.crypto.merkle import Frontier
    from stillroom.model.charge import Charge
    from stillroom.model.record import ContractRecord, DataRecord, JobRecord, PartyRecord, PauseRecord, RunRecord, RunState, Tally


class Contracts(Protocol):
    """The contracts that were handed to a room."""

    def get(self, digest: str) -> ContractRecord | None:
        """Return a contract by its digest."""

    def active(self) -> ContractRecord | None:
        """Return the contract in force."""

    def all(self) -> tuple[ContractRecord, ...]:
        """Return all, in the order in which they came."""

    def put(self, record: ContractRecord) -> None:
        """Keep a contract, in place of what was kept under its digest."""


class Balances(Protocol):
    """The accounts of contracts, by the name that amendments share, and what analysts spent of them."""

    def open(self, contract: str, cap: Charge) -> bool:
        """Give the account this cap; False, and no change, when more than that is spent."""

    def tally(self, contract: str) -> Tally:
        """Return cap and spent; zeros for an account that was never opened."""

    def spend(self, contract: str, charge: Charge) -> Charge | None:
        """Spend, and return what had been spent before; None, and no change, when the cap does not allow it."""

    def spend_as(self, contract: str, analyst: str, charge: Charge, cap: Charge) -> bool:
        """Add to what an analyst spent; False, and no change, when that would exceed the cap."""

    def spent_as(self, contract: str, analyst: str) -> Charge:
        """Return what an analyst spent."""


class Versions(Protocol):
    """The present version of each dataset."""

    def get(self, dataset: str) -> DataRecord | None:
        """Return the present version of a dataset."""
        ...

    def all(self) -> tuple[DataRecord, ...]:
        """Return all, by name."""
        ...

    def put(self, record: DataRecord) -> None:
        """Keep a version, in place of the one before."""
        ...


class Approvals(Protocol):
    """Questions that wait for owners, and what owners said."""

    def ask(self, contract: str, plan: str, question: bytes) -> None:
        """Keep a signed question for the owners to look at; the first one for a plan stays."""
        ...

    def question(self, contract: str, plan: str) -> bytes | None:
        """Return the signed question that is kept for a plan."""
        ...

    def questions(self, contract: str) -> tuple[bytes, ...]:
        """Return all signed questions that are kept under a contract, in the order in which they came."""
        ...

    def plans(self, contract: str) -> tuple[str, ...]:
        """Return the names of the plans of these questions, in the same order."""
        ...

    def undecided(self, contract: str) -> tuple[bytes, ...]:
        """Return those of these questions about whose plan nobody has decided yet."""
        ...

    def decide(self, contract: str, plan: str, party: str, envelope: bytes) -> None:
        """Keep a party's signed decision, in place of its decision before."""
        ...

    def decisions(self, contract: str, plan: str) -> tuple[bytes, ...]:
        """Return the latest signed decision of each party about a plan, by party."""
        ...


class Runs(Protocol):
    """Reservations and their releases."""

    def last(self, run: str) -> RunRecord | None:
        """Return the last attempt of a run."""
        ...

    def get(self, reservation: str) -> RunRecord | None:
        """Return a reservation."""
        ...

    def add(self, record: RunRecord) -> None:
        """Keep a new reservation."""
        ...

    def advance(self, record: RunRecord, before: RunState) -> bool:
        """Keep a reservation in its new state, if its state is `before`; False, and no change, if it is not."""
        ...

    def settle(self, reservation: str, state: RunState) -> None:
        """Take note that every account knows that the reservation is in this state; nothing happens if it has moved on."""
        ...

    def unsettled(self) -> tuple[RunRecord, ...]:
        """Return reservations that are open, or of which some account may not know how they stand."""
        ...

    def keep_release(self, reservation: str, envelope: bytes) -> None:
        """Keep the one release of a reservation."""
        ...

    def release(self, reservation: str) -> bytes | None:
        """Return the release of a reservation."""
        ...

    def all(self) -> tuple[RunRecord, ...]:
        """Return all reservations, in the order in which they were opened."""

    def releases(self) -> tuple[bytes, ...]:
        """Return all releases, in the order in which they were stored."""
        ...


class LogBook(Protocol):
    """The leaves of the log, hashes of their tree, its heads, and the signed envelopes that entries name by digest."""

    def append(self, leaves: Sequence[bytes]) -> Frontier:
        """Append leaves, in order, and return what `frontier` returns from now on: the last one's index is its size less one."""
        ...

    def keep_statements(self, envelopes: Mapping[str, bytes]) -> None:
        """Keep signed envelopes, one at least, each under its digest."""

    def statement(self, digest: str) -> bytes | None:
        """Return a signed envelope by its digest."""

    def frontier(self) -> Frontier:
        """Return what is needed to append and to know the root."""

    def leaves(self, start: int = 0, stop: int | None = None) -> tuple[bytes, ...]:
        """Return the leaves from an index on, up to another one if it is given."""

    def hashes(self, level: int, places: range) -> tuple[bytes, ...]:
        """Return the hashes of a level of tiles (`stillroom.crypto.tiles`) at some places, all of which must be there."""

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the head of that size, in place of one that is kept."""
        ...

    def checkpoint(self, size: int | None = None) -> bytes | None:
        """Return the signed note of the head of that size, or the latest one; without cosignatures."""

    def keep_cosignature(self, size: int, party: str, line: str) -> None:
        """Keep a party's signature line for the head of that size, in place of the one before."""

    def cosignatures(self, size: int) -> tuple[str, ...]:
        """Return the signature lines that are kept for the head of that size, by party."""

    def cosigned(self) -> tuple[int, ...]:
        """Return the sizes of the heads that are the last ones that a party has cosigned, in rising order."""


class Counters(Protocol):
    """Numbers that wait to be logged, or were."""

    def refused(self, code: str, number: int) -> int:
        """Count so many refusals; return how many of all codes wait to be logged."""

    def refusals(self) -> Mapping[str, int]:
        """Return how many refusals of each code wait to be logged."""

    def clear_refusals(self) -> None:
        """Start again from none, once they are logged."""

    def raises(self, owner: str, population: str) -> int | None:
        """Return how often an account had got a cap when the room last looked; None if it never did."""

    def keep_raises(self, owner: str, population: str, count: int) -> None:
        """Take note of that number."""


class Parties(Protocol):
    """Keys that have asked to join, where a room is a server."""

    def get(self, key: str) -> PartyRecord | None:
        """Return what is known of a key."""
        ...

    def all(self) -> tuple[PartyRecord, ...]:
        """Return all, in the order in which they came."""
        ...

    def put(self, record: PartyRecord) -> None:
        """Keep a key, in place of what was kept of it."""
        ...

    def remove(self, key: str) -> None:
        """Forget a key."""
        ...


class Jobs(Protocol):
    """Questions on their way through the door, where a room is a server."""

    def get(self, job: str) -> JobRecord | None:
        """Return a job."""
        ...

    def put(self, record: JobRecord) -> None:
        """Keep a job, in place of what was kept of it."""
        ...

    def queue(self, record: JobRecord) -> None:
        """Keep a job behind all others; forget what was kept of it, and all but the last jobs of its party that are over.

        So many of these stay: `stillroom.model.record.ENDED_LIMIT`.
        """
        ...

    def next(self, now: float, others: Collection[str] = (), mine: Collection[str] = ()) -> JobRecord | None:
        """Return the first job that nobody works on: it waits, or its worker's lease has run out.

        Args:
            now: The time.
            others: Parties that are left out.
            mine: Jobs that are left out, since whoever asks works on them: no clock that is set forward makes it take them twice.
        """
        ...

    def working(self, party: str) -> int:
        """Return how many jobs of a party are not over."""
        ...

    def resume(self, at: float) -> None:
        """Let all jobs that are not over be taken up from a moment on: no worker of before is there any more."""
        ...


class Consents(Protocol):
    """What owners say about telemetry."""

    def put(self, party: str, envelope: bytes) -> None:
        """Keep an owner's signed statement, in place of the one before."""

    def all(self) -> Mapping[str, bytes]:
        """Return the last signed statement of each owner that has made one."""
        ...


class Pauses(Protocol):
    """Pauses of the room."""

    def last(self) -> PauseRecord | None:
        """Return the last pause, ended or not."""
        ...

    def put(self, record: PauseRecord) -> None:
        """Keep a pause, in place of what was kept of it."""


class Records(Protocol):
    """Everything that a room keeps, inside one transaction."""

    @property
    def contracts(self) -> Contracts:
        """Contracts."""

    @property
    def balances(self) -> Balances:
        """Accounts of contracts."""

    @property
    def versions(self) -> Versions:
        """Data versions."""

    @property
    def approvals(self) -> Approvals:
        """Waiting questions and decisions."""

    @property
    def runs(self) -> Runs:
        """Reservations."""

    @property
    def log(self) -> LogBook:
        """The log."""

    @property
    def counters(self) -> Counters:
        """Refusals and raises."""

    @property
    def parties(self) -> Parties:
        """Keys that have asked to join."""

    @property
    def jobs(self) -> Jobs:
        """Questions on their way."""

    @property
    def consents(self) -> Consents:
        """What owners say about telemetry."""

    @property
    def pauses(self) -> Pauses:
        """Pauses of the room."""


class Store(Protocol):
    """Where a room keeps its records, durably."""

    def reading(self) -> AbstractContextManager[Records]:
        """Begin a transaction that sees one state and changes nothing. It may fail as `writing` does."""
        ...

    def writing(self) -> AbstractContextManager[Records]:
        """Begin a transaction that no other one overlaps: durable once it ends, undone if it ends with an error.

        Raises:
            Failed: `STORE_FAILED` if the store cannot be reached, or does not take the change.
        """
        ...

    def committing(self) -> AbstractContextManager[tuple[Records, Callable[[], None]]]:
        """Begin a transaction as `writing` does, which others that begin with this may overlap until it takes its turn.

        The rules by which a run is allowed (contracts, decisions, pauses, data versions) stay as they are from its beginning on, since
        they are changed in `writing` alone. So they can be asked before the turn, in which it keeps nobody waiting: of balances, runs and
        the log only what is read after it counts.

        Returns:
            The records, and what takes the turn: it returns when no other transaction that writes has one.

        Raises:
            Failed: As `writing`; also when the turn is taken.
        """
        ...
