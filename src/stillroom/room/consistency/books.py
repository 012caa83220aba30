"""The books: contracts, balances, runs, releases, versions and words about telemetry, against what the log adds up to."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.crypto.envelope import unverified_payload
from stillroom.model.charge import Charge
from stillroom.model.codec import decode
from stillroom.model.contract import AutomaticApproval
from stillroom.model.record import RunState
from stillroom.policy.approval import APPROVAL_TYPE, ApprovalStatement
from stillroom.room import contracts
from stillroom.room.statement import TELEMETRY_TYPE, TelemetryStatement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.ledger.log import LogState, Run
    from stillroom.model.record import RunRecord
    from stillroom.ports import Records

_NOTHING = Charge(rho=0)


def findings(records: Records, state: LogState) -> Iterator[str]:
    """Yield where the books say something else than the log."""
    active = records.contracts.active()
    if (active.digest if active else None) != (state.contracts[-1] if state.contracts else None):
        yield "the contract in force is not the last one that was activated."
    yield from _balances(records, state)
    yield from _runs(records, state)
    yield from _versions(records, state)
    yield from _decisions(records, state)
    yield from _consents(records, state)
    yield from _pauses(records, state)


def _balances(records: Records, state: LogState) -> Iterator[str]:
    """Compare what is spent with the sum of commits, under each contract and by each analyst."""
    spent: dict[str, Charge] = defaultdict(lambda: _NOTHING)
    by_analyst: dict[tuple[str, str], Charge] = defaultdict(lambda: _NOTHING)
    for name in state.contracts:
        spent[contracts.read(contracts.find(records, name).envelope).name] += _NOTHING
    for run in state.runs.values():
        if run.commit is not None:
            contract = contracts.read(contracts.find(records, run.commit.contract).envelope)
            spent[contract.name] += run.commit.charge
            automatic = isinstance(contract.approval, AutomaticApproval)
            by_analyst[contract.name, run.commit.asked_by] += run.commit.charge if automatic else _NOTHING
    for name, charge in spent.items():
        if records.balances.tally(name).spent != charge:
            yield f"what is spent under {name} is not the sum of its commits."
    for (name, analyst), charge in by_analyst.items():
        if records.balances.spent_as(name, analyst) != charge:
            yield f"what {analyst} has spent under {name} is not the sum of that party's commits."


def _runs(records: Records, state: LogState) -> Iterator[str]:
    """Compare reservations and releases with commits."""
    kept = {one.reservation: one for one in records.runs.all()}
    for reservation, run in state.runs.items():
        one = kept.pop(reservation, None)
        if one is None or not _is(one, run):
            yield f"run {reservation[:12]} is not there, or is not what the log says of it."
    for one in kept.values():
        if one.state in {RunState.COMMITTED, RunState.RELEASED}:
            yield f"run {one.reservation[:12]} says that it is {one.state}, and the log knows nothing of it."
    logged = {run.release for run in state.runs.values() if run.release}
    for envelope in records.runs.releases():
        if digest(envelope) not in logged:
            yield f"there is a release {digest(envelope)[:19]} that was never logged."


def _is(one: RunRecord, run: Run) -> bool:
    """Tell whether a reservation is as the log says."""
    if run.commit is None:
        return one.state in {RunState.OPEN, RunState.LAPSED}
    accounts = tuple((account.owner, account.population) for account in run.commit.accounts)
    written = (one.contract, one.plan, one.accounts, one.charge, one.asked_by)
    logged = (run.commit.contract, run.commit.plan, accounts, run.commit.charge, run.commit.asked_by)
    index = None if one.commitment is None else one.commitment.index
    expected = RunState.COMMITTED if run.release is None else RunState.RELEASED
    return written == logged and index == run.commit_index and one.state is expected


def _versions(records: Records, state: LogState) -> Iterator[str]:
    """Compare versions of datasets."""
    kept = {one.dataset: (one.version, one.withdrawn) for one in records.versions.all()}
    logged = {name: (version, name in state.withdrawn) for name, version in state.versions.items()}
    for name in sorted(kept.keys() | logged.keys()):
        if kept.get(name) != logged.get(name):
            yield f"the version of {name} is not the one that was announced last."


def _decisions(records: Records, state: LogState) -> Iterator[str]:
    """Compare what parties have decided about plans under the contract in force."""
    for plan in sorted({plan for plan, _ in state.decisions}):
        said = records.approvals.decisions(state.contracts[-1], plan)
        kept = [decode(unverified_payload(one, APPROVAL_TYPE), ApprovalStatement) for one in said]
        logged = {party: decision for (name, party), decision in state.decisions.items() if name == plan}
        if {one.party: one.decision for one in kept} != logged:
            yield f"what parties have decided about the plan {plan[:19]} is not what they decided last."


def _consents(records: Records, state: LogState) -> Iterator[str]:
    """Compare words about telemetry."""
    kept = records.consents.all()
    for party in sorted(kept.keys() | state.consents.keys()):
        said, logged = kept.get(party), state.consents.get(party)
        number = decode(unverified_payload(said, TELEMETRY_TYPE), TelemetryStatement).number if said else None
        if said is None or logged is None or digest(said) != logged.statement or number != logged.number:
            yield f"what {party} says about telemetry is not what it said last."


def _pauses(records: Records, state: LogState) -> Iterator[str]:
    """Compare the last pause with what owners have said in it."""
    last = records.pauses.last()
    words = {} if last is None else {party: digest(envelope) for party, envelope in last.words.items()}
    logged = {party: one.statement for party, one in state.pauses.items()}
    number = max((one.pause for one in state.pauses.values()), default=0)
    if (number, logged) != (0 if last is None else last.pause, words):
        yield "what owners say about the last pause is not what they said last."
    elif last is not None and last.ended and any(one.paused for one in state.pauses.values()):
        yield "the last pause has ended, and not all owners have resumed."
