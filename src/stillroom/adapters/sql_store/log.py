"""The log in SQL (`stillroom.ports.LogBook`): leaves, hashes of their tree, signed notes of its head, and signed statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import checkpoints, cosignatures, frontier, log, statements, subtrees
from stillroom.adapters.sql_store.stored import stored
from stillroom.adapters.sql_store.upsert import put, put_first
from stillroom.crypto.merkle import Frontier, leaf_hash, root
from stillroom.crypto.tiles import below, completed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        self._keep_subtrees(before.size, after.size)
        return after

    def keep_statements(self, envelopes: Mapping[str, bytes]) -> None:
        """Keep signed envelopes, one at least, each under its digest."""
        put_first(self._connection, statements, *({"digest": name, "envelope": envelope} for name, envelope in envelopes.items()))

    def statement(self, digest: str) -> bytes | None:
        """Return a signed envelope by its digest."""
        return self._connection.execute(_STATEMENT, {"named": digest}).scalar_one_or_none()

    def frontier(self) -> Frontier:
        """Return what is needed to append and to know the root."""
        row = self._connection.execute(_FRONTIER).one_or_none()
        return Frontier() if row is None else Frontier.from_hex(row.size, row.nodes)

    def leaves(self, start: int = 0, stop: int | None = None) -> tuple[bytes, ...]:
        """Return the leaves from an index on, up to another one if it is given."""
        within = _LEAVES if stop is None else _LEAVES.where(log.c.position < stop)
        return tuple(self._connection.execute(within, {"start": start}).scalars())

    def hashes(self, level: int, places: range) -> tuple[bytes, ...]:
        """Return the hashes of a level of tiles at some places: roots of complete subtrees of 256**level leaves."""
        found = self._subtrees(level, places) if level else tuple(map(leaf_hash, self.leaves(places.start, places.stop)))
        with stored():
            if len(found) != len(places):
                msg = "the log has fewer hashes than its size says"
                raise ValueError(msg)
        return found

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the head of that size."""
        put(self._connection, checkpoints, size=size, note=note)

    def checkpoint(self, size: int | None = None) -> bytes | None:
        """Return the signed note of the head of that size, or the latest one; without cosignatures."""
        found = _CHECKPOINT if size is None else _CHECKPOINT.where(checkpoints.c.size == size)
        return self._connection.execute(found).scalar_one_or_none()

    def keep_cosignature(self, size: int, party: str, line: str) -> None:
        """Keep a party's signature line for the head of that size, in place of the one before."""
        put(self._connection, cosignatures, size=size, party=party, line=line)

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
