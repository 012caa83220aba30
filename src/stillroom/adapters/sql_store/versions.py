"""Data versions in SQL (`stillroom.ports.Versions`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import versions
from stillroom.adapters.sql_store.stored import stored
from stillroom.adapters.sql_store.upsert import put
from stillroom.model.record import DataRecord

if TYPE_CHECKING:
    from typing import Any


_ONE = versions.select().where(versions.c.dataset == sa.bindparam("named"))
_ALL = versions.select().order_by(versions.c.dataset)


class SqlVersions:
    """The present version of each dataset."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def get(self, dataset: str) -> DataRecord | None:
        """Return the present version of a dataset."""
        row = self._connection.execute(_ONE, {"named": dataset}).one_or_none()
        return None if row is None else _read(row)

    def all(self) -> tuple[DataRecord, ...]:
        """Return all, by name."""
        return tuple(_read(row) for row in self._connection.execute(_ALL))

    def put(self, record: DataRecord) -> None:
        """Keep a version, in place of the one before."""
        put(self._connection, versions, **dict(record))


@stored()
def _read(row: sa.Row[Any]) -> DataRecord:
    return DataRecord(dataset=row.dataset, version=row.version, section=row.section, withdrawn=row.withdrawn)
