"""The rules of a room's log, as one pure function: the oracle for the stores that write it and for whoever audits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.errors import Code, Unverified
from stillroom.ledger.entry import (
    AccountRaised,
    Approval,
    Commit,
    ContractActivated,
    DataVersion,
    DataWithdrawn,
    Decision,
    Entry,
    Hold,
    HoldLapsed,
    Pause,
    Refused,
    ReleaseStored,
    TelemetryConsent,
)
from stillroom.model.charge import Charge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.ledger.account import AccountName


@dataclass(frozen=True, slots=True)
class Run:
    """What the log says about one reservation.

    Attributes:
        holds: Charges that stand, by account.
        lapsed: Accounts whose hold has lapsed.
        commit: The commit, once there is one.
        commit_index: Index of its entry.
        release: Digest of the signed release, once it is stored.
    """

    holds: Mapping[AccountName, Charge] = field(default_factory=lambda: MappingProxyType({}))
    lapsed: frozenset[AccountName] = frozenset()
    commit: Commit | None = None
    commit_index: int | None = None
    release: str | None = None


@dataclass(frozen=True, slots=True)
class LogState:
    """What a log adds up to.

    Attributes:
        size: Number of entries.
        contracts: Digests of the contracts activated, in order; the last one is in force.
        versions: The present version of each dataset.
        withdrawn: Datasets whose present version is withdrawn.
        decisions: Latest decision about each plan under the contract in force, by (plan digest, party).
        refusals: How often each code was the answer.
        runs: Every reservation.
        spent: What all commits cost.
        consents: Each owner's latest word about telemetry.
        pauses: Each owner's latest word in the room's last pause.
    """

    size: int
    contracts: tuple[str, ...]
    versions: Mapping[str, int]
    withdrawn: frozenset[str]
    decisions: Mapping[tuple[str, str], Decision]
    refusals: Mapping[Code, int]
    runs: Mapping[str, Run]
    spent: Charge
    consents: Mapping[str, TelemetryConsent]
    pauses: Mapping[str, Pause]


def replay(entries: Iterable[Entry]) -> LogState:
    """Go through a log from its beginning and return what it adds up to.

    The rules:

    1. A contract is activated once; holds need a contract.
    2. A data version names an activated contract and is higher than any before it of that dataset. Only data that is there is withdrawn.
    3. Decisions count under the contract in force, and an amendment clears them.
    4. An account holds for a reservation once, and not after a commit or a lapse of that reservation.
    5. A hold lapses once, and never after the commit.
    6. A commit is under the contract in force; exactly the accounts that it names hold exactly its charge, none has lapsed, no party's
       latest decision about its plan is other than approved, and its reservation was not committed before.
    7. A release follows the commit of its reservation, once.
    8. Words about telemetry are said under a contract, and each party's are numbered without a gap.
    9. Pauses begin under a contract, and are numbered without a gap. A party resumes once, in the last one, and nothing is committed before
       who began that has resumed, or a new contract is in force.

    Whether a commit names all accounts that its plan draws on, whether it had the approvals that the contract asks for, and whether all
    owners had resumed, is in the contract, the plan and the signed statements.

    Raises:
        Unverified: `LOG_INVALID`, naming the first entry (from 0) that breaks a rule.
    """
    draft = _Draft()
    for entry in entries:
        _apply(entry, draft)
        draft.size += 1
    return draft.freeze()


@dataclass(slots=True)
class _Draft:
    size: int = 0
    contracts: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    decisions: dict[tuple[str, str], Decision] = field(default_factory=dict)
    refusals: dict[Code, int] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    spent: Charge = field(default_factory=lambda: Charge(rho=0))
    consents: dict[str, TelemetryConsent] = field(default_factory=dict)
    pause: int = 0
    paused_by: str | None = None
    pauses: dict[str, Pause] = field(default_factory=dict)

    def run(self, reservation: str) -> Run:
        return self.runs.get(reservation, Run())

    def require(self, holds: bool, rule: str) -> None:  # noqa: FBT001 - reads as a sentence: require(this, "that it does")
        """Raise if the entry that is being applied breaks a rule."""
        if not holds:
            raise self.broken(rule)

    def broken(self, rule: str) -> Unverified:
        return Unverified(
            Code.LOG_INVALID,
            f"Entry {self.size} breaks a rule of the log: {rule}.",
            "Do not rely on this log beyond the entry before; ask the room's operator and the other parties for theirs.",
        )

    def freeze(self) -> LogState:
        return LogState(
            size=self.size,
            contracts=tuple(self.contracts),
            versions=MappingProxyType(self.versions),
            withdrawn=frozenset(self.withdrawn),
            decisions=MappingProxyType(self.decisions),
            refusals=MappingProxyType(self.refusals),
            runs=MappingProxyType(self.runs),
            spent=self.spent,
            consents=MappingProxyType(self.consents),
            pauses=MappingProxyType(self.pauses),
        )


@singledispatch
def _apply(entry: Entry, draft: _Draft) -> None:
    raise draft.broken(f"nothing is known of entries of the kind {entry.kind}")


@_apply.register
def _contract_activated(entry: ContractActivated, draft: _Draft) -> None:
    draft.require(entry.contract not in draft.contracts, "a contract is activated once")
    draft.contracts.append(entry.contract)
    draft.decisions.clear()
    draft.paused_by = None


@_apply.register
def _data_version(entry: DataVersion, draft: _Draft) -> None:
    draft.require(entry.contract in draft.contracts, "data is admitted under an activated contract")
    draft.require(entry.version > draft.versions.get(entry.dataset, 0), "versions of a dataset rise")
    draft.versions[entry.dataset] = entry.version
    draft.withdrawn.discard(entry.dataset)


@_apply.register
def _data_withdrawn(entry: DataWithdrawn, draft: _Draft) -> None:
    draft.require(entry.dataset in draft.versions.keys() - draft.withdrawn, "only data that is there is withdrawn")
    draft.withdrawn.add(entry.dataset)


@_apply.register
def _approval(entry: Approval, draft: _Draft) -> None:
    draft.require(bool(draft.contracts), "decisions are made under a contract")
    draft.decisions[entry.plan, entry.party] = entry.decision


@_apply.register
def _refused(entry: Refused, draft: _Draft) -> None:
    for refusal in entry.counts:
        draft.refusals[refusal.code] = draft.refusals.get(refusal.code, 0) + refusal.count


@_apply.register
def _hold(entry: Hold, draft: _Draft) -> None:
    run = draft.run(entry.reservation)
    draft.require(bool(draft.contracts), "holds are made under a contract")
    draft.require(run.commit is None, "nothing is held for a reservation that is committed")
    draft.require(not run.lapsed, "nothing is held for a reservation that has lapsed")
    draft.require(entry.account not in run.holds, "an account holds for a reservation once")
    draft.runs[entry.reservation] = Run(holds=MappingProxyType({**run.holds, entry.account: entry.charge}))


@_apply.register
def _hold_lapsed(entry: HoldLapsed, draft: _Draft) -> None:
    run = draft.run(entry.reservation)
    draft.require(run.commit is None, "nothing lapses after its commit")
    draft.require(entry.account in run.holds, "only a hold that stands can lapse")
    holds = {account: charge for account, charge in run.holds.items() if account != entry.account}
    draft.runs[entry.reservation] = Run(holds=MappingProxyType(holds), lapsed=run.lapsed | {entry.account})


@_apply.register
def _commit(entry: Commit, draft: _Draft) -> None:
    run = draft.run(entry.reservation)
    draft.require(entry.contract in draft.contracts[-1:], "a commit is made under the contract in force")
    draft.require(run.commit is None, "a reservation is committed once")
    draft.require(not run.lapsed, "nothing is committed after a hold for it has lapsed")
    draft.require(run.holds.keys() == set(entry.accounts), "exactly the accounts that a commit names hold for it")
    draft.require(all(charge == entry.charge for charge in run.holds.values()), "holds and commit are of the same charge")
    verdicts = {decision for (plan, _), decision in draft.decisions.items() if plan == entry.plan}
    draft.require(verdicts <= {Decision.APPROVED}, "a plan that a party has not approved is not committed")
    draft.require(draft.paused_by is None, "nothing is committed before who paused the room has resumed")
    draft.spent = _add(draft, entry.charge)
    draft.runs[entry.reservation] = Run(holds=run.holds, commit=entry, commit_index=draft.size)


@_apply.register
def _release_stored(entry: ReleaseStored, draft: _Draft) -> None:
    run = draft.run(entry.reservation)
    draft.require(run.commit is not None, "a release follows its commit")
    draft.require(run.release is None, "a reservation has one release")
    draft.runs[entry.reservation] = Run(holds=run.holds, commit=run.commit, commit_index=run.commit_index, release=entry.release)


@_apply.register
def _account_raised(entry: AccountRaised, draft: _Draft) -> None:
    """A raise, or an account that was opened, is on record; how much it was is between the owner and its account."""


@_apply.register
def _telemetry_consent(entry: TelemetryConsent, draft: _Draft) -> None:
    last = draft.consents.get(entry.party)
    draft.require(bool(draft.contracts), "words about telemetry are said under a contract")
    draft.require(entry.number == (last.number if last else 0) + 1, "a party's words about telemetry are numbered without a gap")
    draft.consents[entry.party] = entry


@_apply.register
def _pause(entry: Pause, draft: _Draft) -> None:
    draft.require(bool(draft.contracts), "a room pauses under a contract")
    if entry.paused:
        draft.require(entry.pause == draft.pause + 1, "pauses are numbered without a gap")
        draft.pause, draft.paused_by, draft.pauses = entry.pause, entry.party, {}
    else:
        last = draft.pauses.get(entry.party)
        draft.require(entry.pause == draft.pause, "a party resumes in the last pause")
        draft.require(last is None or last.paused, "a party resumes once")
        draft.paused_by = None if entry.party == draft.paused_by else draft.paused_by
    draft.pauses[entry.party] = entry


def _add(draft: _Draft, charge: Charge) -> Charge:
    try:
        return draft.spent + charge
    except ValidationError:
        raise draft.broken("charges add up to no more than can be written") from None
