"""Accounts in SQL do what the pure rules of `stillroom.ledger.account` do, over any history."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from stillroom.adapters.sql_store.accounts import create_accounts, open_accounts
from stillroom.errors import Code, Failed, InvalidInput, Refusal
from stillroom.ledger import account as rules
from stillroom.ledger.account import HELD_LIMIT, LAPSED_LIMIT, Account, AccountName, Purpose, Share, Standing
from stillroom.model.charge import Charge
from stillroom.room.statement import HoldStatement, LapseStatement

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.adapters.sql_store.accounts import SqlAccounts

NAME = AccountName(owner="hospital", population="people")
CHARGES = st.builds(Charge, rho=st.integers(0, 12), delta=st.integers(0, 4))
RESERVATIONS = st.sampled_from(["a", "b", "c", "d"])
CAP = Charge(rho=16, delta=6)
RELEASES = ("sha256:" + "0" * 64, "sha256:" + "1" * 64)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), RESERVATIONS, CHARGES),
        st.tuples(st.just("commit"), RESERVATIONS, st.none()),
        st.tuples(st.just("lapse"), RESERVATIONS, st.none()),
        st.tuples(st.just("answer"), RESERVATIONS, st.sampled_from(RELEASES)),
        st.tuples(st.just("raise"), st.none(), st.builds(Charge, rho=st.integers(14, 24), delta=st.integers(5, 9))),
    ),
    max_size=12,
)


RUNS = {name: "sha256:" + name * 64 for name in "ab"}
STUDY = Share(spender="study", cap=Charge(rho=11, delta=5))
ANN = Share(spender="study: ann", cap=Charge(rho=9, delta=4))
PURPOSES = {
    "a": Purpose(run=RUNS["a"], contract=STUDY, analyst=ANN),
    "b": Purpose(run=RUNS["b"], contract=STUDY, analyst=ANN),
    "c": Purpose(run=RUNS["a"], contract=STUDY),
}
"""What a reservation is for: two are of one analyst's share, three count for one contract; others are for what nobody has looked at."""


def outcome(action: Callable[[], object]) -> Code | None:
    """Return the code of a refusal, or None."""
    try:
        action()
    except Refusal as refusal:
        return refusal.code
    return None


class Oracle:
    """An account by the pure rules; whatever lapses without a hold is remembered as lapsed, as the store does."""

    def __init__(self) -> None:
        """Begin with nothing booked."""
        self.account = Account(name=NAME, cap=CAP)
        self.never_held: set[str] = set()

    def step(self, kind: str, reservation: str | None, charge: Charge | str | None) -> None:
        """Take a step."""
        match kind, reservation, charge:
            case "hold", str(), Charge():
                known = Charge(rho=0) if reservation in self.never_held else charge
                self.account = rules.hold(self.account, reservation, known, PURPOSES.get(reservation), room="room")
            case "commit", str(), None:
                self.account = rules.commit(self.account, reservation)
            case "answer", str(), str():
                self.account = rules.answer(self.account, reservation, charge)
            case "lapse", str(), None:
                if self.account.booking(reservation) is None:
                    self.never_held.add(reservation)
                    self.account = rules.hold(self.account, reservation, Charge(rho=0))
                self.account = rules.lapse(self.account, reservation)
            case _, _, Charge():
                self.account = rules.raise_cap(self.account, charge)


def take(store: SqlAccounts, kind: str, reservation: str | None, charge: Charge | str | None) -> None:
    """Take a step in the store."""
    match kind, reservation, charge:
        case "hold", str(), Charge():
            store.hold(HoldStatement(room="room", reservation=reservation, account=NAME, charge=charge), b"held", PURPOSES.get(reservation))
        case "commit", str(), None:
            store.commit(reservation, "people")
        case "answer", str(), str():
            store.answer(reservation, "people", charge)
        case "lapse", str(), None:
            store.lapse(LapseStatement(reservation=reservation, account=NAME), b"lapsed")
        case _, _, Charge():
            store.raise_cap("people", charge)


def test_holds_that_lapse_are_remembered_up_to_a_number_and_a_commit_for_ever(tmp_path: Path) -> None:
    store, account = create_accounts(tmp_path / "a.sqlite", "hospital"), Account(name=NAME, cap=CAP)
    store.add("people", CAP)
    one = Charge(rho=1)
    for reservation in ("kept", "open", *(f"r{number}" for number in range(LAPSED_LIMIT + 20))):
        store.hold(HoldStatement(room="room", reservation=reservation, account=NAME, charge=one), b"held")
        account = rules.hold(account, reservation, one, room="room")
        if reservation == "kept":
            store.commit(reservation, "people")
            account = rules.commit(account, reservation)
        elif reservation != "open":
            assert store.lapse(LapseStatement(reservation=reservation, account=NAME), b"lapsed") == (b"held", b"lapsed")
            account = rules.lapse(account, reservation)
    assert store.all() == (account,)
    assert len(account.bookings) == 2 + LAPSED_LIMIT
    assert (account.spent, account.held) == (one, one)
    assert outcome(lambda: take(store, "hold", f"r{LAPSED_LIMIT + 19}", one)) is Code.HOLD_LAPSED
    assert outcome(lambda: take(store, "hold", "kept", one)) is Code.RESERVATION_INVALID
    take(store, "hold", "r0", one)
    assert store.all()[0].held == Charge(rho=2), "what is held anew is charged anew"


def test_lapses_of_what_was_never_held_are_remembered_up_to_a_number(tmp_path: Path) -> None:
    store = create_accounts(tmp_path / "a.sqlite", "hospital")
    store.add("people", CAP)
    for number in range(LAPSED_LIMIT + 5):
        assert store.lapse(LapseStatement(reservation=f"r{number}", account=NAME), b"lapsed") is None
    (found,) = store.all()
    assert [booking.reservation for booking in found.bookings] == [f"r{number}" for number in range(5, LAPSED_LIMIT + 5)]


def test_only_so_many_holds_stand_at_a_time(tmp_path: Path) -> None:
    store, account = create_accounts(tmp_path / "a.sqlite", "hospital"), Account(name=NAME, cap=CAP)
    store.add("people", CAP)
    nothing = Charge(rho=0)
    for number in range(HELD_LIMIT):
        take(store, "hold", f"r{number}", nothing)
        account = rules.hold(account, f"r{number}", nothing, room="room")
    assert outcome(lambda: take(store, "hold", "more", nothing)) is Code.TOO_MANY_REQUESTS
    assert outcome(lambda: rules.hold(account, "more", nothing, room="room")) is Code.TOO_MANY_REQUESTS
    take(store, "hold", "r7", nothing)
    store.commit("r7", "people")
    take(store, "hold", "more", nothing)


def held_in(store: SqlAccounts, room: str, reservation: str) -> Code | None:
    """Hold nothing for a room, and return the code of a refusal."""
    return outcome(lambda: store.hold(HoldStatement(room=room, reservation=reservation, account=NAME, charge=Charge(rho=0)), b"held"))


def test_no_room_uses_up_the_holds_of_another(tmp_path: Path) -> None:
    store, account, nothing = create_accounts(tmp_path / "a.sqlite", "hospital"), Account(name=NAME, cap=CAP), Charge(rho=0)
    store.add("people", CAP)
    for number in range(HELD_LIMIT):
        assert held_in(store, "greedy", f"r{number}") is None
        account = rules.hold(account, f"r{number}", nothing, room="greedy")
    assert held_in(store, "greedy", "more") is Code.TOO_MANY_REQUESTS
    assert held_in(store, "modest", "one") is None
    account = rules.hold(account, "one", nothing, room="modest")
    assert store.all() == (account,)
    assert held_in(store, "modest", "r7") is Code.RESERVATION_INVALID, "what one room holds is not another one's"
    assert outcome(lambda: rules.hold(account, "r7", nothing, room="modest")) is Code.RESERVATION_INVALID


def test_no_room_lets_the_lapses_of_another_be_forgotten(tmp_path: Path) -> None:
    store, account, nothing = create_accounts(tmp_path / "a.sqlite", "hospital"), Account(name=NAME, cap=CAP), Charge(rho=0)
    store.add("people", CAP)
    for room, reservation in (("modest", "one"), *(("greedy", f"r{number}") for number in range(LAPSED_LIMIT + 3))):
        assert held_in(store, room, reservation) is None
        store.lapse(LapseStatement(reservation=reservation, account=NAME), b"lapsed")
        account = rules.lapse(rules.hold(account, reservation, nothing, room=room), reservation)
    assert store.all() == (account,)
    assert [one.reservation for one in account.bookings] == ["one", *(f"r{number}" for number in range(3, LAPSED_LIMIT + 3))]
    assert held_in(store, "modest", "one") is Code.HOLD_LAPSED


@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # every step syncs a disk: no shrinking
@given(STEPS)
@example([("hold", "a", Charge(rho=1)), *(("commit", "a", None), ("answer", "a", RELEASES[0]), ("answer", "a", RELEASES[1])) * 2])
@example([("hold", "a", Charge(rho=1)), ("answer", "a", RELEASES[0]), ("commit", "a", None), ("hold", "a", Charge(rho=1))])
def test_the_store_follows_the_rules(steps: list[tuple[str, str | None, Charge | str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, oracle = create_accounts(Path(folder) / "account.sqlite", "hospital"), Oracle()
        store.add("people", CAP)
        for step in steps:
            assert outcome(lambda step=step: take(store, *step)) == outcome(lambda step=step: oracle.step(*step))  # type: ignore[misc]
        assert open_accounts(Path(folder) / "account.sqlite", "hospital").all() == (oracle.account,)


@pytest.mark.parametrize(("rho", "delta", "refusal"), [(16, 6, None), (17, 0, Code.ACCOUNT_NOT_ENOUGH), (0, 7, Code.ACCOUNT_NOT_ENOUGH)])
def test_what_is_held_counts_to_the_last_unit(tmp_path: Path, rho: int, delta: int, refusal: Code | None) -> None:
    store = create_accounts(tmp_path / "account.sqlite", "hospital")
    store.add("people", CAP)
    wanted = HoldStatement(room="room", reservation="a", account=NAME, charge=Charge(rho=rho, delta=delta))
    assert outcome(lambda: store.hold(wanted, b"held")) == refusal
    more = HoldStatement(room="room", reservation="b", account=NAME, charge=Charge(rho=1))
    assert (outcome(lambda: store.hold(more, b"held")) is Code.ACCOUNT_NOT_ENOUGH) is (refusal is None)


def test_statements_are_kept_and_returned_again(tmp_path: Path) -> None:
    store = create_accounts(tmp_path / "account.sqlite", "hospital")
    store.add("people", CAP)
    wanted = HoldStatement(room="room", reservation="a", account=NAME, charge=Charge(rho=5))
    assert store.hold(wanted, b"first") == store.hold(wanted, b"second") == b"first"
    gone = LapseStatement(reservation="a", account=NAME)
    assert store.lapse(gone, b"third") == store.lapse(gone, b"fourth") == (b"first", b"third")
    assert outcome(lambda: store.hold(wanted, b"fifth")) is Code.HOLD_LAPSED
    never = LapseStatement(reservation="b", account=NAME)
    assert (store.lapse(never, b"sixth"), store.lapse(never, b"seventh")) == (None, None)
    assert [(one.reservation, one.standing) for one in store.all()[0].bookings] == [("a", Standing.LAPSED), ("b", Standing.LAPSED)]


def test_an_account_is_opened_once_and_an_unknown_one_has_nothing(tmp_path: Path) -> None:
    store = create_accounts(tmp_path / "account.sqlite", "hospital")
    wanted = HoldStatement(room="room", reservation="a", account=NAME, charge=Charge(rho=0))
    assert outcome(lambda: store.hold(wanted, b"held")) is Code.ACCOUNT_NOT_ENOUGH
    assert outcome(lambda: store.raise_cap("people", CAP)) is Code.CAP_LOWERED
    store.add("people", CAP)
    assert outcome(lambda: store.add("people", Charge(rho=10**6))) is Code.CAP_LOWERED
    assert store.all()[0].cap == CAP


@pytest.mark.parametrize("population", ["Staff", "", "../staff", "stäff", "staff\n", "s" * 64])
def test_an_account_has_a_name_as_contracts_have(tmp_path: Path, population: str) -> None:
    store = create_accounts(tmp_path / "account.sqlite", "hospital")
    with pytest.raises(InvalidInput) as caught:
        store.add(population, CAP)
    assert caught.value.code is Code.HOME_INVALID
    assert store.all() == ()


def test_opening_and_raises_are_counted_when_they_raise(tmp_path: Path) -> None:
    store = create_accounts(tmp_path / "account.sqlite", "hospital")
    store.add("people", CAP)
    store.raise_cap("people", CAP)
    assert store.raises("people") == 1
    store.raise_cap("people", Charge(rho=17, delta=6))
    assert outcome(lambda: store.raise_cap("people", Charge(rho=40, delta=5))) is Code.CAP_LOWERED
    assert (store.raises("people"), store.raises("unheard_of")) == (2, 0)


@pytest.mark.parametrize("change", ["spent_rho = 2", "spent_delta = 1", "held_rho = 4", "held_delta = 1"])
def test_an_account_that_counts_something_else_than_it_has_booked_is_damaged(tmp_path: Path, change: str) -> None:
    book = create_accounts(tmp_path / "a.sqlite", "hospital")
    book.add("people", CAP)
    for reservation, rho in (("a", 1), ("b", 3)):
        wanted = HoldStatement(room="room", reservation=reservation, account=NAME, charge=Charge(rho=rho))
        book.hold(wanted, b"held")
    book.commit("a", "people")
    (account,) = book.all()
    assert (account.spent, account.held) == (Charge(rho=1), Charge(rho=3))
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as database, database:
        database.execute(f"UPDATE accounts SET {change}")
    with pytest.raises(Failed) as caught:
        book.all()
    assert caught.value.code is Code.STORE_FAILED
