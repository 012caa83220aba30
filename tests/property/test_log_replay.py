"""The log's rules: every true history replays to what happened, and every broken one is found at the entry that breaks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, Unverified
from stillroom.ledger.account import AccountName
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
    RefusalCount,
    Refused,
    ReleaseStored,
    TelemetryConsent,
    decode,
    encode,
)
from stillroom.ledger.log import LogState, replay
from stillroom.model.charge import Charge

if TYPE_CHECKING:
    from collections.abc import Callable

HEALTH = AccountName(owner="healthco", population="people")
INSURANCE = AccountName(owner="insuranceco", population="people")
BOTH = (HEALTH, INSURANCE)
CHARGE = Charge(rho=500, delta=3)
MOST = 2**53 - 1


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


FIRST, SECOND, ENVELOPE, PLAN, RELEASE = map(digest, range(1, 6))


def activated(contract: str = FIRST) -> ContractActivated:
    return ContractActivated(at=10, contract=contract, envelope=ENVELOPE)


def version(number: int, dataset: str = "trial", contract: str = FIRST) -> DataVersion:
    return DataVersion(at=20, dataset=dataset, version=number, contract=contract)


def decided(decision: Decision, party: str = "healthco") -> Approval:
    return Approval(at=30, plan=PLAN, party=party, decision=decision, statement=PLAN)


def held(account: AccountName, reservation: str = "r1", charge: Charge = CHARGE) -> Hold:
    return Hold(at=40, reservation=reservation, account=account, charge=charge, statement=PLAN)


def lapsed(account: AccountName, reservation: str = "r1") -> HoldLapsed:
    return HoldLapsed(at=50, reservation=reservation, account=account, statement=PLAN)


def committed(
    reservation: str = "r1",
    accounts: tuple[AccountName, ...] = BOTH,
    contract: str = FIRST,
    charge: Charge = CHARGE,
) -> Commit:
    return Commit(
        at=60,
        reservation=reservation,
        accounts=accounts,
        contract=contract,
        plan=PLAN,
        protection="server",
        charge=charge,
        asked_by="healthco",
    )


def stored(reservation: str = "r1") -> ReleaseStored:
    return ReleaseStored(at=70, reservation=reservation, release=RELEASE)


REFUSED = Refused(
    at=80,
    counts=(RefusalCount(code=Code.ACCOUNT_NOT_ENOUGH, count=2), RefusalCount(code=Code.SQL_INVALID, count=1)),
)
RAISED = AccountRaised(at=90, account=HEALTH)


def consented(number: int, party: str = "healthco", *, on: bool = True) -> TelemetryConsent:
    return TelemetryConsent(at=92, party=party, number=number, on=on, statement=PLAN)


def said(pause: int, party: str = "healthco", *, paused: bool = True) -> Pause:
    return Pause(at=93, party=party, pause=pause, paused=paused, statement=PLAN)


def resumed(pause: int, party: str = "healthco") -> Pause:
    return said(pause, party, paused=False)


HOLDS = [held(HEALTH), held(INSURANCE)]
APPROVED = [decided(Decision.APPROVED), decided(Decision.APPROVED, "insuranceco")]
GOOD: list[Entry] = [
    activated(),
    version(1),
    version(1, "customers"),
    *APPROVED,
    *HOLDS,
    committed(),
    stored(),
    REFUSED,
    held(HEALTH, "r2"),
    lapsed(HEALTH, "r2"),
    RAISED,
    version(4),
    DataWithdrawn(at=95, dataset="customers"),
    consented(1),
    consented(1, "insuranceco"),
    activated(SECOND),
    consented(2, on=False),
    said(1),
    resumed(1, "insuranceco"),
    said(2, "insuranceco"),
    resumed(2),
    resumed(2, "insuranceco"),
]


def test_a_true_history_adds_up() -> None:
    state = replay(GOOD)
    assert state.size == len(GOOD)
    assert state.contracts == (FIRST, SECOND)
    assert state.versions == {"trial": 4, "customers": 1}
    assert state.withdrawn == {"customers"}
    assert state.decisions == {}
    assert state.refusals == {Code.ACCOUNT_NOT_ENOUGH: 2, Code.SQL_INVALID: 1}
    assert state.spent == CHARGE
    run = state.runs["r1"]
    assert run.holds == {HEALTH: CHARGE, INSURANCE: CHARGE}
    assert (run.commit, run.commit_index, run.release) == (GOOD[7], 7, RELEASE)
    assert GOOD[7] == committed()
    assert state.runs["r2"].lapsed == {HEALTH}
    assert not state.runs["r2"].holds
    assert {party: (word.number, word.on) for party, word in state.consents.items()} == {"healthco": (2, False), "insuranceco": (1, True)}
    assert {party: (word.pause, word.paused) for party, word in state.pauses.items()} == {"healthco": (2, False), "insuranceco": (2, False)}
    assert replay(GOOD[:-7]).decisions == {(PLAN, "healthco"): Decision.APPROVED, (PLAN, "insuranceco"): Decision.APPROVED}


def test_an_empty_log_is_a_log() -> None:
    assert replay([]) == replay(iter([]))
    assert replay([]).spent == Charge(rho=0)


BROKEN: dict[str, list[Entry]] = {
    # Each breaks a rule with its last entry.
    "a contract again": [activated(), activated(SECOND), activated()],
    "a version under an unknown contract": [activated(), version(1, contract=SECOND)],
    "the same version": [activated(), version(3), version(3)],
    "a lower version": [activated(), version(3), version(2)],
    "a version again after withdrawal": [activated(), version(3), DataWithdrawn(at=1, dataset="trial"), version(3)],
    "a withdrawal of nothing": [activated(), DataWithdrawn(at=1, dataset="trial")],
    "a second withdrawal": [activated(), version(1), *[DataWithdrawn(at=1, dataset="trial")] * 2],
    "a decision without a contract": [decided(Decision.APPROVED)],
    "a hold without a contract": [held(HEALTH)],
    "a second hold": [activated(), held(HEALTH), held(HEALTH)],
    "a hold after the commit": [activated(), held(HEALTH), committed(accounts=(HEALTH,)), held(INSURANCE)],
    "a hold after a lapse": [activated(), held(HEALTH), lapsed(HEALTH), held(HEALTH)],
    "another's hold after a lapse": [activated(), held(HEALTH), lapsed(HEALTH), held(INSURANCE)],
    "a lapse of nothing": [activated(), lapsed(HEALTH)],
    "a lapse of another's hold": [activated(), held(HEALTH), lapsed(INSURANCE)],
    "a second lapse": [activated(), held(HEALTH), lapsed(HEALTH), lapsed(HEALTH)],
    "a lapse after the commit": [activated(), *HOLDS, committed(), lapsed(HEALTH)],
    "a commit without any hold": [activated(), committed()],
    "a commit without one hold": [activated(), held(HEALTH), committed()],
    "a commit with the hold of another reservation": [activated(), held(HEALTH), held(INSURANCE, "r2"), committed()],
    "a commit with the hold of another population": [
        activated(),
        held(HEALTH),
        held(AccountName(owner="insuranceco", population="staff")),
        committed(),
    ],
    "a commit that leaves out who holds": [activated(), *HOLDS, committed(accounts=(HEALTH,))],
    "a commit after one hold has lapsed": [activated(), *HOLDS, lapsed(HEALTH), committed()],
    "a commit that leaves out whose hold has lapsed": [activated(), *HOLDS, lapsed(HEALTH), committed(accounts=(INSURANCE,))],
    "a second commit": [activated(), *HOLDS, committed(), committed()],
    "a commit under a replaced contract": [activated(), *HOLDS, activated(SECOND), committed()],
    "a commit under an unknown contract": [activated(), *HOLDS, committed(contract=SECOND)],
    "a commit of more rho": [activated(), *HOLDS, committed(charge=Charge(rho=501, delta=3))],
    "a commit of less delta": [activated(), *HOLDS, committed(charge=Charge(rho=500, delta=2))],
    "holds of two charges": [activated(), held(HEALTH), held(INSURANCE, charge=Charge(rho=499, delta=3)), committed()],
    "a commit of a rejected plan": [activated(), *APPROVED, decided(Decision.REJECTED), *HOLDS, committed()],
    "a commit of a plan with changes requested": [activated(), decided(Decision.CHANGES_REQUESTED), *HOLDS, committed()],
    "a release of nothing": [activated(), stored()],
    "a release without commit": [activated(), *HOLDS, stored()],
    "a release of another reservation": [activated(), *HOLDS, committed(), stored("r2")],
    "two releases": [activated(), *HOLDS, committed(), stored(), stored()],
    "a word about telemetry without a contract": [consented(1)],
    "a word about telemetry again": [activated(), consented(1), consented(1)],
    "a word about telemetry with a gap": [activated(), consented(1), consented(3)],
    "a first word about telemetry that is none": [activated(), consented(2)],
    "a pause without a contract": [said(1)],
    "a first pause that is none": [activated(), said(2)],
    "a pause again": [activated(), said(1), said(1)],
    "a pause with a gap": [activated(), said(1), said(3)],
    "a resumption of nothing": [activated(), resumed(1)],
    "a resumption of an earlier pause": [activated(), said(1), said(2, "insuranceco"), resumed(1)],
    "a resumption again": [activated(), said(1), resumed(1), resumed(1)],
    "a commit in a pause": [activated(), *HOLDS, said(1), committed()],
    "a commit before who paused has resumed": [activated(), *HOLDS, said(1), resumed(1, "insuranceco"), committed()],
    "charges without end": [
        activated(),
        held(HEALTH, charge=Charge(rho=MOST)),
        committed(accounts=(HEALTH,), charge=Charge(rho=MOST)),
        held(HEALTH, "r2", Charge(rho=1)),
        committed("r2", (HEALTH,), charge=Charge(rho=1)),
    ],
}


@pytest.mark.parametrize("entries", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_found_at_its_entry(entries: list[Entry]) -> None:
    replay(entries[:-1])
    with pytest.raises(Unverified, match=f"Entry {len(entries) - 1} breaks") as caught:
        replay([*entries, *entries])
    assert caught.value.code is Code.LOG_INVALID
    assert caught.value.fix


def test_a_decision_can_be_changed_and_an_amendment_clears_it() -> None:
    change_of_mind: list[Entry] = [activated(), decided(Decision.REJECTED), decided(Decision.APPROVED), *HOLDS, committed()]
    assert replay(change_of_mind).spent == CHARGE
    amended: list[Entry] = [activated(), decided(Decision.REJECTED), activated(SECOND), *HOLDS, committed(contract=SECOND)]
    assert replay(amended).spent == CHARGE


def test_withdrawn_data_can_come_back_as_a_higher_version() -> None:
    state = replay([activated(), version(1), DataWithdrawn(at=1, dataset="trial"), version(2)])
    assert state.versions == {"trial": 2}
    assert not state.withdrawn


RUNS = st.lists(
    st.tuples(st.builds(Charge, rho=st.integers(0, 99), delta=st.integers(0, 9)), st.booleans(), st.booleans()),
    max_size=5,
)


def histories(runs: list[tuple[Charge, bool, bool]]) -> list[list[Entry]]:
    """Return the entries of each run, which may lapse instead of being committed, or be committed and never stored."""
    result: list[list[Entry]] = []
    for number, (charge, lapses, stores) in enumerate(runs):
        name = f"r{number}"
        holds: list[Entry] = [held(account, name, charge) for account in BOTH]
        ending: list[Entry] = [lapsed(INSURANCE, name)] if lapses else [committed(name, charge=charge)]
        result.append([*holds, *ending, *([stored(name)] if stores and not lapses else [])])
    return result


def interleaved(data: st.DataObject, parts: list[list[Entry]]) -> list[Entry]:
    """Draw an order in which every run keeps its own."""
    queues = [list(part) for part in parts]
    entries: list[Entry] = [activated()]
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        entries.append(queue.pop(0))
    return entries


@given(RUNS, st.data())
def test_runs_in_any_interleaving_add_up(runs: list[tuple[Charge, bool, bool]], data: st.DataObject) -> None:
    entries = interleaved(data, histories(runs))
    state = replay(entries)
    charges = [charge for charge, lapses, _ in runs if not lapses]
    assert state.spent == sum(charges, start=Charge(rho=0))
    for number, (charge, lapses, stores) in enumerate(runs):
        run = state.runs[f"r{number}"]
        assert run.holds == ({HEALTH: charge} if lapses else dict.fromkeys(BOTH, charge))
        assert run.release == (RELEASE if stores and not lapses else None)
        if lapses:
            assert run.commit is None
        else:
            assert run.commit_index is not None
            assert entries[run.commit_index] == run.commit


@given(RUNS.filter(bool), st.data())
def test_no_entry_can_be_left_out_repeated_or_moved_before_what_it_needs(
    runs: list[tuple[Charge, bool, bool]],
    data: st.DataObject,
) -> None:
    """Whatever is not the last word of its run is needed by what follows it; nothing may come twice, and no commit first."""
    entries = interleaved(data, histories(runs))
    index = data.draw(st.integers(1, len(entries) - 1))
    assert outcome([*entries[: index + 1], entries[index]]) == index + 1
    needed = [index for index, entry in enumerate(entries) if isinstance(entry, Hold | Commit) and needs(entries, entry)]
    for index in needed:
        assert isinstance(outcome([*entries[:index], *entries[index + 1 :]]), int)
    commits = [i for i, entry in enumerate(entries) if isinstance(entry, Commit)]
    for index in commits:
        assert outcome([entries[0], entries[index], *entries[1:index]]) == 1


def needs(entries: list[Entry], entry: Hold | Commit) -> bool:
    """Tell whether the run goes on in a way that needs this entry."""
    follower = Commit if isinstance(entry, Hold) else ReleaseStored
    return any(isinstance(other, follower) and other.reservation == entry.reservation for other in entries)


def outcome(entries: list[Entry]) -> LogState | int:
    """Return the state, or the index of the entry that the error names."""
    try:
        return replay(entries)
    except Unverified as error:
        return int(error.reason.split()[1])


@pytest.mark.parametrize("entry", GOOD, ids=[f"{number}-{entry.kind}" for number, entry in enumerate(GOOD)])
def test_entries_read_back_from_their_bytes(entry: Entry) -> None:
    data = encode(entry)
    assert decode(data) == entry
    assert data == canonical(json.loads(data))


def test_the_bytes_of_an_entry() -> None:
    """What a log has once written stays readable: the encoding is part of the format."""
    assert encode(committed(accounts=(HEALTH,))).decode() == (
        '{"accounts":[{"owner":"healthco","population":"people"}],"asked_by":"healthco","at":60,"charge":{"delta":3,"rho":500},'
        f'"contract":"{FIRST}","kind":"commit","plan":"{PLAN}","protection":"server","reservation":"r1"}}'
    )


def test_a_data_version_says_nothing_about_the_data() -> None:
    assert set(json.loads(encode(version(2)))) == {"at", "contract", "dataset", "kind", "version"}
    assert set(json.loads(encode(RAISED))) == {"account", "at", "kind"}


def edited(entry: Entry, **changes: object) -> bytes:
    document: dict[str, Any] = {**json.loads(encode(entry)), **changes}
    return canonical({key: value for key, value in document.items() if value is not ...})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b'"\xff"',
        encode(RAISED) + b"\n",
        encode(RAISED).replace(b":", b": ", 1),
        encode(RAISED)[:-1] + b',"kind":"account_raised"}',
        edited(RAISED, kind="account_closed"),
        edited(RAISED, kind=...),
        edited(RAISED, at=1.5),
        edited(RAISED, at=-1),
        edited(RAISED, at="1"),
        edited(RAISED, cap={"delta": 0, "rho": 1}),
        edited(version(1), rows=2139),
        edited(version(1), version=0),
        edited(version(1), version=True),
        edited(version(1), dataset="Trial"),
        edited(version(1), contract=FIRST.upper()),
        edited(held(HEALTH), charge={"rho": 500}),
        edited(held(HEALTH), charge={"delta": 3, "rho": -500}),
        edited(held(HEALTH), reservation=""),
        edited(held(HEALTH), reservation="r 1"),
        edited(committed(), accounts=[]),
        edited(committed(), accounts=[INSURANCE.to_json(), HEALTH.to_json()]),
        edited(committed(), accounts=[HEALTH.to_json(), HEALTH.to_json()]),
        edited(committed(), protection="none"),
        edited(REFUSED, counts=[]),
        edited(REFUSED, counts=[{"code": "SQL_INVALID", "count": 0}]),
        edited(REFUSED, counts=[{"code": "SELECT 1", "count": 1}]),
        edited(REFUSED, counts=[{"code": "SQL_INVALID", "count": 1}, {"code": "ACCOUNT_NOT_ENOUGH", "count": 2}]),
        edited(REFUSED, counts=[{"code": "SQL_INVALID", "count": 1, "text": "SELECT 1"}]),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Unverified) as caught:
        decode(data)
    assert caught.value.code is Code.LOG_INVALID
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_values_are_frozen() -> None:
    entry = committed()
    changes: list[Callable[[], object]] = [
        lambda: setattr(entry, "asked_by", "insuranceco"),
        lambda: setattr(entry.charge, "rho", 0),
    ]
    for change in changes:
        with pytest.raises(ValidationError):
            change()
    with pytest.raises(TypeError):
        replay(GOOD).versions["trial"] = 9  # type: ignore[index]  # it is read-only, which is the point
