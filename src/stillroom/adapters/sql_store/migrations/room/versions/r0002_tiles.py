"""Hashes of the log above its leaves, and cosignatures of its heads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stillroom.crypto.merkle import leaf_hash, root
from stillroom.crypto.tiles import below, completed

revision = "r0002"
down_revision = "r0001"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")

log = sa.table("log", sa.column("position", sa.BigInteger), sa.column("leaf", sa.LargeBinary))
subtrees = sa.table("subtrees", sa.column("level", sa.Integer), sa.column("position", sa.BigInteger), sa.column("root", sa.LargeBinary))


def upgrade() -> None:
    """Make the tables, and keep the hashes of the log that is there."""
    op.create_table(
        "subtrees",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("level >= 1", name="above_the_leaves"),
        sa.PrimaryKeyConstraint("level", "position"),
    )
    op.create_table(
        "cosignatures",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("line", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("size", "party"),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    size = connection.execute(sa.select(sa.func.count()).select_from(log)).scalar_one()
    for level, position in completed(0, size):
        made_of = root(_hashes(connection, level - 1, below(position)))
        connection.execute(subtrees.insert().values(level=level, position=position, root=made_of))


def _hashes(connection: sa.Connection, level: int, places: range) -> list[bytes]:
    if level == 0:
        leaves = sa.select(log.c.leaf).where(log.c.position >= places.start, log.c.position < places.stop).order_by(log.c.position)
        return [leaf_hash(leaf) for leaf in connection.execute(leaves).scalars()]
    there = sa.and_(subtrees.c.level == level, subtrees.c.position >= places.start, subtrees.c.position < places.stop)
    return list(connection.execute(sa.select(subtrees.c.root).where(there).order_by(subtrees.c.position)).scalars())
