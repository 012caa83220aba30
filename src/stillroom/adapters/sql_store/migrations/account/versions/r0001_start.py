"""Tables of an owner's accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        sa.Column("population", TEXT, nullable=False),
        sa.Column("cap_rho", sa.BigInteger(), nullable=False),
        sa.Column("cap_delta", sa.BigInteger(), nullable=False),
        sa.Column("held_rho", sa.BigInteger(), nullable=False),
        sa.Column("held_delta", sa.BigInteger(), nullable=False),
        sa.Column("spent_rho", sa.BigInteger(), nullable=False),
        sa.Column("spent_delta", sa.BigInteger(), nullable=False),
        sa.Column("raises", sa.Integer(), nullable=False),
        sa.CheckConstraint("held_rho + spent_rho <= cap_rho AND held_delta + spent_delta <= cap_delta", name="within_cap"),
        sa.CheckConstraint("held_rho >= 0 AND held_delta >= 0 AND spent_rho >= 0 AND spent_delta >= 0", name="not_negative"),
        sa.PrimaryKeyConstraint("population"),
    )
    op.create_table(
        "holds",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reservation", TEXT, nullable=False),
        sa.Column("population", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=True),
        sa.Column("charge_rho", sa.BigInteger(), nullable=False),
        sa.Column("charge_delta", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("held", sa.LargeBinary(), nullable=True),
        sa.Column("lapsed", sa.LargeBinary(), nullable=True),
        sa.Column("release", TEXT, nullable=True),
        sa.CheckConstraint("state IN ('held', 'committed', 'lapsed')", name="state_known"),
        sa.CheckConstraint("charge_rho >= 0 AND charge_delta >= 0", name="charge_not_negative"),
        sa.CheckConstraint("release IS NULL OR state = 'committed'", name="only_a_commit_is_answered"),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("reservation", "population", name="one_hold_for_a_reservation"),
    )
