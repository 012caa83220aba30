"""Databases: durable settings, migrations, and rules that hold whoever writes."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import stat
import weakref
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from stillroom.adapters.sql_store.account_tables import ACCOUNT
from stillroom.adapters.sql_store.database import BUSY_SECONDS, Schema, create_database, open_database
from stillroom.adapters.sql_store.room_tables import ROOM
from stillroom.adapters.sql_store.store import create_store
from stillroom.errors import Code, Failed
from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.record import RunRecord, RunState

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.sql_store.database import Database

SCHEMAS = pytest.mark.parametrize("schema", [ROOM, ACCOUNT], ids=lambda schema: schema.name)
DIGEST = "sha256:" + "0" * 64


def pragma(database: Database, name: str) -> object:
    with database.transaction(write=False) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@SCHEMAS
def test_a_database_is_its_users_alone_and_set_up_for_durability(tmp_path: Path, schema: Schema) -> None:
    database = create_database(tmp_path / "a.sqlite", schema)
    assert stat.S_IMODE((tmp_path / "a.sqlite").stat().st_mode) == 0o600
    extra = 3
    assert pragma(database, "synchronous") == extra
    assert pragma(database, "journal_mode") == "delete"
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "busy_timeout") == BUSY_SECONDS * 1000
    with pytest.raises(FileExistsError):
        create_database(tmp_path / "a.sqlite", schema)


@SCHEMAS
def test_migrations_lead_to_the_tables_that_the_code_uses(tmp_path: Path, schema: Schema) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = create_database(tmp_path / "a.sqlite", schema)
    with database.transaction(write=False) as connection:
        migration = MigrationContext.configure(connection)
        assert migration.get_current_revision() == schema.head
        assert compare_metadata(migration, schema.tables) == []
        made = {(name, rule["sqltext"]) for name in schema.tables.tables for rule in sa.inspect(connection).get_check_constraints(name)}
    declared = {
        (table.name, str(rule.sqltext))
        for table in schema.tables.tables.values()
        for rule in table.constraints
        if isinstance(rule, sa.CheckConstraint)
    }
    assert made == declared


def test_a_database_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    def code(action: str) -> Code:
        with pytest.raises(Failed) as caught:
            open_database(tmp_path / action, ROOM)
        return caught.value.code

    assert code("missing") is Code.STORE_FAILED
    (tmp_path / "damaged").write_bytes(b"not a database, but long enough to look at " * 100)
    assert code("damaged") is Code.STORE_FAILED
    create_database(tmp_path / "later", ROOM)
    with sqlite3.connect(tmp_path / "later") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
    connection.close()
    assert code("later") is Code.STORE_FAILED


def test_a_database_whose_making_was_interrupted_is_made_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").touch()
    database = open_database(tmp_path / "a.sqlite", ROOM)
    with database.transaction(write=False) as connection:
        assert sa.inspect(connection).has_table("releases")


def test_a_file_that_was_put_back_is_the_one_that_is_read(tmp_path: Path) -> None:
    """A connection that was kept would read, and write, a file that has no name any more."""
    store = create_store(tmp_path / "a.sqlite")
    shutil.copy(tmp_path / "a.sqlite", tmp_path / "backup")
    with store.writing() as records:
        records.log.append(b"leaf")
    (tmp_path / "backup").rename(tmp_path / "a.sqlite")
    with store.reading() as records:
        assert records.log.leaves() == ()


def test_a_process_does_not_use_what_it_inherits(tmp_path: Path) -> None:
    """SQLite forbids it (sqlite.org/howtocorrupt.html, section 2.6)."""
    database = create_database(tmp_path / "a.sqlite", ROOM)

    def connection() -> int:
        with database.transaction(write=False) as opened:
            return id(opened.connection.dbapi_connection)

    kept = connection()
    assert connection() == kept
    child = os.fork()
    if child == 0:
        os._exit(0 if connection() != kept else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert connection() == kept


def test_a_database_that_nobody_uses_is_closed(tmp_path: Path) -> None:
    database = create_database(tmp_path / "a.sqlite", ROOM)
    remembered = weakref.ref(database)
    del database
    gc.collect()
    assert remembered() is None


def test_a_transaction_that_ends_with_an_error_changes_nothing(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.sqlite")

    def fail() -> None:
        with store.writing() as records:
            records.log.append(b"leaf")
            records.balances.open("study", Charge(rho=1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with store.reading() as records:
        assert records.log.leaves() == ()
        assert records.log.frontier().size == 0
        assert records.balances.tally("study").cap == Charge(rho=0)


def test_no_statement_gets_past_the_cap(tmp_path: Path) -> None:
    database = create_database(tmp_path / "a.sqlite", ROOM)
    for change in ("INSERT INTO balances VALUES ('a', 10, 0, 11, 0)", "INSERT INTO balances VALUES ('a', 10, 0, -1, 0)"):
        with pytest.raises(Failed), database.transaction(write=True) as connection:
            connection.exec_driver_sql(change)
    accounts = create_database(tmp_path / "b.sqlite", ACCOUNT)
    for held, spent in ((6, 5), (-1, 0), (0, -1)):
        with pytest.raises(Failed), accounts.transaction(write=True) as connection:
            connection.exec_driver_sql(f"INSERT INTO accounts VALUES ('people', 10, 0, {held}, 0, {spent}, 0, 0)")


@pytest.mark.parametrize(("rho", "delta", "taken"), [(10, 5, True), (11, 0, False), (0, 6, False)])
def test_spending_is_conditional_in_rho_and_in_delta(tmp_path: Path, rho: int, delta: int, taken: bool) -> None:  # noqa: FBT001
    charge, nothing, cap = Charge(rho=rho, delta=delta), Charge(rho=0), Charge(rho=10, delta=5)
    with create_store(tmp_path / "a.sqlite").writing() as records:
        assert records.balances.open("study", cap)
        assert records.balances.spend("study", charge) is taken
        assert records.balances.tally("study").spent == (charge if taken else nothing)
        assert records.balances.spend_as("study", "ann", charge, cap) is taken
        assert records.balances.spent_as("study", "ann") == (charge if taken else nothing)
        assert not records.balances.spend("unknown", Charge(rho=0))


def test_a_cap_is_opened_at_what_is_spent_and_not_below(tmp_path: Path) -> None:
    with create_store(tmp_path / "a.sqlite").writing() as records:
        records.balances.open("study", Charge(rho=10))
        records.balances.spend("study", Charge(rho=6))
        assert not records.balances.open("study", Charge(rho=5))
        assert records.balances.open("study", Charge(rho=6))
        assert not records.balances.spend("study", Charge(rho=1))


def run(attempt: int, state: RunState = RunState.OPEN) -> RunRecord:
    return RunRecord(
        reservation=f"r{attempt}",
        run=DIGEST,
        attempt=attempt,
        state=state,
        contract=DIGEST,
        plan=DIGEST,
        versions={"members": 3},
        accounts=(("hospital", "people"),),
        charge=Charge(rho=5),
        asked_by="insurer",
        opened_at=1.5,
    )


def test_a_run_has_one_live_attempt_and_its_state_moves_once(tmp_path: Path) -> None:
    from stillroom.model.record import Commitment, ContractRecord, ContractState

    store = create_store(tmp_path / "a.sqlite")
    with store.writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST, envelope=b"{}", state=ContractState.ACTIVE))
        records.runs.add(run(1))
        assert records.runs.get("r1") == records.runs.last(DIGEST) == run(1)
    with pytest.raises(Failed), store.writing() as records:
        records.runs.add(run(2))
    with pytest.raises(Failed), store.writing() as records:
        records.runs.advance(run(1, RunState.COMMITTED), RunState.OPEN)
    done = run(1, RunState.COMMITTED).model_copy(update={"commitment": Commitment(index=7, spent_before=Charge(rho=2))})
    with store.writing() as records:
        assert records.runs.advance(done, RunState.OPEN)
        assert not records.runs.advance(run(1, RunState.LAPSED), RunState.OPEN)
        assert records.runs.get("r1") == done
        assert records.runs.unsettled() == (done,)
        records.runs.settle("r1", RunState.OPEN)
        assert records.runs.unsettled() == (done,)
        records.runs.settle("r1", RunState.COMMITTED)
        assert records.runs.unsettled() == ()


def test_only_one_contract_is_in_force(tmp_path: Path) -> None:
    from stillroom.model.record import ContractRecord, ContractState

    store = create_store(tmp_path / "a.sqlite")
    with store.writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST, envelope=b"{}", state=ContractState.ACTIVE))
    with pytest.raises(Failed), store.writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST.replace("0", "1"), envelope=b"{}", state=ContractState.ACTIVE))


def test_the_latest_decision_and_the_first_question_are_kept(tmp_path: Path) -> None:
    from stillroom.model.record import ContractRecord, ContractState

    with create_store(tmp_path / "a.sqlite").writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST, envelope=b"{}", state=ContractState.ACTIVE))
        for decision in Decision:
            records.approvals.decide(DIGEST, "plan", "hospital", decision.encode())
            records.approvals.ask(DIGEST, "plan", decision.encode())
        assert records.approvals.decisions(DIGEST, "plan") == (b"rejected",)
        assert records.approvals.questions(DIGEST) == (records.approvals.question(DIGEST, "plan"),) == (b"approved",)
