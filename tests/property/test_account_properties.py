"""Accounts over any history: never beyond the cap, a commit never returns, and every step may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import ValidationError

from stillroom.errors import Code, Refusal
from stillroom.ledger.account import Account, AccountName, Booking, Standing, answer, commit, hold, lapse, raise_cap
from stillroom.model.charge import Charge

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = AccountName(owner="healthco", population="people")
MOST = 2**53 - 1

RESERVATIONS = st.sampled_from([f"r{number}" for number in range(6)])
CHARGES = st.builds(Charge, rho=st.integers(0, 12), delta=st.integers(0, 12))
RELEASES = st.sampled_from(["sha256:" + "0" * 64, "sha256:" + "1" * 64])


def account(rho: int, delta: int = 0) -> Account:
    return Account(name=NAME, cap=Charge(rho=rho, delta=delta))


def code_of(step: Callable[[], Account]) -> Code:
    with pytest.raises(Refusal) as caught:
        step()
    assert caught.value.fix
    return caught.value.code


class Histories(RuleBasedStateMachine):
    """Any order of steps, against a model that keeps plain numbers: (rho, delta) by reservation, in three bags."""

    def __init__(self) -> None:
        """Begin with an account that a few charges fill."""
        super().__init__()
        self.account = account(20, 20)
        self.cap = (20, 20)
        self.held: dict[str, tuple[int, int]] = {}
        self.committed: dict[str, tuple[int, int]] = {}
        self.lapsed: dict[str, tuple[int, int]] = {}
        self.answered: dict[str, str] = {}

    def used(self) -> tuple[int, int]:
        """Return what is held or committed."""
        charges = [*self.held.values(), *self.committed.values()]
        return sum(rho for rho, _ in charges), sum(delta for _, delta in charges)

    @rule(reservation=RESERVATIONS, charge=CHARGES)
    def hold(self, reservation: str, charge: Charge) -> None:
        """Grant what fits, once."""
        pair = (charge.rho, charge.delta)
        known = {**self.held, **self.committed, **self.lapsed}
        used = self.used()
        if reservation not in known and used[0] + pair[0] <= self.cap[0] and used[1] + pair[1] <= self.cap[1]:
            self.account = hold(self.account, reservation, charge)
            self.held[reservation] = pair
        elif reservation not in known:
            assert code_of(lambda: hold(self.account, reservation, charge)) is Code.ACCOUNT_NOT_ENOUGH
        elif known[reservation] != pair:
            assert code_of(lambda: hold(self.account, reservation, charge)) is Code.RESERVATION_INVALID
        elif reservation in self.lapsed:
            assert code_of(lambda: hold(self.account, reservation, charge)) is Code.HOLD_LAPSED
        elif reservation in self.committed:
            assert code_of(lambda: hold(self.account, reservation, charge)) is Code.RESERVATION_INVALID
        else:
            assert hold(self.account, reservation, charge) == self.account

    @rule(reservation=RESERVATIONS)
    def commit(self, reservation: str) -> None:
        """Spend what is held."""
        if reservation in self.held:
            self.account = commit(self.account, reservation)
            self.committed[reservation] = self.held.pop(reservation)
        elif reservation in self.committed and reservation not in self.answered:
            assert commit(self.account, reservation) == self.account
        else:
            expected = Code.HOLD_LAPSED if reservation in self.lapsed else Code.RESERVATION_INVALID
            assert code_of(lambda: commit(self.account, reservation)) is expected

    @rule(reservation=RESERVATIONS, release=RELEASES)
    def answer(self, reservation: str, release: str) -> None:
        """Answer what is committed, by one release."""
        if reservation in self.committed and self.answered.get(reservation, release) == release:
            self.account = answer(self.account, reservation, release)
            self.answered[reservation] = release
        else:
            assert code_of(lambda: answer(self.account, reservation, release)) is Code.RESERVATION_INVALID

    @rule(reservation=RESERVATIONS)
    def lapse(self, reservation: str) -> None:
        """Give up what is held."""
        if reservation in self.held:
            self.account = lapse(self.account, reservation)
            self.lapsed[reservation] = self.held.pop(reservation)
        elif reservation in self.lapsed:
            assert lapse(self.account, reservation) == self.account
        else:
            assert code_of(lambda: lapse(self.account, reservation)) is Code.RESERVATION_INVALID

    @rule(rho=st.integers(-3, 8), delta=st.integers(-3, 8))
    def raise_cap(self, rho: int, delta: int) -> None:
        """Raise the cap, or try to lower it."""
        cap = (max(self.cap[0] + rho, 0), max(self.cap[1] + delta, 0))
        charge = Charge(rho=cap[0], delta=cap[1])
        if cap[0] >= self.cap[0] and cap[1] >= self.cap[1]:
            self.account = raise_cap(self.account, charge)
            self.cap = cap
        else:
            assert code_of(lambda: raise_cap(self.account, charge)) is Code.CAP_LOWERED

    @invariant()
    def it_adds_up(self) -> None:
        """Compare every figure with the model."""
        spent, used = self.account.spent, self.used()
        assert (spent.rho, spent.delta) == tuple(map(sum, zip((0, 0), *self.committed.values(), strict=True)))
        assert (self.account.held.rho, self.account.held.delta) == (used[0] - spent.rho, used[1] - spent.delta)
        assert used[0] <= self.cap[0]
        assert used[1] <= self.cap[1]
        assert (self.account.balance.rho, self.account.balance.delta) == (self.cap[0] - used[0], self.cap[1] - used[1])
        assert Account.model_validate_json(self.account.model_dump_json()) == self.account


TestHistories = Histories.TestCase


@given(st.lists(CHARGES, max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_what_is_granted_never_exceeds_the_cap(charges: list[Charge], rho: int, delta: int) -> None:
    """Holding greedily grants exactly those that fit, in both parts."""
    state, left = account(rho, delta), [rho, delta]
    for number, charge in enumerate(charges):
        fits = charge.rho <= left[0] and charge.delta <= left[1]
        try:
            state = commit(hold(state, f"r{number}", charge), f"r{number}")
        except Refusal:
            assert not fits
        else:
            assert fits
            left = [left[0] - charge.rho, left[1] - charge.delta]


def test_the_last_unit_can_be_spent_and_no_more() -> None:
    state = hold(account(10, 10), "a", Charge(rho=10, delta=10))
    assert state.balance == Charge(rho=0)
    assert code_of(lambda: hold(state, "b", Charge(rho=1))) is Code.ACCOUNT_NOT_ENOUGH
    assert code_of(lambda: hold(state, "b", Charge(rho=0, delta=1))) is Code.ACCOUNT_NOT_ENOUGH
    assert hold(state, "b", Charge(rho=0)).booking("b") is not None
    assert hold(lapse(state, "a"), "b", Charge(rho=10, delta=10)).held == Charge(rho=10, delta=10)


def test_the_largest_charges_do_not_overflow() -> None:
    most = Charge(rho=MOST, delta=MOST)
    state = hold(account(MOST, MOST), "a", most)
    assert code_of(lambda: hold(state, "b", most)) is Code.ACCOUNT_NOT_ENOUGH
    assert commit(state, "a").spent == most


def test_a_commit_survives_every_later_step() -> None:
    state = commit(hold(account(10), "a", Charge(rho=7)), "a")
    assert code_of(lambda: lapse(state, "a")) is Code.RESERVATION_INVALID
    assert raise_cap(state, Charge(rho=11)).spent == Charge(rho=7)
    assert lapse(hold(state, "b", Charge(rho=3)), "b").spent == Charge(rho=7)


def test_a_refusal_does_not_tell_the_balance() -> None:
    """Others learn only that it is not enough: the words are the same whatever is left."""
    refusals = []
    for spent in (0, 900):
        state = commit(hold(account(1000), "a", Charge(rho=spent)), "a")
        with pytest.raises(Refusal) as caught:
            hold(state, "b", Charge(rho=1001))
        refusals.append((caught.value.reason, caught.value.fix))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize(
    "bookings",
    [
        [("a", 6, Standing.HELD), ("b", 5, Standing.COMMITTED)],
        [("a", 1, Standing.LAPSED), ("a", 1, Standing.COMMITTED)],
        [("a b", 1, Standing.HELD)],
    ],
)
def test_an_impossible_account_cannot_be_made(bookings: list[tuple[str, int, Standing]]) -> None:
    with pytest.raises(ValidationError):
        Account(
            name=NAME,
            cap=Charge(rho=10),
            bookings=tuple(Booking(reservation=name, charge=Charge(rho=rho), standing=standing) for name, rho, standing in bookings),
        )
