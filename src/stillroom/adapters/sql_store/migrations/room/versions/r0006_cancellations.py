"""Wishes to cancel runs, kept with the run. A server of before may go on writing meanwhile: what it asks for is not cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("jobs", sa.Column("cancelled", sa.Boolean(), nullable=False, server_default=sa.false()))
