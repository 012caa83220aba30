"""The log in SQL (`stillroom.ports.LogBook`): leaves, the frontier of their tree, signed notes of its head, and signed statements."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import checkpoints, frontier, log, statements
from stillroom.crypto.merkle import Frontier, leaf_hash


class SqlLog:
    """The leaves of the log and its head."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def append(self, leaf: bytes) -> int:
        """Append a leaf and return its index."""
        before = self.frontier()
        after = before.append(leaf_hash(leaf))
        self._connection.execute(log.insert().values(position=before.size, leaf=leaf))
        self._connection.execute(frontier.delete())
        self._connection.execute(frontier.insert().values(one=1, size=after.size, nodes=after.to_hex()))
        return before.size

    def keep_statement(self, digest: str, envelope: bytes) -> None:
        """Keep a signed envelope under its digest."""
        if self.statement(digest) is None:
            self._connection.execute(statements.insert().values(digest=digest, envelope=envelope))

    def statement(self, digest: str) -> bytes | None:
        """Return a signed envelope by its digest."""
        return self._connection.execute(sa.select(statements.c.envelope).where(statements.c.digest == digest)).scalar_one_or_none()

    def frontier(self) -> Frontier:
        """Return what is needed to append and to know the root."""
        row = self._connection.execute(frontier.select()).one_or_none()
        return Frontier() if row is None else Frontier.from_hex(row.size, row.nodes)

    def leaves(self, start: int = 0) -> tuple[bytes, ...]:
        """Return the leaves from an index on."""
        found = sa.select(log.c.leaf).where(log.c.position >= start).order_by(log.c.position)
        return tuple(self._connection.execute(found).scalars())

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the head of that size."""
        self._connection.execute(checkpoints.delete().where(checkpoints.c.size == size))
        self._connection.execute(checkpoints.insert().values(size=size, note=note))

    def checkpoint(self) -> bytes | None:
        """Return the latest signed note."""
        found = sa.select(checkpoints.c.note).order_by(checkpoints.c.size.desc()).limit(1)
        return self._connection.execute(found).scalar_one_or_none()
