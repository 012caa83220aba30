"""A copy of a room's log in SQL: its entries, the hashes of their tree, and the signed head that they are shown to belong to.

It only grows. Whoever keeps something in it has verified that before (`stillroom.adapters.home.log_copy`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.copied import Leaf
from stillroom.adapters.sql_store.copy_tables import COPY, entries, envelopes, hashes, standing
from stillroom.adapters.sql_store.sqlite_file import create_database, open_database
from stillroom.adapters.sql_store.stored import stored
from stillroom.adapters.sql_store.upsert import put, put_first
from stillroom.crypto.merkle import Frontier, leaf_hash, root
from stillroom.crypto.tiles import below, completed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from stillroom.adapters.copied import Span
    from stillroom.adapters.sql_store.database import Database


class SqlLogCopy:
    """The entries that a party has read of a room's log."""

    def __init__(self, database: Database) -> None:
        """Use `log_copy_at`."""
        self._database = database

    def standing(self) -> tuple[Frontier, bytes | None]:
        """Return how far it goes, and the signed note of the head that it was shown to be the beginning of; nothing if it is empty."""
        with self._database.transaction(write=False) as connection:
            row = connection.execute(standing.select()).one_or_none()
        return (Frontier(), None) if row is None else (Frontier.from_hex(row.size, row.nodes), bytes(row.note))

    def keep(self, leaves: Sequence[Leaf], after: Frontier, note: bytes, named: Mapping[str, bytes]) -> None:
        """Keep the next entries, all or none.

        Args:
            leaves: The entries, in order.
            after: The tree with them.
            note: The signed note of the head that they are shown to belong to.
            named: Signed envelopes that they name, by digest.
        """
        with self._database.transaction(write=True) as connection:
            if leaves:
                connection.execute(entries.insert(), [{"position": one.position, "kind": one.kind, "leaf": one.leaf} for one in leaves])
                rows = [{"level": 0, "position": one.position, "root": leaf_hash(one.leaf)} for one in leaves]
                connection.execute(hashes.insert(), rows)
            for level, place in completed(after.size - len(leaves), after.size):
                values = {"level": level, "position": place, "root": root(_hashes(connection, level - 1, below(place)))}
                connection.execute(hashes.insert().values(values))
            if named:
                put_first(connection, envelopes, *({"digest": digest, "envelope": envelope} for digest, envelope in named.items()))
            put(connection, standing, one=1, size=after.size, nodes=after.to_hex(), note=note)

    def hashes(self, level: int, places: range) -> tuple[bytes, ...]:
        """Return the hashes of a level of tiles at some places (`stillroom.crypto.tile_proofs.Hashes`)."""
        with self._database.transaction(write=False) as connection:
            return _hashes(connection, level, places)

    def found(self, span: Span, most: int | None = None, *, latest: bool = True) -> tuple[Leaf, ...]:
        """Return entries, in falling order of index.

        Args:
            span: Which.
            most: So many at most; all if left out.
            latest: Whether to return the latest of them where there are more, or else the earliest.
        """
        order = entries.c.position.desc() if latest else entries.c.position
        asked = sa.select(entries.c.position, entries.c.kind, entries.c.leaf).where(*_conditions(span)).order_by(order)
        with self._database.transaction(write=False) as connection:
            rows = connection.execute(asked if most is None else asked.limit(most)).all()
        return tuple(Leaf(row.position, row.kind, row.leaf) for row in (rows if latest else reversed(rows)))

    def count(self, span: Span) -> int:
        """Return how many entries there are."""
        with self._database.transaction(write=False) as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(entries).where(*_conditions(span))).scalar_one())

    def kinds(self) -> tuple[str, ...]:
        """Return which kinds of entries there are, sorted."""
        with self._database.transaction(write=False) as connection:
            return tuple(connection.execute(sa.select(entries.c.kind).distinct().order_by(entries.c.kind)).scalars())

    def envelope(self, digest: str) -> bytes | None:
        """Return a signed envelope that an entry names, if it was shown beside it."""
        with self._database.transaction(write=False) as connection:
            return connection.execute(sa.select(envelopes.c.envelope).where(envelopes.c.digest == digest)).scalar_one_or_none()


def log_copy_at(path: Path) -> SqlLogCopy:
    """Open the copy in a file, which is made if it is not there.

    Raises:
        Failed: `STORE_FAILED` if it cannot be used.
    """
    with suppress(FileExistsError):
        return SqlLogCopy(create_database(path, COPY))
    return SqlLogCopy(open_database(path, COPY))


def _hashes(connection: sa.Connection, level: int, places: range) -> tuple[bytes, ...]:
    there = sa.and_(hashes.c.level == level, hashes.c.position >= places.start, hashes.c.position < places.stop)
    found = tuple(connection.execute(sa.select(hashes.c.root).where(there).order_by(hashes.c.position)).scalars())
    with stored():
        if len(found) != len(places):
            msg = "the copy has fewer hashes than its size says"
            raise ValueError(msg)
    return found


def _conditions(span: Span) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what an entry has to be. Words are looked for in the entry's text in small letters."""
    yield entries.c.position < (span.size if span.below is None else min(span.size, span.below))
    yield entries.c.position > span.above
    if span.kind:
        yield entries.c.kind == span.kind
    text = sa.func.lower(sa.cast(entries.c.leaf, sa.Text))
    yield from (sa.func.instr(text, word) > 0 for word in span.words)
