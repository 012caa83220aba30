"""Tables of an owner's accounts. They live in the owner's home and outlive rooms, files and dataset names."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.columns import TEXT, charge_columns, one_of
from stillroom.adapters.sql_store.database import Schema
from stillroom.ledger.account import Standing

tables = sa.MetaData()

accounts = sa.Table(
    "accounts",
    tables,
    sa.Column("population", TEXT, primary_key=True),
    *charge_columns("cap"),
    *charge_columns("held"),
    *charge_columns("spent"),
    sa.Column("raises", sa.Integer, nullable=False),
    sa.CheckConstraint("held_rho >= 0 AND held_delta >= 0 AND spent_rho >= 0 AND spent_delta >= 0", name="not_negative"),
    sa.CheckConstraint("held_rho + spent_rho <= cap_rho AND held_delta + spent_delta <= cap_delta", name="within_cap"),
)

holds = sa.Table(
    "holds",
    tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("reservation", TEXT, nullable=False),
    sa.Column("population", TEXT, nullable=False),
    sa.Column("room", TEXT, nullable=True),
    *charge_columns("charge"),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("held", sa.LargeBinary, nullable=True),
    sa.Column("lapsed", sa.LargeBinary, nullable=True),
    sa.Column("release", TEXT, nullable=True),
    sa.Column("run", TEXT, nullable=True),
    sa.Column("contract", TEXT, nullable=True),
    sa.Column("spender", TEXT, nullable=True),
    sa.UniqueConstraint("reservation", "population", name="one_hold_for_a_reservation"),
    one_of("state", Standing),
    sa.CheckConstraint("charge_rho >= 0 AND charge_delta >= 0", name="charge_not_negative"),
    sa.CheckConstraint("release IS NULL OR state = 'committed'", name="only_a_commit_is_answered"),
)

ACCOUNT = Schema("account", tables, "r0003")
