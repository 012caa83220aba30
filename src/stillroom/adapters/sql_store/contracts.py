"""Contracts in SQL (`stillroom.ports.Contracts`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import contracts
from stillroom.adapters.sql_store.stored import stored
from stillroom.model.record import ContractRecord, ContractState

if TYPE_CHECKING:
    from typing import Any


_NAMED = contracts.select().where(contracts.c.digest == sa.bindparam("named"))
_ACTIVE = contracts.select().where(contracts.c.state == ContractState.ACTIVE.value)
_ALL = contracts.select().order_by(contracts.c.position)
_CHANGE = contracts.update().where(contracts.c.digest == sa.bindparam("named"))
_ADD = contracts.insert()


class SqlContracts:
    """The contracts that were handed to a room."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def get(self, digest: str) -> ContractRecord | None:
        """Return a contract by its digest."""
        row = self._connection.execute(_NAMED, {"named": digest}).one_or_none()
        return None if row is None else _read(row)

    def active(self) -> ContractRecord | None:
        """Return the contract in force."""
        row = self._connection.execute(_ACTIVE).one_or_none()
        return None if row is None else _read(row)

    def all(self) -> tuple[ContractRecord, ...]:
        """Return all, in the order in which they came."""
        return tuple(_read(row) for row in self._connection.execute(_ALL))

    def put(self, record: ContractRecord) -> None:
        """Keep a contract, in place of what was kept under its digest."""
        values = {"envelope": record.envelope, "state": record.state.value}
        if self._connection.execute(_CHANGE, {"named": record.digest, **values}).rowcount == 0:
            self._connection.execute(_ADD, {"digest": record.digest, **values})


@stored()
def _read(row: sa.Row[Any]) -> ContractRecord:
    return ContractRecord(digest=row.digest, envelope=row.envelope, state=ContractState(row.state))
