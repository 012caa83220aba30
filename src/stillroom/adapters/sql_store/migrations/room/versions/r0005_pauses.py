"""Pauses of the room; and parties' names beside consents are ordered by their bytes, as they are everywhere else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables. SQLite orders all text by its bytes."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("consents", "party", type_=TEXT)
    op.create_table(
        "pauses",
        sa.Column("pause", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pause"),
    )
    op.create_table(
        "pause_words",
        sa.Column("pause", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pause", "party"),
    )
