"""Tables of a room."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _contracts()
    _said()
    _runs()
    _log()


def _contracts() -> None:
    """Contracts and their accounts."""
    op.create_table(
        "contracts",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.CheckConstraint("state IN ('pending', 'active', 'replaced')", name="state_known"),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("digest"),
    )
    condition = sa.text("state = 'active'")
    op.create_index("one_contract_in_force", "contracts", ["state"], unique=True, sqlite_where=condition, postgresql_where=condition)
    op.create_table(
        "balances",
        sa.Column("contract", TEXT, nullable=False),
        sa.Column("cap_rho", sa.BigInteger(), nullable=False),
        sa.Column("cap_delta", sa.BigInteger(), nullable=False),
        sa.Column("spent_rho", sa.BigInteger(), nullable=False),
        sa.Column("spent_delta", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("spent_rho <= cap_rho AND spent_delta <= cap_delta", name="within_cap"),
        sa.CheckConstraint("spent_rho >= 0 AND spent_delta >= 0", name="not_negative"),
        sa.PrimaryKeyConstraint("contract"),
    )
    op.create_table(
        "analysts",
        sa.Column("contract", TEXT, nullable=False),
        sa.Column("analyst", TEXT, nullable=False),
        sa.Column("spent_rho", sa.BigInteger(), nullable=False),
        sa.Column("spent_delta", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("spent_rho >= 0 AND spent_delta >= 0", name="not_negative"),
        sa.ForeignKeyConstraint(
            ["contract"],
            ["balances.contract"],
        ),
        sa.PrimaryKeyConstraint("contract", "analyst"),
    )


def _said() -> None:
    """What parties have said about data, questions and plans."""
    op.create_table(
        "versions",
        sa.Column("dataset", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("section", TEXT, nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.CheckConstraint("version >= 1", name="counted_from_one"),
        sa.PrimaryKeyConstraint("dataset"),
    )
    op.create_table(
        "questions",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contract", TEXT, nullable=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract"],
            ["contracts.digest"],
        ),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("contract", "plan", name="one_question_for_a_plan"),
    )
    op.create_table(
        "decisions",
        sa.Column("contract", TEXT, nullable=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract"],
            ["contracts.digest"],
        ),
        sa.PrimaryKeyConstraint("contract", "plan", "party"),
    )


def _runs() -> None:
    """Reservations and releases."""
    op.create_table(
        "runs",
        sa.Column("reservation", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("contract", TEXT, nullable=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("accounts", sa.JSON(), nullable=False),
        sa.Column("charge_rho", sa.BigInteger(), nullable=False),
        sa.Column("charge_delta", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("commit_index", sa.BigInteger(), nullable=True),
        sa.Column("before_rho", sa.BigInteger(), nullable=True),
        sa.Column("before_delta", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state IN ('committed', 'released')) = (commit_index IS NOT NULL)", name="commit_is_logged"),
        sa.CheckConstraint("state IN ('open', 'committed', 'lapsed', 'released')", name="state_known"),
        sa.CheckConstraint("charge_rho >= 0 AND charge_delta >= 0", name="not_negative"),
        sa.ForeignKeyConstraint(
            ["contract"],
            ["contracts.digest"],
        ),
        sa.PrimaryKeyConstraint("reservation"),
        sa.UniqueConstraint("run", "attempt", name="one_record_for_an_attempt"),
    )
    condition = sa.text("state != 'lapsed'")
    op.create_index("one_live_attempt", "runs", ["run"], unique=True, sqlite_where=condition, postgresql_where=condition)
    op.create_table(
        "releases",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reservation", TEXT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reservation"],
            ["runs.reservation"],
        ),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("reservation"),
    )


def _log() -> None:
    """The log, and what waits for it."""
    op.create_table(
        "log",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "statements",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "frontier",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("nodes", sa.JSON(), nullable=False),
        sa.CheckConstraint("one = 1", name="one_head"),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "refusals",
        sa.Column("code", TEXT, nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("waiting > 0", name="positive"),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "raises",
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("population", TEXT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "population"),
    )
