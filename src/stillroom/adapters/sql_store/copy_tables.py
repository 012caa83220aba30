"""Tables of a copy of a room's log. It lives in a party's home, and can be read from the room anew."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.columns import TEXT
from stillroom.adapters.sql_store.database import Schema

tables = sa.MetaData()

entries = sa.Table(
    "entries",
    tables,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Index("entries_of_a_kind", "kind", "position"),
)

hashes = sa.Table(
    "hashes",
    tables,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
)

envelopes = sa.Table(
    "envelopes",
    tables,
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

standing = sa.Table(
    "standing",
    tables,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("nodes", sa.JSON, nullable=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("one = 1", name="one_standing"),
)

COPY = Schema("copy", tables, "r0001")
