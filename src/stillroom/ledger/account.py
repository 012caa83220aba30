"""An owner's lifetime account: what its people have been charged, and never get back.

The rules are pure functions from account to account, and the oracle for every store of accounts. A reservation goes from held to committed
or to lapsed, once, and a commit is answered by one release, once. Every step may be repeated until the next one is taken, and then changes
nothing; after that the account stands in the way of a room that was restored from an older copy, and has forgotten how far it had come.

What is open and what has lapsed has an end, since a room asks for as much of it as it likes, and it costs nothing: so many holds of a room
stand at a time, and so many of those that have lapsed are remembered. Each room has its own, so that none uses up what another one needs;
how many rooms draw on an account is its owner's choice. To forget a lapse gives nothing away. What was never committed was never
measured; a room that comes back to such a reservation holds anew, and is charged anew. What is committed has its end in the cap.

At any time, spent + held <= cap, in rho and in delta: this is the approximate-zCDP filter for adaptively chosen questions (Whitehouse,
Ramdas, Rogers and Wu 2023, "Fully-Adaptive Composition in Differential Privacy"), so that the guarantee of the account is its cap.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from stillroom.errors import Code, Refusal
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

HELD_LIMIT = 500
"""So many holds of one room stand in an account at a time."""

LAPSED_LIMIT = 500
"""So many reservations of one room, or of what no room has held, are remembered as lapsed, the latest by the order of their holds."""

Reservation = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""What one run is known by in every account and in the log."""


class AccountName(Value):
    """Whose account it is: an owner's, for one population of people."""

    owner: Name
    population: Name


class Standing(StrEnum):
    """Where a reservation stands. `committed` and `lapsed` are for good."""

    HELD = "held"
    COMMITTED = "committed"
    LAPSED = "lapsed"


class Share(Value):
    """A part of an account: what a contract that its owner has signed may use in all, or somebody without anybody's signature.

    Attributes:
        spender: Which contract, or who under it and by which template: what is used so is added up under this name.
        cap: The most that may be used so.
    """

    spender: str
    cap: Charge


class Purpose(Value):
    """What a hold is for, by the owner's own reckoning. The charge pays for that, and for nothing else.

    Attributes:
        run: Digest of the room, the contract, the plan and the versions of data that it reads.
        contract: The contract, and all that it may use.
        analyst: Whose share it is of, if the contract alone approves it.
    """

    run: Digest
    contract: Share
    analyst: Share | None = None


class Booking(Value):
    """One reservation in an account.

    Attributes:
        reservation: What it is known by.
        charge: How much.
        standing: Where it stands.
        room: The room that it is held for; nothing where it lapsed before it was held.
        release: Digest of the release that answers it, once a commit is answered.
        run: What it pays for; nothing where the room in the same process has looked at that.
        contract: The contract that it is counted for.
        spender: Whose share it is of, if it was approved by a contract alone.
    """

    reservation: Reservation
    charge: Charge
    standing: Standing
    room: str | None = None
    release: Digest | None = None
    run: Digest | None = None
    contract: str | None = None
    spender: str | None = None


class Account(Value):
    """An account and all that was ever reserved in it.

    Attributes:
        name: Whose it is.
        cap: The most that may ever be spent.
        bookings: One for each reservation, in the order of their holds.
    """

    name: AccountName
    cap: Charge
    bookings: tuple[Booking, ...] = ()

    @model_validator(mode="after")
    def _within_cap(self) -> Self:
        """Refuse an account that has promised more than its cap, or books a reservation twice."""
        if len({booking.reservation for booking in self.bookings}) < len(self.bookings):
            msg = "a reservation is booked twice"
            raise ValueError(msg)
        used = [booking.charge for booking in self.bookings if booking.standing is not Standing.LAPSED]
        if sum(charge.rho for charge in used) > self.cap.rho or sum(charge.delta for charge in used) > self.cap.delta:
            msg = "more than the cap is spent or held"
            raise ValueError(msg)
        return self

    @property
    def spent(self) -> Charge:
        """What is committed."""
        return self._total(Standing.COMMITTED)

    @property
    def held(self) -> Charge:
        """What is held, and may yet be committed or lapse."""
        return self._total(Standing.HELD)

    @property
    def balance(self) -> Charge:
        """What can still be held: cap - spent - held. Only the owner may learn it."""
        spent, held = self.spent, self.held
        return Charge(rho=self.cap.rho - spent.rho - held.rho, delta=self.cap.delta - spent.delta - held.delta)

    def booking(self, reservation: str) -> Booking | None:
        """Return the booking of a reservation, if there is one."""
        return next((booking for booking in self.bookings if booking.reservation == reservation), None)

    def _total(self, standing: Standing) -> Charge:
        charges = (booking.charge for booking in self.bookings if booking.standing is standing)
        return sum(charges, start=Charge(rho=0))


def hold(account: Account, reservation: str, charge: Charge, purpose: Purpose | None = None, room: str | None = None) -> Account:
    """Return the account with a charge held for a reservation; unchanged if that charge is held for it already.

    Args:
        account: The account.
        reservation: What it is held for.
        charge: How much.
        purpose: What for, where the owner itself has looked at that.
        room: The room that it is held for.

    Raises:
        Refusal: `ACCOUNT_NOT_ENOUGH` if the charge exceeds the balance (which the message does not tell), `HOLD_LAPSED` if the reservation
            had lapsed, `CONTRACT_CAP_EXCEEDED` or `ANALYST_CAP_EXCEEDED` if the contract or its analyst does not have enough left,
            `RESERVATION_INVALID` if another charge, room or purpose stands under it, or it is committed: a room commits first and tells
            accounts then, so whoever would hold once more has forgotten a commit; `TOO_MANY_REQUESTS` if `HELD_LIMIT` holds of the room
            stand.
    """
    booking = account.booking(reservation)
    if booking is not None:
        return _held_before(account, booking, Booking(reservation=reservation, charge=charge, standing=Standing.HELD, room=room), purpose)
    check_held(sum(one.standing is Standing.HELD and one.room == room for one in account.bookings))
    if not charge.fits(account.balance):
        raise Refusal(
            Code.ACCOUNT_NOT_ENOUGH,
            f"The account of {account.name.owner} for {account.name.population} does not have enough left for this question.",
            "Ask for less precision, a smaller epsilon, or declared keys only; the owner alone can raise the account's caps.",
        )
    if purpose is not None:
        check_shares(purpose, charge, lambda spender: used(account, spender))
    added = Booking(reservation=reservation, charge=charge, standing=Standing.HELD, room=room, **booked_for(purpose))
    return Account(name=account.name, cap=account.cap, bookings=(*account.bookings, added))


def check_held(standing: int) -> None:
    """Refuse a hold beside so many of the same room that stand.

    Raises:
        Refusal: `TOO_MANY_REQUESTS`.
    """
    if standing >= HELD_LIMIT:
        raise Refusal(
            Code.TOO_MANY_REQUESTS,
            "As many charges are held for this room in an owner's account as may be at a time, and nothing was made of them yet.",
            "Wait until other questions are answered; what a room has forgotten lapses within half an hour.",
        )


def used(account: Account, spender: str) -> Charge:
    """Return what is spent or held under a contract, or of somebody's share."""
    mine = (one.charge for one in account.bookings if spender in {one.contract, one.spender} and one.standing is not Standing.LAPSED)
    return sum(mine, start=Charge(rho=0))


def check_shares(purpose: Purpose, charge: Charge, used_by: Callable[[str], Charge]) -> None:
    """Refuse a charge for which the contract, or its analyst, does not have enough left.

    Raises:
        Refusal: `CONTRACT_CAP_EXCEEDED` or `ANALYST_CAP_EXCEEDED`.
    """
    if not (used_by(purpose.contract.spender) + charge).fits(purpose.contract.cap):
        raise Refusal(
            Code.CONTRACT_CAP_EXCEEDED,
            "By the owner's own count, not enough is left under the contract for this question.",
            "Ask with a smaller epsilon or a larger error, or agree on an amendment with a larger cap.",
        )
    if purpose.analyst is not None and not (used_by(purpose.analyst.spender) + charge).fits(purpose.analyst.cap):
        raise _analyst_exhausted()


def booked_for(purpose: Purpose | None) -> dict[str, str]:
    """Return what a booking says about its purpose."""
    if purpose is None:
        return {}
    analyst = {} if purpose.analyst is None else {"spender": purpose.analyst.spender}
    return {"run": purpose.run, "contract": purpose.contract.spender, **analyst}


def _analyst_exhausted() -> Refusal:
    return Refusal(
        Code.ANALYST_CAP_EXCEEDED,
        "By the owner's own count, not enough is left for automatic releases to this analyst.",
        "Ask with a smaller epsilon or a larger error, have the owners approve the plan, or agree on an amendment.",
    )


def commit(account: Account, reservation: str) -> Account:
    """Return the account with a hold spent, for good; unchanged if it was committed before.

    Raises:
        Refusal: `HOLD_LAPSED` if the hold had lapsed, `RESERVATION_INVALID` if there is none, or it is answered.
    """
    booking = _booked(account, reservation)
    if booking.standing is Standing.LAPSED:
        raise _lapsed(reservation)
    if booking.release is not None:
        raise _invalid(f"Reservation {reservation} is answered already.")
    return _with(account, booking, booking.model_copy(update={"standing": Standing.COMMITTED}))


def answer(account: Account, reservation: str, release: str) -> Account:
    """Return the account with a commit answered by a release; unchanged if that release answers it already.

    Raises:
        Refusal: `RESERVATION_INVALID` if it is not committed, or another release answers it.
    """
    booking = _booked(account, reservation)
    if booking.standing is not Standing.COMMITTED or booking.release not in {None, release}:
        raise _invalid(f"Reservation {reservation} is not one that waits for this answer.")
    return _with(account, booking, booking.model_copy(update={"release": release}))


def lapse(account: Account, reservation: str) -> Account:
    """Return the account with a hold given up; unchanged if it had lapsed before.

    The reservation cannot be used again while it is remembered: the last `LAPSED_LIMIT` of its room are.

    Raises:
        Refusal: `RESERVATION_INVALID` if it was committed, since a commit never returns, or if there is none.
    """
    booking = _booked(account, reservation)
    if booking.standing is Standing.COMMITTED:
        raise _invalid(f"Reservation {reservation} is committed, and a commit never returns.")
    return _remembering(_with(account, booking, booking.model_copy(update={"standing": Standing.LAPSED})), booking.room)


def raise_cap(account: Account, cap: Charge) -> Account:
    """Return the account with a higher cap, which is the owner's to decide.

    Raises:
        Refusal: `CAP_LOWERED` if the new cap is lower in rho or in delta.
    """
    if not account.cap.fits(cap):
        raise Refusal(
            Code.CAP_LOWERED,
            f"The cap of the account of {account.name.owner} for {account.name.population} can be raised but never lowered.",
            "Give a cap that is at least the present one in both parts; to stop questions, withdraw the data.",
        )
    return Account(name=account.name, cap=cap, bookings=account.bookings)


def _remembering(account: Account, room: str | None) -> Account:
    """Return the account without lapses of a room beyond those that are remembered."""
    lapsed = [one.reservation for one in account.bookings if one.standing is Standing.LAPSED and one.room == room]
    forgotten = set(lapsed[:-LAPSED_LIMIT])
    return Account(name=account.name, cap=account.cap, bookings=tuple(one for one in account.bookings if one.reservation not in forgotten))


def _held_before(account: Account, booking: Booking, wanted: Booking, purpose: Purpose | None) -> Account:
    if booking.charge != wanted.charge or booking.room not in {wanted.room, None}:
        raise _invalid(f"Reservation {booking.reservation} stands for another charge, or another room.")
    if purpose is not None and booking.run not in {purpose.run, None}:
        raise _invalid(f"Reservation {booking.reservation} stands for something else.")
    if booking.standing is Standing.LAPSED:
        raise _lapsed(booking.reservation)
    if booking.standing is Standing.COMMITTED:
        raise _invalid(f"Reservation {booking.reservation} is committed already.")
    return account


def _booked(account: Account, reservation: str) -> Booking:
    booking = account.booking(reservation)
    if booking is None:
        raise _invalid(f"Nothing is held under reservation {reservation}.")
    return booking


def _with(account: Account, booking: Booking, changed: Booking) -> Account:
    bookings = tuple(changed if other is booking else other for other in account.bookings)
    return Account(name=account.name, cap=account.cap, bookings=bookings)


def _lapsed(reservation: str) -> Refusal:
    return Refusal(Code.HOLD_LAPSED, f"The hold of reservation {reservation} has lapsed.", "Ask again; nothing was charged.")


def _invalid(reason: str) -> Refusal:
    return Refusal(Code.RESERVATION_INVALID, reason, "Ask again, which makes a new reservation.")
