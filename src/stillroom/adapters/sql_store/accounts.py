"""An owner's accounts in SQL: the rules of `stillroom.ledger.account`, each step one transaction of conditional changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import ValidationError

from stillroom.adapters.sql_store.account_tables import ACCOUNT, accounts, holds
from stillroom.adapters.sql_store.columns import charge_values, read_charge
from stillroom.adapters.sql_store.sqlite_file import create_database, open_database
from stillroom.adapters.sql_store.stored import stored
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.ledger.account import LAPSED_LIMIT, Account, AccountName, Booking, Standing, booked_for, check_held, check_shares
from stillroom.model.charge import Charge

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from stillroom.adapters.sql_store.database import Database
    from stillroom.ledger.account import Purpose
    from stillroom.room.statement import HoldStatement, LapseStatement

_NOTHING = Charge(rho=0)


def _booking_more() -> sa.Update:
    """Return the change that adds to what an account holds and has spent, unless both together would exceed the cap."""
    table = accounts.c
    held_rho, held_delta = table.held_rho + sa.bindparam("more_held_rho"), table.held_delta + sa.bindparam("more_held_delta")
    spent_rho, spent_delta = table.spent_rho + sa.bindparam("more_spent_rho"), table.spent_delta + sa.bindparam("more_spent_delta")
    within = held_rho + spent_rho <= table.cap_rho, held_delta + spent_delta <= table.cap_delta
    change = accounts.update().where(_MINE, *within)
    return change.values(held_rho=held_rho, held_delta=held_delta, spent_rho=spent_rho, spent_delta=spent_delta)


_MINE = accounts.c.population == sa.bindparam("mine")
_ACCOUNT = accounts.select().where(_MINE)
_BOOK = _booking_more()
_HOLD = holds.select().where(holds.c.reservation == sa.bindparam("of"), holds.c.population == sa.bindparam("mine"))
_KEEP = holds.insert()
_CHANGE = holds.update().where(holds.c.position == sa.bindparam("at"))


class SqlAccounts:
    """The accounts of one owner, by population.

    Attributes:
        owner: Whose they are.
    """

    def __init__(self, owner: str, database: Database) -> None:
        """Use `create_accounts` or `open_accounts`."""
        self.owner = owner
        self._database = database

    def add(self, population: str, cap: Charge) -> None:
        """Open an account with a cap for life.

        Raises:
            InvalidInput: `HOME_INVALID` if that is no name of a population.
            Refusal: `CAP_LOWERED` if the account is there already: only `raise_cap` changes a cap.
        """
        _check_name(self.owner, population)
        with self._database.transaction(write=True) as connection:
            if _account(connection, population) is not None:
                raise Refusal(
                    Code.CAP_LOWERED,
                    f"There is an account for {population} already, and its cap is for life.",
                    "Raise the cap if it should be higher.",
                )
            values = {**charge_values("cap", cap), **charge_values("held", _NOTHING), **charge_values("spent", _NOTHING)}
            connection.execute(accounts.insert().values(population=population, raises=0, **values))

    def raise_cap(self, population: str, cap: Charge) -> None:
        """Give an account a higher cap; the same cap changes nothing.

        Raises:
            Refusal: `CAP_LOWERED` if it is lower in rho or delta, or there is no such account.
        """
        with self._database.transaction(write=True) as connection:
            row = _account(connection, population)
            if row is None or not read_charge(row, "cap").fits(cap):
                raise Refusal(
                    Code.CAP_LOWERED,
                    f"The cap of the account for {population} can only be raised.",
                    "Name an account that is there, and a cap that is higher than the present one.",
                )
            if read_charge(row, "cap") != cap:
                change = accounts.update().where(accounts.c.population == population)
                connection.execute(change.values(raises=accounts.c.raises + 1, **charge_values("cap", cap)))

    def hold(self, wanted: HoldStatement, envelope: bytes, purpose: Purpose | None = None) -> bytes:
        """Hold a charge, for a purpose if one is named; keep and return its signed statement, or the one kept if it is held already.

        Raises:
            Refusal: As `stillroom.ledger.account.hold`.
        """
        population = wanted.account.population
        with self._database.transaction(write=True) as connection:
            row = _hold(connection, wanted.reservation, population)
            if row is not None:
                return _held_before(row, wanted, purpose)
            check_held(_standing(connection, population, wanted.room))
            if not _book(connection, population, wanted.charge, held=1, spent=0):
                raise Refusal(
                    Code.ACCOUNT_NOT_ENOUGH,
                    f"The account of {self.owner} for {population} does not have enough left for this question.",
                    "Ask for less precision, a smaller epsilon, or declared keys only; the owner alone can raise the account's caps.",
                )
            if purpose is not None:
                check_shares(purpose, wanted.charge, lambda spender: _used(connection, population, spender))
            values = {"room": wanted.room, "held": envelope, **booked_for(purpose)}
            _keep(connection, wanted.reservation, population, Standing.HELD, wanted.charge, **values)
            return envelope

    def commit(self, reservation: str, population: str) -> None:
        """Spend a hold, for good; nothing happens if it is spent already.

        Raises:
            Refusal: As `stillroom.ledger.account.commit`.
        """
        with self._database.transaction(write=True) as connection:
            row = _hold(connection, reservation, population)
            if row is None:
                raise _invalid(f"Nothing is held under reservation {reservation}.")
            if row.state == Standing.LAPSED:
                raise _lapsed(reservation)
            if row.release is not None:
                raise _invalid(f"Reservation {reservation} is answered already.")
            if row.state == Standing.HELD:
                _book(connection, population, read_charge(row, "charge"), held=-1, spent=1)
                _change(connection, row, state=Standing.COMMITTED.value)

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Keep the digest of the release that answers a commit; nothing happens if it is kept already.

        Raises:
            Refusal: As `stillroom.ledger.account.answer`.
        """
        with self._database.transaction(write=True) as connection:
            row = _hold(connection, reservation, population)
            if row is None or row.state != Standing.COMMITTED or row.release not in {None, release}:
                raise _invalid(f"Reservation {reservation} is not one that waits for this answer.")
            _change(connection, row, release=release)

    def lapse(self, lapsed: LapseStatement, envelope: bytes) -> tuple[bytes, bytes] | None:
        """Give up a hold; keep the signed statement, or the one from before; return the statements of the hold and of its lapse.

        A reservation that was never held is remembered, so that a hold which comes late finds it lapsed; None is returned for it. The last
        `LAPSED_LIMIT` of a room are remembered, and as many of those.

        Raises:
            Refusal: `RESERVATION_INVALID` if it was committed, or there is no such account.
        """
        reservation, population = lapsed.reservation, lapsed.account.population
        with self._database.transaction(write=True) as connection:
            row = _hold(connection, reservation, population)
            if row is None:
                if _account(connection, population) is None:
                    raise _invalid(f"There is no account for {population}.")
                _keep(connection, reservation, population, Standing.LAPSED, _NOTHING)
                _forget(connection, population, None)
                return None
            if row.state == Standing.COMMITTED:
                raise _invalid(f"Reservation {reservation} is committed, and a commit never returns.")
            if row.state == Standing.HELD:
                _book(connection, population, read_charge(row, "charge"), held=-1, spent=0)
                _change(connection, row, state=Standing.LAPSED.value, lapsed=envelope)
                _forget(connection, population, row.room)
                return row.held, envelope
            return None if row.held is None else (row.held, row.lapsed)

    def raises(self, population: str) -> int:
        """Return how often an account got a cap: 0 if there is no such account, 1 once it is opened, and one more with each raise."""
        with self._database.transaction(write=False) as connection:
            row = _account(connection, population)
        with stored():
            return 0 if row is None else 1 + int(row.raises)

    def booking(self, room: str, reservation: str, population: str) -> Booking | None:
        """Return how a room's reservation is booked, if it is.

        Raises:
            Refusal: `RESERVATION_INVALID` if it was made for another room.
        """
        with self._database.transaction(write=False) as connection:
            row = _hold(connection, reservation, population)
        if row is None:
            return None
        if row.room not in {room, None}:
            raise _invalid(f"Reservation {reservation} is another room's.")
        return _booking(row)

    def held(self, room: str) -> tuple[tuple[str, Booking], ...]:
        """Return what is held for a room, by population: neither committed nor lapsed."""
        mine = holds.select().where(holds.c.room == room, holds.c.state == Standing.HELD.value).order_by(holds.c.position)
        with self._database.transaction(write=False) as connection:
            rows = connection.execute(mine).all()
        return tuple((row.population, _booking(row)) for row in rows)

    def all(self) -> tuple[Account, ...]:
        """Return the accounts with every booking, by population. They are for the owner's eyes only.

        Raises:
            Failed: `STORE_FAILED` if what an account counts as held and spent is not what its bookings add up to.
        """
        with self._database.transaction(write=False) as connection:
            rows = connection.execute(accounts.select().order_by(accounts.c.population)).all()
            return tuple(self._read(connection, row) for row in rows)

    @stored()
    def _read(self, connection: sa.Connection, row: sa.Row[Any]) -> Account:
        mine = holds.select().where(holds.c.population == row.population).order_by(holds.c.position)
        bookings = tuple(_booking(one) for one in connection.execute(mine))
        found = Account(name=AccountName(owner=self.owner, population=row.population), cap=read_charge(row, "cap"), bookings=bookings)
        if (found.held, found.spent) != (read_charge(row, "held"), read_charge(row, "spent")):
            msg = "an account counts something else than it has booked"
            raise ValueError(msg)
        return found


def create_accounts(path: Path, owner: str) -> SqlAccounts:
    """Make an owner's database of accounts, with no account in it.

    Raises:
        FileExistsError: Something is there already.
        Failed: `STORE_FAILED` if it cannot be used.
    """
    return SqlAccounts(owner, create_database(path, ACCOUNT))


def open_accounts(path: Path, owner: str) -> SqlAccounts:
    """Open an owner's database of accounts.

    Raises:
        Failed: `STORE_FAILED` if there is none, or it cannot be used.
    """
    return SqlAccounts(owner, open_database(path, ACCOUNT))


def _check_name(owner: str, population: str) -> None:
    try:
        AccountName(owner=owner, population=population)
    except ValidationError:
        raise InvalidInput(
            Code.HOME_INVALID,
            f"{population!r} is not the name of a population.",
            "Use the name that the contract gives it: small letters, digits and underscores, a letter first.",
        ) from None


def _account(connection: sa.Connection, population: str) -> sa.Row[Any] | None:
    return connection.execute(_ACCOUNT, {"mine": population}).one_or_none()


def _hold(connection: sa.Connection, reservation: str, population: str) -> sa.Row[Any] | None:
    return connection.execute(_HOLD, {"of": reservation, "mine": population}).one_or_none()


@stored()
def _booking(row: sa.Row[Any]) -> Booking:
    return Booking(
        reservation=row.reservation,
        charge=read_charge(row, "charge"),
        standing=Standing(row.state),
        room=row.room,
        release=row.release,
        run=row.run,
        contract=row.contract,
        spender=row.spender,
    )


def _used(connection: sa.Connection, population: str, spender: str) -> Charge:
    """Return what is spent or held under a contract, or of somebody's share."""
    theirs = sa.or_(holds.c.contract == spender, holds.c.spender == spender)
    mine = sa.and_(holds.c.population == population, theirs, holds.c.state != Standing.LAPSED.value)
    total = sa.select(*(sa.func.coalesce(sa.func.sum(holds.c[f"charge_{part}"]), 0) for part in ("rho", "delta"))).where(mine)
    rho, delta = connection.execute(total).one()
    with stored():
        return Charge(rho=int(rho), delta=int(delta))


def _book(connection: sa.Connection, population: str, charge: Charge, *, held: int, spent: int) -> bool:
    """Add so many times the charge to what is held and spent; False, and no change, where that would exceed the cap."""
    more = {
        "more_held_rho": held * charge.rho,
        "more_held_delta": held * charge.delta,
        "more_spent_rho": spent * charge.rho,
        "more_spent_delta": spent * charge.delta,
    }
    return connection.execute(_BOOK, {"mine": population, **more}).rowcount == 1


def _keep(connection: sa.Connection, reservation: str, population: str, state: Standing, charge: Charge, **others: object) -> None:
    values = {"reservation": reservation, "population": population, "state": state.value, **others}
    connection.execute(_KEEP, {**values, **charge_values("charge", charge)})


def _standing(connection: sa.Connection, population: str, room: str) -> int:
    """Return how many holds of a room stand."""
    mine = sa.and_(holds.c.population == population, holds.c.room == room, holds.c.state == Standing.HELD.value)
    return int(connection.execute(sa.select(sa.func.count()).select_from(holds).where(mine)).scalar_one())


def _forget(connection: sa.Connection, population: str, room: str | None) -> None:
    """Delete lapses of a room, or of what no room has held, beyond those that are remembered."""
    lapsed = sa.and_(holds.c.population == population, holds.c.room.is_not_distinct_from(room), holds.c.state == Standing.LAPSED.value)
    oldest = sa.select(holds.c.position).where(lapsed).order_by(holds.c.position.desc()).offset(LAPSED_LIMIT)
    connection.execute(holds.delete().where(holds.c.position.in_(oldest)))


def _change(connection: sa.Connection, row: sa.Row[Any], **values: object) -> None:
    connection.execute(_CHANGE, {"at": row.position, **values})


def _held_before(row: sa.Row[Any], wanted: HoldStatement, purpose: Purpose | None) -> bytes:
    if row.held is not None and (read_charge(row, "charge"), row.room) != (wanted.charge, wanted.room):
        raise _invalid(f"Another charge was held under reservation {wanted.reservation}.")
    if purpose is not None and row.run not in {purpose.run, None}:
        raise _invalid(f"Reservation {wanted.reservation} was held for something else.")
    if row.state == Standing.LAPSED:
        raise _lapsed(wanted.reservation)
    if row.state == Standing.COMMITTED:
        raise _invalid(f"Reservation {wanted.reservation} is committed already.")
    kept: bytes = row.held
    return kept


def _lapsed(reservation: str) -> Refusal:
    return Refusal(Code.HOLD_LAPSED, f"The hold of reservation {reservation} has lapsed.", "Ask again; nothing was charged.")


def _invalid(reason: str) -> Refusal:
    return Refusal(Code.RESERVATION_INVALID, reason, "Ask again, which makes a new reservation.")
