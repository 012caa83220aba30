"""What a hold pays for, and under which contract."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; what holds from before are for, nobody has written down."""
    op.add_column("holds", sa.Column("run", TEXT, nullable=True))
    op.add_column("holds", sa.Column("contract", TEXT, nullable=True))
