"""Whose share a hold is of, where a contract alone approves it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Add the column; holds from before are of nobody's share."""
    op.add_column("holds", sa.Column("spender", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True))
