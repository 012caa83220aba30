"""What a log adds up to, counted for a document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.client.verification.entry import (
    AccountRaised,
    Approval,
    Commit,
    ContractActivated,
    Hold,
    Pause,
    Refused,
    ReleaseStored,
    TelemetryConsent,
)
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.standing import read_agreed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.client.report.record import Record
    from stillroom.client.verification.entry import Account
    from stillroom.client.verification.extract import Extract
    from stillroom.model.contract import Contract


@dataclass(frozen=True, slots=True)
class Activation:
    """A contract that came into force.

    Attributes:
        at: When.
        digest: Its digest.
        contract: The contract, if the log hands it over with the signatures of its parties.
    """

    at: int
    digest: str
    contract: Contract | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a log says, counted.

    Attributes:
        times: When its first and its last entry were made.
        contracts: Every contract that was in force, in order.
        holds: How many charges owners' accounts have held.
        commits: Every commit, by its entry's number.
        releases: The digest of each release's file, by reservation.
        decisions: How many decisions of each kind.
        refusals: How often each code was the answer.
        consents: What each owner said last about telemetry.
        pauses: When who paused the room, or resumed.
        raised: How often each account's cap was raised, or the account opened.
    """

    times: tuple[int, int]
    contracts: tuple[Activation, ...]
    holds: int
    commits: Mapping[int, Commit]
    releases: Mapping[str, str]
    decisions: Mapping[str, int]
    refusals: Mapping[str, int]
    consents: Mapping[str, bool]
    pauses: tuple[Pause, ...]
    raised: Mapping[Account, int]


def ledger(record: Record) -> Ledger:
    """Count the entries of a log."""
    extract = record.standing.extract
    entries = extract.entries
    refusals: Counter[str] = Counter()
    for entry in entries.values():
        if isinstance(entry, Refused):
            refusals.update({one.code: one.count for one in entry.counts})
    return Ledger(
        times=(entries[0].at, entries[extract.checkpoint.size - 1].at),
        contracts=tuple(_activation(extract, index, entry) for index, entry in entries.items() if isinstance(entry, ContractActivated)),
        holds=sum(isinstance(entry, Hold) for entry in entries.values()),
        commits={index: entry for index, entry in entries.items() if isinstance(entry, Commit)},
        releases={entry.reservation: entry.release for entry in entries.values() if isinstance(entry, ReleaseStored)},
        decisions=Counter(entry.decision for entry in entries.values() if isinstance(entry, Approval)),
        refusals=refusals,
        consents={entry.party: entry.on for entry in entries.values() if isinstance(entry, TelemetryConsent)},
        pauses=tuple(entry for entry in entries.values() if isinstance(entry, Pause)),
        raised=Counter(entry.account for entry in entries.values() if isinstance(entry, AccountRaised)),
    )


def _activation(extract: Extract, index: int, entry: ContractActivated) -> Activation:
    """Return a contract that came into force. One that is handed over must be the one that the entry names, to be shown."""
    try:
        agreed = read_agreed(extract.statements.get(index, b""))
    except Broken:
        return Activation(entry.at, entry.contract, None)
    return Activation(entry.at, entry.contract, agreed.contract if agreed.digest == entry.contract else None)
