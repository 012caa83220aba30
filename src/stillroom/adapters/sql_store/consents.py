"""What owners say about telemetry, in SQL (`stillroom.ports.Consents`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.sql_store.room_tables import consents

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa


class SqlConsents:
    """The last signed statement of each owner."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def put(self, party: str, envelope: bytes) -> None:
        """Keep an owner's signed statement, in place of the one before."""
        self._connection.execute(consents.delete().where(consents.c.party == party))
        self._connection.execute(consents.insert().values(party=party, envelope=envelope))

    def all(self) -> Mapping[str, bytes]:
        """Return the last signed statement of each owner that has made one."""
        return {row.party: row.envelope for row in self._connection.execute(consents.select().order_by(consents.c.party))}
