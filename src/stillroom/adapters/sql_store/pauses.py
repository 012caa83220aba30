"""Pauses of a room, in SQL (`stillroom.ports.Pauses`)."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import pause_words, pauses
from stillroom.adapters.sql_store.upsert import put
from stillroom.model.record import PauseRecord

_LAST = pauses.select().order_by(pauses.c.pause.desc()).limit(1)
_WORDS = pause_words.select().where(pause_words.c.pause == sa.bindparam("of")).order_by(pause_words.c.party)


class SqlPauses:
    """Every pause that there was, with what owners have signed in it."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def last(self) -> PauseRecord | None:
        """Return the last pause, ended or not."""
        row = self._connection.execute(_LAST).one_or_none()
        if row is None:
            return None
        said = self._connection.execute(_WORDS, {"of": row.pause})
        return PauseRecord(pause=row.pause, ended=row.ended, words={one.party: one.envelope for one in said})

    def put(self, record: PauseRecord) -> None:
        """Keep a pause, in place of what was kept of it."""
        put(self._connection, pauses, pause=record.pause, ended=record.ended)
        for party, envelope in record.words.items():
            put(self._connection, pause_words, pause=record.pause, party=party, envelope=envelope)
