"""Databases: durable settings, migrations, and rules that hold whoever writes."""

from __future__ import annotations

import gc
import os
import shutil
import stat
import threading
import time
import traceback
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from stillroom.adapters.sql_store.account_tables import ACCOUNT
from stillroom.adapters.sql_store.copy_tables import COPY
from stillroom.adapters.sql_store.database import BUSY_SECONDS, Schema
from stillroom.adapters.sql_store.room_tables import ROOM
from stillroom.adapters.sql_store.sqlite_file import create_database, open_database
from stillroom.adapters.sql_store.store import create_store
from stillroom.crypto.merkle import Frontier, leaf_hash
from stillroom.errors import Code, Failed
from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.record import DataRecord, RunRecord, RunState
from tests.children import FORKS, kill, start
from tests.servers import PASSWORD
from tests.stores import created, created_database, on_server, open_together, opened, opened_database, write_until_killed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy.engine.interfaces import ReflectedIndex

    from stillroom.adapters.sql_store.database import Database
    from stillroom.ports import Records, Store

SCHEMAS = pytest.mark.parametrize("schema", [ROOM, ACCOUNT, COPY], ids=lambda schema: schema.name)
DIGEST = "sha256:" + "0" * 64


def pragma(database: Database, name: str) -> object:
    with database.transaction(write=False) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def code_of(action: Callable[[], object]) -> Code:
    """Return the code of a failure."""
    with pytest.raises(Failed) as caught:
        action()
    return caught.value.code


@SCHEMAS
def test_a_file_is_its_users_alone_and_set_up_for_durability(tmp_path: Path, schema: Schema) -> None:
    database = create_database(tmp_path / "a.sqlite", schema)
    assert stat.S_IMODE((tmp_path / "a.sqlite").stat().st_mode) == 0o600
    extra = 3
    assert pragma(database, "synchronous") == extra
    assert pragma(database, "journal_mode") == "delete"
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "busy_timeout") == BUSY_SECONDS * 1000


@SCHEMAS
def test_what_is_there_is_not_made_again(place: str, schema: Schema) -> None:
    database = created_database(place, schema)
    with pytest.raises(FileExistsError):
        created_database(place, schema)
    with database.transaction(write=False) as connection:
        assert sa.inspect(connection).has_table("alembic_version")


@SCHEMAS
def test_migrations_lead_to_the_tables_that_the_code_uses(place: str, schema: Schema) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = created_database(place, schema)
    with database.transaction(write=False) as connection:
        migration = MigrationContext.configure(connection)
        assert migration.get_current_revision() == schema.head
        assert compare_metadata(migration, schema.tables) == []
        rules = [(name, rule) for name in schema.tables.tables for rule in sa.inspect(connection).get_check_constraints(name)]
        filters = {index["name"] for name in schema.tables.tables for index in sa.inspect(connection).get_indexes(name) if _part(index)}
    declared = [
        (table.name, rule) for table in schema.tables.tables.values() for rule in table.constraints if isinstance(rule, sa.CheckConstraint)
    ]
    assert sorted((table, str(rule["name"])) for table, rule in rules) == sorted((table, str(rule.name)) for table, rule in declared)
    if not on_server(place):  # which keeps rules in words of its own
        assert {(table, rule["sqltext"]) for table, rule in rules} == {(table, str(rule.sqltext)) for table, rule in declared}
    assert filters == ({"one_contract_in_force", "one_live_attempt"} if schema is ROOM else set())


def _part(index: ReflectedIndex) -> bool:
    """Tell whether an index is of some rows only."""
    return any(name.endswith("_where") for name in index.get("dialect_options", {}))


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(b"not a database, but long enough to look at " * 100)
    for name in ("missing", "damaged"):
        assert code_of(lambda name=name: open_database(tmp_path / name, ROOM)) is Code.STORE_FAILED  # type: ignore[misc]


def test_a_database_of_a_later_version_is_left_alone(place: str) -> None:
    with created_database(place, ROOM).transaction(write=True) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'r9999'")
    assert code_of(lambda: opened(place)) is Code.STORE_FAILED


def test_a_database_whose_making_was_interrupted_is_made_when_it_is_opened(place: str) -> None:
    if not on_server(place):
        Path(place).touch()
    with opened_database(place, ROOM).transaction(write=False) as connection:
        assert sa.inspect(connection).has_table("releases")


def test_processes_that_open_a_new_database_at_once_make_its_tables_once(place: str) -> None:
    if not on_server(place):
        Path(place).touch()
    meeting = FORKS.Barrier(4)
    children = [start(open_together, place, meeting) for _ in range(4)]
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * 4
    with opened(place).reading() as records:
        assert records.log.leaves() == (b"leaf",) * 4


def test_a_file_that_was_put_back_is_the_one_that_is_read(tmp_path: Path) -> None:
    """A connection that was kept would read, and write, a file that has no name any more."""
    store = create_store(tmp_path / "a.sqlite")
    shutil.copy(tmp_path / "a.sqlite", tmp_path / "backup")
    with store.writing() as records:
        records.log.append([b"leaf"])
    (tmp_path / "backup").rename(tmp_path / "a.sqlite")
    with store.reading() as records:
        assert records.log.leaves() == ()


def fork_with_a_connection(place: str) -> None:
    """Open a connection, fork, and see that neither process has the other's, in a process that has no threads."""
    databases = [created_database(place, ROOM)]

    def connection() -> int:
        with databases[0].transaction(write=False) as opened:
            opened.exec_driver_sql("SELECT 1 FROM log")
            return id(opened.connection.dbapi_connection)

    kept = connection()
    assert connection() == kept
    child = os.fork()
    if child == 0:
        fresh = connection() != kept
        databases.clear()
        gc.collect()
        os._exit(0 if fresh else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert connection() == kept


def test_a_process_does_not_use_what_it_inherits_nor_close_it(place: str) -> None:
    """SQLite forbids both (sqlite.org/howtocorrupt.html, section 2.6), and a server would end the session of the other process."""
    child = start(fork_with_a_connection, place)
    child.join(120)
    assert child.exitcode == 0


def test_a_database_that_nobody_uses_is_closed(place: str) -> None:
    database = created_database(place, ROOM)
    remembered = weakref.ref(database)
    del database
    gc.collect()
    assert remembered() is None


def test_a_transaction_that_ends_with_an_error_changes_nothing(place: str) -> None:
    store = created(place)

    def fail() -> None:
        with store.writing() as records:
            records.log.append([b"leaf"])
            records.balances.open("study", Charge(rho=1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with store.reading() as records:
        assert records.log.leaves() == ()
        assert records.log.frontier().size == 0
        assert records.balances.tally("study").cap == Charge(rho=0)


def test_a_reader_sees_one_state_while_a_writer_commits(place: str) -> None:
    store = created(place)

    def write() -> None:
        with store.writing() as records:
            records.log.append([b"leaf"])

    writer = threading.Thread(target=write)
    with store.reading() as records:
        assert records.log.leaves() == ()
        writer.start()
        writer.join(60 if on_server(place) else 0.5)
        assert writer.is_alive() is not on_server(place)  # a file is not changed while somebody reads
        assert records.log.leaves() == ()
        assert records.log.frontier().size == 0
    writer.join()
    with store.reading() as records:
        assert records.log.leaves() == (b"leaf",)


def raise_together(store: Store, begin: Callable[[], AbstractContextManager[Records]]) -> None:
    """Let twenty threads read a number and write the next one, five times each, in transactions that begin so; see that none was lost."""

    def count(times: int) -> None:
        for _ in range(times):
            with begin() as records:
                records.counters.keep_raises("hospital", "people", (records.counters.raises("hospital", "people") or 0) + 1)

    threads = [threading.Thread(target=count, args=(5,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as records:
        assert records.counters.raises("hospital", "people") == 100


def test_writers_do_not_overlap(place: str) -> None:
    store = created(place)
    raise_together(store, store.writing)


def test_those_that_commit_take_turns(place: str) -> None:
    store = created(place)

    @contextmanager
    def turn() -> Iterator[Records]:
        with store.committing() as (records, take_turn):
            take_turn()
            yield records

    raise_together(store, turn)


def test_before_their_turns_those_that_commit_overlap_on_a_server_alone(place: str) -> None:
    store, began = created(place), threading.Event()

    def begin() -> None:
        with store.committing():
            began.set()

    with store.committing() as (_, take_turn):
        take_turn()
        other = threading.Thread(target=begin)
        other.start()
        assert began.wait(60 if on_server(place) else 0.5) is on_server(place)
    other.join()
    assert began.is_set()


@pytest.mark.parametrize("first", ["committing", "writing"])
def test_nobody_changes_rules_beside_one_that_commits(place: str, first: str) -> None:
    """Before its turn, too: what it has read of them holds until it ends. And whoever changes them keeps it waiting."""
    store, began = created(place), threading.Event()
    other = {"committing": store.writing, "writing": store.committing}[first]

    def begin() -> None:
        with other():
            began.set()

    with getattr(store, first)():
        waiting = threading.Thread(target=begin)
        waiting.start()
        assert not began.wait(0.5)
    waiting.join()
    assert began.is_set()


def test_a_writer_that_is_killed_leaves_nothing_and_blocks_nobody(place: str, tmp_path: Path) -> None:
    store, begun = created(place), tmp_path / "begun"
    child = start(write_until_killed, place, str(begun))
    end = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < end:
        time.sleep(0.01)
    with store.reading() as records:
        assert records.log.leaves() == ()
    kill(child)
    with store.writing() as records:  # or it would fail for want of the lock
        assert records.log.leaves() == ()
        records.log.append([b"whole"])
    with opened(place).reading() as records:
        assert records.log.leaves() == (b"whole",)
        assert records.log.frontier().size == 1


def test_what_a_driver_says_is_not_shown(place: str) -> None:
    """It names values, statements and places."""
    store = created(place)
    with pytest.raises(Failed) as caught, store.writing() as records:
        records.runs.add(run(1))
    assert caught.value.code is Code.STORE_FAILED
    shown = "".join(traceback.format_exception(caught.value))
    for word in (DIGEST, "INSERT", "hospital", place, PASSWORD):
        assert word not in shown


def test_no_statement_gets_past_the_cap(new_place: Callable[[], str]) -> None:
    database = created_database(new_place(), ROOM)
    for change in ("INSERT INTO balances VALUES ('a', 10, 0, 11, 0)", "INSERT INTO balances VALUES ('a', 10, 0, -1, 0)"):
        with pytest.raises(Failed), database.transaction(write=True) as connection:
            connection.exec_driver_sql(change)
    accounts = created_database(new_place(), ACCOUNT)
    for held, spent in ((6, 5), (-1, 0), (0, -1)):
        with pytest.raises(Failed), accounts.transaction(write=True) as connection:
            connection.exec_driver_sql(f"INSERT INTO accounts VALUES ('people', 10, 0, {held}, 0, {spent}, 0, 0)")


@pytest.mark.parametrize(("rho", "delta", "taken"), [(10, 5, True), (11, 0, False), (0, 6, False)])
def test_spending_is_conditional_in_rho_and_in_delta(place: str, rho: int, delta: int, taken: bool) -> None:  # noqa: FBT001
    charge, nothing, cap = Charge(rho=rho, delta=delta), Charge(rho=0), Charge(rho=10, delta=5)
    with created(place).writing() as records:
        assert records.balances.open("study", cap)
        assert records.balances.spend("study", charge) == (nothing if taken else None)
        assert records.balances.tally("study").spent == (charge if taken else nothing)
        assert records.balances.spend_as("study", "ann", charge, cap) is taken
        assert records.balances.spent_as("study", "ann") == (charge if taken else nothing)
        assert records.balances.spend("unknown", Charge(rho=0)) is None


def test_a_cap_is_opened_at_what_is_spent_and_not_below(place: str) -> None:
    with created(place).writing() as records:
        records.balances.open("study", Charge(rho=10))
        assert records.balances.spend("study", Charge(rho=2)) == Charge(rho=0)
        assert records.balances.spend("study", Charge(rho=4)) == Charge(rho=2)
        assert not records.balances.open("study", Charge(rho=5))
        assert records.balances.open("study", Charge(rho=6))
        assert records.balances.spend("study", Charge(rho=1)) is None


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


def test_a_run_has_one_live_attempt_and_its_state_moves_once(place: str) -> None:
    from stillroom.model.record import Commitment, ContractRecord, ContractState

    store = created(place)
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


def test_only_one_contract_is_in_force(place: str) -> None:
    from stillroom.model.record import ContractRecord, ContractState

    store = created(place)
    with store.writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST, envelope=b"{}", state=ContractState.ACTIVE))
    with pytest.raises(Failed), store.writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST.replace("0", "1"), envelope=b"{}", state=ContractState.ACTIVE))


def test_the_latest_decision_and_the_first_question_are_kept(place: str) -> None:
    from stillroom.model.record import ContractRecord, ContractState

    with created(place).writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST, envelope=b"{}", state=ContractState.ACTIVE))
        for decision in Decision:
            records.approvals.decide(DIGEST, "plan", "hospital", decision.encode())
            records.approvals.ask(DIGEST, "plan", decision.encode())
        assert records.approvals.decisions(DIGEST, "plan") == (b"rejected",)
        assert records.approvals.questions(DIGEST) == (records.approvals.question(DIGEST, "plan"),) == (b"approved",)


def test_questions_wait_until_anybody_has_decided_about_their_plan(place: str) -> None:
    from stillroom.model.record import ContractRecord, ContractState

    with created(place).writing() as records:
        records.contracts.put(ContractRecord(digest=DIGEST, envelope=b"{}", state=ContractState.ACTIVE))
        for plan in ("second", "first", "third"):
            records.approvals.ask(DIGEST, plan, plan.encode())
        records.approvals.decide(DIGEST, "first", "hospital", b"no")
        assert records.approvals.plans(DIGEST) == ("second", "first", "third")
        assert records.approvals.questions(DIGEST) == (b"second", b"first", b"third")
        assert records.approvals.undecided(DIGEST) == (b"second", b"third")


def test_the_latest_version_number_and_note_are_kept_and_the_first_statement(place: str) -> None:
    with created(place).writing() as records:
        for number in (1, 2):
            records.versions.put(DataRecord(dataset="members", version=number, section=DIGEST, withdrawn=number == 2))
            records.counters.keep_raises("hospital", "people", number)
            records.log.keep_checkpoint(7, b"note %d" % number)
            records.log.keep_statements({DIGEST: b"statement %d" % number})
        assert records.versions.all() == (DataRecord(dataset="members", version=2, section=DIGEST, withdrawn=True),)
        assert records.counters.raises("hospital", "people") == 2
        assert records.log.checkpoint() == b"note 2"
        assert records.log.statement(DIGEST) == b"statement 1"


def test_names_are_in_the_order_of_their_bytes(place: str) -> None:
    """And not of a language, in which an underscore may count for nothing."""
    names = ["a", "a0", "a_b", "aa", "b_a", "ba"]
    with created(place).writing() as records:
        for name in reversed(names):
            records.versions.put(DataRecord(dataset=name, version=1, section=DIGEST))
        assert [record.dataset for record in records.versions.all()] == names


def test_leaves_are_appended_together_as_they_are_one_by_one(place: str) -> None:
    leaves = [bytes([number]) * number for number in range(1, 12)]
    with created(place).writing() as records:
        for first, last in ((0, 1), (1, 2), (2, 7), (7, 11)):
            head = records.log.append(leaves[first:last])
            assert head == records.log.frontier() == Frontier.of(map(leaf_hash, leaves[:last]))
        assert records.log.leaves() == tuple(leaves)
        assert records.log.leaves(7) == tuple(leaves[7:])
