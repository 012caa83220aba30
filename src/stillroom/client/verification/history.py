"""What a log adds up to, going through it from its beginning, and the rules that each entry keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.client.verification.entry import (
    Account,
    AccountRaised,
    Approval,
    Commit,
    ContractActivated,
    DataVersion,
    DataWithdrawn,
    Entry,
    Hold,
    HoldLapsed,
    Pause,
    Refused,
    ReleaseStored,
    TelemetryConsent,
)
from stillroom.client.verification.outcome import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.model.charge import Charge


@dataclass(frozen=True, slots=True)
class Moment:
    """How things stood when a charge was committed.

    Attributes:
        index: The commit's entry.
        versions: The version of each dataset that was there, and not withdrawn.
        approved: The entry of each party's latest decision about the plan, all of which approve it.
        spent: What had been committed before, in units of 1e-12 rho and of 1e-18 δ.
        spent_by_asker: What the same party had committed before under the same contract, likewise.
        resumed: Who had resumed in the room's last pause, if there was one under that contract.
    """

    index: int
    versions: Mapping[str, int]
    approved: Mapping[str, int]
    spent: tuple[int, int]
    spent_by_asker: tuple[int, int]
    resumed: frozenset[str] | None


@dataclass(slots=True)
class _Run:
    """What the log says about one reservation so far."""

    holds: dict[Account, Charge] = field(default_factory=dict)
    lapsed: bool = False
    committed: bool = False
    released: bool = False


@dataclass(slots=True)
class History:
    """The state of a log while it is gone through."""

    index: int = 0
    contracts: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    decisions: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    runs: dict[str, _Run] = field(default_factory=dict)
    spent: tuple[int, int] = (0, 0)
    spent_by: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    moments: dict[str, Moment] = field(default_factory=dict)
    consents: dict[str, int] = field(default_factory=dict)
    pause: int = 0
    paused_by: str | None = None
    paused_under: str | None = None
    resumed: set[str] = field(default_factory=set)

    def rule(self, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence: rule(this, "that it should be so")
        """Raise if the present entry breaks a rule."""
        if not holds:
            raise Broken(f"entry {self.index} breaks a rule: {text}")

    def run(self, reservation: str) -> _Run:
        """Return what is known about a reservation."""
        return self.runs.setdefault(reservation, _Run())


def replay(entries: Iterable[Entry]) -> History:
    """Go through a log.

    Raises:
        Broken: An entry breaks a rule; the text names it.
    """
    history = History()
    for entry in entries:
        _take(entry, history)
        history.index += 1
    return history


def _take(entry: Entry, history: History) -> None:
    match entry:
        case ContractActivated():
            _contract(entry, history)
        case DataVersion() | DataWithdrawn():
            _data(entry, history)
        case Approval():
            history.rule(bool(history.contracts), "decisions are made under a contract")
            history.decisions[entry.plan, entry.party] = entry.decision, history.index
        case Hold():
            _hold(entry, history)
        case HoldLapsed():
            _lapse(entry, history)
        case Commit():
            _commit(entry, history)
        case ReleaseStored():
            _release(entry, history)
        case TelemetryConsent() | Pause():
            _word(entry, history)
        case Refused() | AccountRaised():
            pass


def _contract(entry: ContractActivated, history: History) -> None:
    history.rule(entry.contract not in history.contracts, "a contract comes into force once")
    history.contracts.append(entry.contract)
    history.decisions.clear()
    history.paused_by = None


def _data(entry: DataVersion | DataWithdrawn, history: History) -> None:
    name = entry.dataset
    if isinstance(entry, DataWithdrawn):
        history.rule(name in history.versions and name not in history.withdrawn, "only data that is there is withdrawn")
        history.withdrawn.add(name)
        return
    history.rule(entry.contract in history.contracts, "data is admitted under a contract that is or was in force")
    history.rule(entry.version > history.versions.get(name, 0), "versions of a dataset rise")
    history.versions[name] = entry.version
    history.withdrawn.discard(name)


def _word(entry: TelemetryConsent | Pause, history: History) -> None:
    history.rule(bool(history.contracts), "an owner's word about telemetry, or a pause, is said under a contract")
    if isinstance(entry, Pause):
        _pause(entry, history)
        return
    history.rule(entry.number == history.consents.get(entry.party, 0) + 1, "words about telemetry are numbered without a gap")
    history.consents[entry.party] = entry.number


def _pause(entry: Pause, history: History) -> None:
    if entry.paused:
        history.rule(entry.pause == history.pause + 1, "pauses are numbered without a gap")
        history.pause, history.paused_by, history.paused_under = entry.pause, entry.party, history.contracts[-1]
        history.resumed.clear()
        return
    history.rule(entry.pause == history.pause, "a party resumes in the last pause")
    history.rule(entry.party not in history.resumed, "a party resumes once")
    history.resumed.add(entry.party)
    if history.paused_by == entry.party:
        history.paused_by = None


def _hold(entry: Hold, history: History) -> None:
    run = history.run(entry.reservation)
    history.rule(bool(history.contracts), "holds are made under a contract")
    history.rule(not run.committed, "nothing is held after the commit")
    history.rule(not run.lapsed, "nothing is held after a lapse")
    history.rule(entry.account not in run.holds, "an account holds for a reservation once")
    run.holds[entry.account] = entry.charge


def _lapse(entry: HoldLapsed, history: History) -> None:
    run = history.run(entry.reservation)
    history.rule(not run.committed, "nothing lapses after the commit")
    history.rule(entry.account in run.holds, "only what is held lapses")
    del run.holds[entry.account]
    run.lapsed = True


def _commit(entry: Commit, history: History) -> None:
    run = history.run(entry.reservation)
    history.rule(history.contracts[-1:] == [entry.contract], "a commit is under the contract in force")
    history.rule(not run.committed, "a reservation is committed once")
    history.rule(not run.lapsed, "nothing is committed after a lapse")
    history.rule(run.holds == dict.fromkeys(entry.accounts, entry.charge), "just the accounts of a commit hold its charge")
    verdicts = {party: verdict for (plan, party), verdict in history.decisions.items() if plan == entry.plan}
    history.rule({decision for decision, _ in verdicts.values()} <= {"approved"}, "what a party has not approved is not committed")
    history.rule(history.paused_by is None, "nothing is committed before who paused the room has resumed")
    run.committed = True
    asker = (entry.contract, entry.asked_by)
    before = history.spent_by.get(asker, (0, 0))
    present = {name: version for name, version in history.versions.items() if name not in history.withdrawn}
    resumed = frozenset(history.resumed) if history.paused_under == entry.contract else None
    approved = {party: at for party, (_, at) in verdicts.items()}
    history.moments[entry.reservation] = Moment(history.index, present, approved, history.spent, before, resumed)
    history.spent, history.spent_by[asker] = _plus(history.spent, entry.charge), _plus(before, entry.charge)


def _release(entry: ReleaseStored, history: History) -> None:
    run = history.run(entry.reservation)
    history.rule(run.committed, "a release follows its commit")
    history.rule(not run.released, "a reservation has one release")
    run.released = True


def _plus(spent: tuple[int, int], charge: Charge) -> tuple[int, int]:
    return spent[0] + charge.rho, spent[1] + charge.delta
