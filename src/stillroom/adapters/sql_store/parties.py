"""Keys that want to be parties, in SQL (`stillroom.ports.Parties`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.sql_store.room_tables import parties
from stillroom.adapters.sql_store.stored import stored
from stillroom.model.record import PartyRecord

if TYPE_CHECKING:
    from typing import Any

    import sqlalchemy as sa


class SqlParties:
    """Keys that have asked to join."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def get(self, key: str) -> PartyRecord | None:
        """Return what is known of a key."""
        row = self._connection.execute(parties.select().where(parties.c.key == key)).one_or_none()
        return None if row is None else _read(row)

    def all(self) -> tuple[PartyRecord, ...]:
        """Return all, in the order in which they came."""
        return tuple(_read(row) for row in self._connection.execute(parties.select().order_by(parties.c.position)))

    def put(self, record: PartyRecord) -> None:
        """Keep a key, in place of what was kept of it."""
        values = {"party": record.party, "confirmed": record.confirmed}
        if self._connection.execute(parties.update().where(parties.c.key == record.key).values(**values)).rowcount == 0:
            self._connection.execute(parties.insert().values(key=record.key, **values))

    def remove(self, key: str) -> None:
        """Forget a key."""
        self._connection.execute(parties.delete().where(parties.c.key == key))


@stored()
def _read(row: sa.Row[Any]) -> PartyRecord:
    return PartyRecord(key=row.key, party=row.party, confirmed=row.confirmed)
