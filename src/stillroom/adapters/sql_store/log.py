"""The log in SQL (`stillroom.ports.LogBook`): leaves, the frontier of their tree, signed notes of its head, and signed statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import checkpoints, frontier, log, statements
from stillroom.adapters.sql_store.upsert import put, put_first
from stillroom.crypto.merkle import Frontier, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

_APPEND = log.insert()
_STATEMENT = sa.select(statements.c.envelope).where(statements.c.digest == sa.bindparam("named"))
_FRONTIER = frontier.select()
_LEAVES = sa.select(log.c.leaf).where(log.c.position >= sa.bindparam("start")).order_by(log.c.position)
_CHECKPOINT = sa.select(checkpoints.c.note).order_by(checkpoints.c.size.desc()).limit(1)


class SqlLog:
    """The leaves of the log and its head."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def append(self, leaves: Sequence[bytes]) -> Frontier:
        """Append leaves, in order, and return what `frontier` returns from now on."""
        before = after = self.frontier()
        for leaf in leaves:
            after = after.append(leaf_hash(leaf))
        self._connection.execute(_APPEND, [{"position": before.size + place, "leaf": leaf} for place, leaf in enumerate(leaves)])
        put(self._connection, frontier, one=1, size=after.size, nodes=after.to_hex())
        return after

    def keep_statement(self, digest: str, envelope: bytes) -> None:
        """Keep a signed envelope under its digest."""
        put_first(self._connection, statements, digest=digest, envelope=envelope)

    def statement(self, digest: str) -> bytes | None:
        """Return a signed envelope by its digest."""
        return self._connection.execute(_STATEMENT, {"named": digest}).scalar_one_or_none()

    def frontier(self) -> Frontier:
        """Return what is needed to append and to know the root."""
        row = self._connection.execute(_FRONTIER).one_or_none()
        return Frontier() if row is None else Frontier.from_hex(row.size, row.nodes)

    def leaves(self, start: int = 0) -> tuple[bytes, ...]:
        """Return the leaves from an index on."""
        return tuple(self._connection.execute(_LEAVES, {"start": start}).scalars())

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the head of that size."""
        put(self._connection, checkpoints, size=size, note=note)

    def checkpoint(self) -> bytes | None:
        """Return the latest signed note."""
        return self._connection.execute(_CHECKPOINT).scalar_one_or_none()
