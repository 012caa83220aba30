"""Tables of a room."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.columns import TEXT, charge_columns, one_of
from stillroom.adapters.sql_store.database import Schema
from stillroom.model.record import ContractState, JobState, RunState

tables = sa.MetaData()

contracts = sa.Table(
    "contracts",
    tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("digest", TEXT, nullable=False, unique=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    one_of("state", ContractState),
)
_in_force = contracts.c.state == ContractState.ACTIVE.value
sa.Index("one_contract_in_force", contracts.c.state, unique=True, sqlite_where=_in_force, postgresql_where=_in_force)

balances = sa.Table(
    "balances",
    tables,
    sa.Column("contract", TEXT, primary_key=True),
    *charge_columns("cap"),
    *charge_columns("spent"),
    sa.CheckConstraint("spent_rho >= 0 AND spent_delta >= 0", name="not_negative"),
    sa.CheckConstraint("spent_rho <= cap_rho AND spent_delta <= cap_delta", name="within_cap"),
)

analysts = sa.Table(
    "analysts",
    tables,
    sa.Column("contract", TEXT, sa.ForeignKey("balances.contract"), primary_key=True),
    sa.Column("analyst", TEXT, primary_key=True),
    *charge_columns("spent"),
    sa.CheckConstraint("spent_rho >= 0 AND spent_delta >= 0", name="not_negative"),
)

versions = sa.Table(
    "versions",
    tables,
    sa.Column("dataset", TEXT, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("section", TEXT, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.CheckConstraint("version >= 1", name="counted_from_one"),
)

questions = sa.Table(
    "questions",
    tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("contract", TEXT, sa.ForeignKey("contracts.digest"), nullable=False),
    sa.Column("plan", TEXT, nullable=False),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("contract", "plan", name="one_question_for_a_plan"),
)

decisions = sa.Table(
    "decisions",
    tables,
    sa.Column("contract", TEXT, sa.ForeignKey("contracts.digest"), primary_key=True),
    sa.Column("plan", TEXT, primary_key=True),
    sa.Column("party", TEXT, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

runs = sa.Table(
    "runs",
    tables,
    sa.Column("reservation", TEXT, primary_key=True),
    sa.Column("run", TEXT, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("contract", TEXT, sa.ForeignKey("contracts.digest"), nullable=False),
    sa.Column("plan", TEXT, nullable=False),
    sa.Column("versions", sa.JSON, nullable=False),
    sa.Column("accounts", sa.JSON, nullable=False),
    *charge_columns("charge"),
    sa.Column("asked_by", TEXT, nullable=False),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("commit_index", sa.BigInteger, nullable=True),
    *charge_columns("before", nullable=True),
    sa.UniqueConstraint("run", "attempt", name="one_record_for_an_attempt"),
    one_of("state", RunState),
    sa.CheckConstraint("(state IN ('committed', 'released')) = (commit_index IS NOT NULL)", name="commit_is_logged"),
    sa.CheckConstraint("charge_rho >= 0 AND charge_delta >= 0", name="not_negative"),
)
_live = runs.c.state != RunState.LAPSED.value
sa.Index("one_live_attempt", runs.c.run, unique=True, sqlite_where=_live, postgresql_where=_live)

releases = sa.Table(
    "releases",
    tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("reservation", TEXT, sa.ForeignKey("runs.reservation"), nullable=False, unique=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

log = sa.Table(
    "log",
    tables,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
)

subtrees = sa.Table(
    "subtrees",
    tables,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("level >= 1", name="above_the_leaves"),
)

statements = sa.Table(
    "statements",
    tables,
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

frontier = sa.Table(
    "frontier",
    tables,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("nodes", sa.JSON, nullable=False),
    sa.CheckConstraint("one = 1", name="one_head"),
)

checkpoints = sa.Table(
    "checkpoints",
    tables,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
)

cosignatures = sa.Table(
    "cosignatures",
    tables,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("party", TEXT, primary_key=True),
    sa.Column("line", TEXT, nullable=False),
)

refusals = sa.Table(
    "refusals",
    tables,
    sa.Column("code", TEXT, primary_key=True),
    sa.Column("waiting", sa.BigInteger, nullable=False),
    sa.CheckConstraint("waiting > 0", name="positive"),
)

raises = sa.Table(
    "raises",
    tables,
    sa.Column("owner", TEXT, primary_key=True),
    sa.Column("population", TEXT, primary_key=True),
    sa.Column("seen", sa.BigInteger, nullable=False),
)

parties = sa.Table(
    "parties",
    tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("key", TEXT, nullable=False, unique=True),
    sa.Column("party", TEXT, nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False),
)

jobs = sa.Table(
    "jobs",
    tables,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("job", TEXT, nullable=False, unique=True),
    sa.Column("party", TEXT, nullable=False),
    sa.Column("question", sa.LargeBinary, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("lease", sa.Float, nullable=False),
    sa.Column("reservation", TEXT, nullable=True),
    sa.Column("fresh", sa.Boolean, nullable=False),
    sa.Column("problem", sa.JSON, nullable=True),
    sa.Column("cancelled", sa.Boolean, nullable=False, server_default=sa.false()),
    one_of("state", JobState),
)

consents = sa.Table(
    "consents",
    tables,
    sa.Column("party", TEXT, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

pauses = sa.Table(
    "pauses",
    tables,
    sa.Column("pause", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ended", sa.Boolean, nullable=False),
)

pause_words = sa.Table(
    "pause_words",
    tables,
    sa.Column("pause", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("party", TEXT, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
)

ROOM = Schema("room", tables, "r0006")
