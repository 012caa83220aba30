"""The log in SQL (`stillroom.ports.LogBook`): leaves, hashes of their tree, signed notes of its head, and signed statements."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import checkpoints, cosignatures, frontier, log, statements, subtrees
from stillroom.crypto.merkle import Frontier, leaf_hash, root
from stillroom.crypto.tiles import below, completed


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
        self._keep_subtrees(before.size, after.size)
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

    def leaves(self, start: int = 0, stop: int | None = None) -> tuple[bytes, ...]:
        """Return the leaves from an index on, up to another one if it is given."""
        found = sa.select(log.c.leaf).where(log.c.position >= start).order_by(log.c.position)
        within = found if stop is None else found.where(log.c.position < stop)
        return tuple(self._connection.execute(within).scalars())

    def hashes(self, level: int, places: range) -> tuple[bytes, ...]:
        """Return the hashes of a level of tiles at some places: roots of complete subtrees of 256**level leaves."""
        found = self._subtrees(level, places) if level else tuple(map(leaf_hash, self.leaves(places.start, places.stop)))
        if len(found) != len(places):
            msg = "the log has fewer hashes than its size says"
            raise ValueError(msg)
        return found

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the head of that size."""
        self._connection.execute(checkpoints.delete().where(checkpoints.c.size == size))
        self._connection.execute(checkpoints.insert().values(size=size, note=note))

    def checkpoint(self, size: int | None = None) -> bytes | None:
        """Return the signed note of the head of that size, or the latest one; without cosignatures."""
        latest = sa.select(checkpoints.c.note).order_by(checkpoints.c.size.desc()).limit(1)
        found = latest if size is None else latest.where(checkpoints.c.size == size)
        return self._connection.execute(found).scalar_one_or_none()

    def keep_cosignature(self, size: int, party: str, line: str) -> None:
        """Keep a party's signature line for the head of that size, in place of the one before."""
        mine = sa.and_(cosignatures.c.size == size, cosignatures.c.party == party)
        self._connection.execute(cosignatures.delete().where(mine))
        self._connection.execute(cosignatures.insert().values(size=size, party=party, line=line))

    def cosignatures(self, size: int) -> tuple[str, ...]:
        """Return the signature lines that are kept for the head of that size, by party."""
        found = sa.select(cosignatures.c.line).where(cosignatures.c.size == size).order_by(cosignatures.c.party)
        return tuple(self._connection.execute(found).scalars())

    def cosigned(self) -> tuple[int, ...]:
        """Return the sizes of the heads that are the last ones that a party has cosigned, in rising order."""
        last = sa.select(sa.func.max(cosignatures.c.size)).group_by(cosignatures.c.party)
        return tuple(sorted(set(self._connection.execute(last).scalars())))

    def _subtrees(self, level: int, places: range) -> tuple[bytes, ...]:
        there = sa.and_(subtrees.c.level == level, subtrees.c.position >= places.start, subtrees.c.position < places.stop)
        return tuple(self._connection.execute(sa.select(subtrees.c.root).where(there).order_by(subtrees.c.position)).scalars())

    def _keep_subtrees(self, before: int, after: int) -> None:
        """Keep the hashes above the leaves that the log has gained by growing from one size to another."""
        for level, position in completed(before, after):
            values = {"level": level, "position": position, "root": root(self.hashes(level - 1, below(position)))}
            self._connection.execute(subtrees.insert().values(values))
