"""Contracts in SQL (`stillroom.ports.Contracts`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.sql_store.room_tables import contracts
from stillroom.model.record import ContractRecord, ContractState

if TYPE_CHECKING:
    from typing import Any

    import sqlalchemy as sa


class SqlContracts:
    """The contracts that were handed to a room."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def get(self, digest: str) -> ContractRecord | None:
        """Return a contract by its digest."""
        return self._one(contracts.c.digest == digest)

    def active(self) -> ContractRecord | None:
        """Return the contract in force."""
        return self._one(contracts.c.state == ContractState.ACTIVE.value)

    def all(self) -> tuple[ContractRecord, ...]:
        """Return all, in the order in which they came."""
        rows = self._connection.execute(contracts.select().order_by(contracts.c.position))
        return tuple(_read(row) for row in rows)

    def put(self, record: ContractRecord) -> None:
        """Keep a contract, in place of what was kept under its digest."""
        values = {"envelope": record.envelope, "state": record.state.value}
        changed = self._connection.execute(contracts.update().where(contracts.c.digest == record.digest).values(**values))
        if changed.rowcount == 0:
            self._connection.execute(contracts.insert().values(digest=record.digest, **values))

    def _one(self, condition: sa.ColumnElement[bool]) -> ContractRecord | None:
        row = self._connection.execute(contracts.select().where(condition)).one_or_none()
        return None if row is None else _read(row)


def _read(row: sa.Row[Any]) -> ContractRecord:
    return ContractRecord(digest=row.digest, envelope=row.envelope, state=ContractState(row.state))
