"""Accounts of contracts in SQL (`stillroom.ports.Balances`): every change is one conditional UPDATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.columns import charge_values, read_charge
from stillroom.adapters.sql_store.room_tables import analysts, balances
from stillroom.adapters.sql_store.upsert import put_first
from stillroom.model.charge import Charge
from stillroom.model.record import Tally

if TYPE_CHECKING:
    from typing import Any

_NOTHING = Charge(rho=0)


def _adding(table: sa.Table, mine: sa.ColumnElement[bool], cap: tuple[sa.ColumnElement[int], sa.ColumnElement[int]]) -> sa.Update:
    """Return the change that adds `rho` and `delta` to what is spent, unless that would exceed a cap."""
    rho, delta = table.c.spent_rho + sa.bindparam("rho"), table.c.spent_delta + sa.bindparam("delta")
    return table.update().where(mine, rho <= cap[0], delta <= cap[1]).values(spent_rho=rho, spent_delta=delta)


_MINE = balances.c.contract == sa.bindparam("mine")
_GET = balances.select().where(_MINE)
_OPEN = balances.insert()
_CAP = balances.update().where(_MINE)
_SPEND = _adding(balances, _MINE, (balances.c.cap_rho, balances.c.cap_delta)).returning(
    (balances.c.spent_rho - sa.bindparam("rho")).label("before_rho"), (balances.c.spent_delta - sa.bindparam("delta")).label("before_delta")
)
_BY = sa.and_(analysts.c.contract == sa.bindparam("mine"), analysts.c.analyst == sa.bindparam("by"))
_GET_AS = analysts.select().where(_BY)
_SPEND_AS = _adding(analysts, _BY, (sa.bindparam("cap_rho"), sa.bindparam("cap_delta")))


class SqlBalances:
    """What was spent under contracts, and by whom."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def open(self, contract: str, cap: Charge) -> bool:
        """Give the account this cap; False, and no change, when more than that is spent."""
        row = self._row(contract)
        if row is None:
            opened = {"contract": contract, **charge_values("cap", cap), **charge_values("spent", _NOTHING)}
            self._connection.execute(_OPEN, opened)
            return True
        if not read_charge(row, "spent").fits(cap):
            return False
        self._connection.execute(_CAP, {"mine": contract, **charge_values("cap", cap)})
        return True

    def tally(self, contract: str) -> Tally:
        """Return cap and spent; zeros for an account that was never opened."""
        row = self._row(contract)
        if row is None:
            return Tally(cap=_NOTHING, spent=_NOTHING)
        return Tally(cap=read_charge(row, "cap"), spent=read_charge(row, "spent"))

    def spend(self, contract: str, charge: Charge) -> Charge | None:
        """Spend, and return what had been spent before; None, and no change, when the cap does not allow it."""
        row = self._connection.execute(_SPEND, {"mine": contract, **dict(charge)}).one_or_none()
        return None if row is None else read_charge(row, "before")

    def spend_as(self, contract: str, analyst: str, charge: Charge, cap: Charge) -> bool:
        """Add to what an analyst spent; False, and no change, when that would exceed the cap."""
        wanted = {"mine": contract, "by": analyst, **dict(charge), **charge_values("cap", cap)}
        if self._connection.execute(_SPEND_AS, wanted).rowcount == 1:
            return True
        put_first(self._connection, analysts, {"contract": contract, "analyst": analyst, **charge_values("spent", _NOTHING)})
        return self._connection.execute(_SPEND_AS, wanted).rowcount == 1

    def spent_as(self, contract: str, analyst: str) -> Charge:
        """Return what an analyst spent."""
        row = self._connection.execute(_GET_AS, {"mine": contract, "by": analyst}).one_or_none()
        return _NOTHING if row is None else read_charge(row, "spent")

    def _row(self, contract: str) -> sa.Row[Any] | None:
        return self._connection.execute(_GET, {"mine": contract}).one_or_none()
