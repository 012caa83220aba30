"""Accounts of contracts in SQL (`stillroom.ports.Balances`): every change is one conditional UPDATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.columns import charge_values, read_charge
from stillroom.adapters.sql_store.room_tables import analysts, balances
from stillroom.model.charge import Charge
from stillroom.model.record import Tally

if TYPE_CHECKING:
    from typing import Any

_NOTHING = Charge(rho=0)


class SqlBalances:
    """What was spent under contracts, and by whom."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def open(self, contract: str, cap: Charge) -> bool:
        """Give the account this cap; False, and no change, when more than that is spent."""
        row = self._row(contract)
        if row is None:
            self._connection.execute(
                balances.insert().values(contract=contract, **charge_values("cap", cap), **charge_values("spent", _NOTHING))
            )
            return True
        if not read_charge(row, "spent").fits(cap):
            return False
        self._connection.execute(balances.update().where(balances.c.contract == contract).values(**charge_values("cap", cap)))
        return True

    def tally(self, contract: str) -> Tally:
        """Return cap and spent; zeros for an account that was never opened."""
        row = self._row(contract)
        if row is None:
            return Tally(cap=_NOTHING, spent=_NOTHING)
        return Tally(cap=read_charge(row, "cap"), spent=read_charge(row, "spent"))

    def spend(self, contract: str, charge: Charge) -> bool:
        """Spend; False, and no change, when the cap does not allow it."""
        mine = balances.c.contract == contract
        return self._add(balances, mine, charge, (balances.c.cap_rho, balances.c.cap_delta))

    def spend_as(self, contract: str, analyst: str, charge: Charge, cap: Charge) -> bool:
        """Add to what an analyst spent; False, and no change, when that would exceed the cap."""
        mine = sa.and_(analysts.c.contract == contract, analysts.c.analyst == analyst)
        if self._connection.execute(analysts.select().where(mine)).one_or_none() is None:
            values = charge_values("spent", _NOTHING)
            self._connection.execute(analysts.insert().values(contract=contract, analyst=analyst, **values))
        return self._add(analysts, mine, charge, (sa.literal(cap.rho), sa.literal(cap.delta)))

    def spent_as(self, contract: str, analyst: str) -> Charge:
        """Return what an analyst spent."""
        mine = sa.and_(analysts.c.contract == contract, analysts.c.analyst == analyst)
        row = self._connection.execute(analysts.select().where(mine)).one_or_none()
        return _NOTHING if row is None else read_charge(row, "spent")

    def _row(self, contract: str) -> sa.Row[Any] | None:
        return self._connection.execute(balances.select().where(balances.c.contract == contract)).one_or_none()

    def _add(
        self, table: sa.Table, mine: sa.ColumnElement[bool], charge: Charge, cap: tuple[sa.ColumnElement[int], sa.ColumnElement[int]]
    ) -> bool:
        spent_rho, spent_delta = table.c.spent_rho + charge.rho, table.c.spent_delta + charge.delta
        change = table.update().where(mine, spent_rho <= cap[0], spent_delta <= cap[1])
        return self._connection.execute(change.values(spent_rho=spent_rho, spent_delta=spent_delta)).rowcount == 1
