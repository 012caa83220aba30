"""Numbers that wait to be logged, or were, in SQL (`stillroom.ports.Counters`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import raises, refusals
from stillroom.adapters.sql_store.upsert import put

if TYPE_CHECKING:
    from collections.abc import Mapping


_MORE = refusals.update().where(refusals.c.code == sa.bindparam("of")).values(waiting=refusals.c.waiting + sa.bindparam("more"))
_FIRST = refusals.insert()
_WAITING = refusals.select()
_SEEN = sa.select(raises.c.seen).where(raises.c.owner == sa.bindparam("of"), raises.c.population == sa.bindparam("among"))


class SqlCounters:
    """Refusals that wait to be logged, and caps that were seen."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def refused(self, code: str, number: int) -> int:
        """Count so many refusals; return how many of all codes wait to be logged."""
        if self._connection.execute(_MORE, {"of": code, "more": number}).rowcount == 0:
            self._connection.execute(_FIRST, {"code": code, "waiting": number})
        return sum(self.refusals().values())

    def refusals(self) -> Mapping[str, int]:
        """Return how many refusals of each code wait to be logged."""
        return {row.code: row.waiting for row in self._connection.execute(_WAITING)}

    def clear_refusals(self) -> None:
        """Start again from none, once they are logged."""
        self._connection.execute(refusals.delete())

    def raises(self, owner: str, population: str) -> int | None:
        """Return how often an account had got a cap when the room last looked; None if it never did."""
        return self._connection.execute(_SEEN, {"of": owner, "among": population}).scalar_one_or_none()

    def keep_raises(self, owner: str, population: str, count: int) -> None:
        """Take note of that number."""
        put(self._connection, raises, owner=owner, population=population, seen=count)
