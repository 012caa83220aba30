"""A PostgreSQL server is killed, and loses what was not on its disk: nothing that was answered, and nothing that anybody has seen.

The server writes of itself as late as it can, so that what nobody waits for is lost.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest

from stillroom.adapters.sql_store.store import create_store_at, open_store_at
from stillroom.errors import Code, Failed, Refusal
from tests.servers import postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.adapters.sql_store.store import SqlStore
    from tests.servers import Server

LATE = ("wal_writer_delay=10s", "autovacuum=off")
SLOW_DISK = ("fsync=on", "commit_delay=100000", "commit_siblings=0")
"""Every sync begins 0.1 s after it was asked for: so long is a commit seen, and not on disk."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that is killed and started; the machine goes on, and so does what the server has handed to it."""
    with postgresql("fsync=off", *LATE) as found:
        yield found


@pytest.fixture(scope="module")
def slow() -> Iterator[Server]:
    """A server with a slow disk."""
    with postgresql(*SLOW_DISK, *LATE) as found:
        yield found


def append_unsynced(url: str, leaf: bytes) -> None:
    """Do what a writer does up to its commit, and die before it is on disk."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute("INSERT INTO log (position, leaf) VALUES (0, %s)", [leaf])
        connection.execute("COMMIT")


def leaves(store: SqlStore) -> tuple[bytes, ...]:
    with store.reading() as records:
        return records.log.leaves()


def restart(server: Server) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize("default", ["on", "off", "local", "remote_write"])
def test_what_was_answered_outlives_the_server_whatever_it_says(server: Server, default: str) -> None:
    url = server.database()
    server.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = {default}")
    store = create_store_at(url)
    with store.writing() as records:
        records.log.append([b"answered"])
    restart(server)
    assert leaves(store) == (b"answered",)


def test_what_nobody_has_waited_for_is_lost(server: Server) -> None:
    """So that the other tests can fail."""
    store = create_store_at(url := server.database())
    append_unsynced(url, b"never seen")
    restart(server)
    assert leaves(store) == ()


def read(store: SqlStore) -> tuple[bytes, ...]:
    return leaves(store)


def write_nothing(store: SqlStore) -> tuple[bytes, ...]:
    with store.writing() as records:
        return records.log.leaves()


def refuse_reading(store: SqlStore) -> tuple[bytes, ...]:
    with suppress(Refusal), store.reading() as records:
        found = records.log.leaves()
        raise Refusal(Code.HOLD_LAPSED, "The hold has lapsed.", "Ask again.")
    return found


def refuse_writing(store: SqlStore) -> tuple[bytes, ...]:
    with suppress(Refusal), store.writing() as records:
        found = records.log.leaves()
        raise Refusal(Code.HOLD_LAPSED, "The hold has lapsed.", "Ask again.")
    return found


@pytest.mark.parametrize("look", [read, write_nothing, refuse_reading, refuse_writing])
def test_what_anybody_has_seen_outlives_the_server(server: Server, look: Callable[[SqlStore], tuple[bytes, ...]]) -> None:
    store = create_store_at(url := server.database())
    append_unsynced(url, b"seen")
    assert look(store) == (b"seen",)
    restart(server)
    assert leaves(store) == (b"seen",)


def test_a_server_that_is_killed_under_writers_and_readers_loses_nothing_that_was_answered_or_seen(slow: Server) -> None:
    """When it is killed, writers wait between their commits and the disk."""
    url = slow.database()
    store = create_store_at(url)
    answered: list[bytes] = []
    seen: list[tuple[bytes, ...]] = []
    failed: list[Code] = []

    def write(writer: int) -> None:
        own = open_store_at(url)
        try:
            for number in range(10**6):
                with own.writing() as records:
                    records.log.append([leaf := b"%d of %d" % (number, writer)])
                answered.append(leaf)
        except Failed as error:
            failed.append(error.code)

    def watch() -> None:
        own = open_store_at(url)
        with suppress(Failed):
            while True:
                seen.append(leaves(own))

    for _ in range(2):
        before = len(answered), len(failed)
        with ThreadPoolExecutor(7) as pool:
            for writer in range(5):
                pool.submit(write, writer)
            for _ in range(2):
                pool.submit(watch)
            end = time.monotonic() + 60
            while len(answered) < before[0] + 20 and time.monotonic() < end:
                time.sleep(0.01)
            slow.kill()
        assert len(failed) == before[1] + 5
        slow.start()
        kept = leaves(store)
        assert len(answered) >= before[0] + 20
        assert set(answered) - set(kept) == set()
        assert all(one == kept[: len(one)] for one in seen)
    assert set(failed) == {Code.STORE_FAILED}


def test_commits_share_syncs(slow: Server) -> None:
    """A writer is let in before the one that went before is on disk."""
    url = slow.database()
    create_store_at(url)

    def write(writer: int) -> None:
        own = open_store_at(url)
        for number in range(10):
            with own.writing() as records:
                records.log.append([b"%d of %d" % (number, writer)])

    before = syncs(url)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert syncs(url) - before < 60
    assert len(leaves(open_store_at(url))) == 80


def syncs(url: str) -> int:
    """Return how often the server has synced its log of changes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute("SELECT wal_sync FROM pg_stat_wal").fetchone()
    assert row is not None
    return int(row[0])


def test_a_commit_that_a_standby_is_to_have_is_seen_by_nobody_before(server: Server) -> None:
    url = server.database()
    store = create_store_at(url)

    def write() -> None:
        with store.writing() as records:
            records.log.append([b"leaf"])

    try:
        server.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()")
        wait_until(url, "SELECT current_setting('synchronous_standby_names') = 'standby'")
        with ThreadPoolExecutor(1) as pool:
            try:
                writing = pool.submit(write)
                wait_until(url, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                assert leaves(store) == ()
                assert not writing.done()
            finally:
                server.execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
            writing.result(60)
        assert leaves(store) == (b"leaf",)
    finally:
        restart(server)


def wait_until(url: str, question: str) -> None:
    """Ask the server until it says yes."""
    end = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < end:
            if connection.execute(question).fetchone() == (True,):
                return
            time.sleep(0.01)
    pytest.fail("the server never said yes")


def plain(server: Server) -> str:
    """Return the URL of an empty database of a user who may do what all may."""
    name = server.database().rpartition("/")[2]
    server.execute(f"CREATE ROLE of_{name} LOGIN PASSWORD 'plain'", f"ALTER DATABASE {name} OWNER TO of_{name}")
    return f"postgresql://of_{name}:plain@127.0.0.1:{server.port}/{name}"


def test_an_ordinary_user_may_wait_for_the_disk(server: Server) -> None:
    store = create_store_at(plain(server))
    with store.writing() as records:
        records.log.append([b"leaf"])
    assert leaves(store) == (b"leaf",)


@pytest.mark.parametrize("call", ["pg_current_wal_flush_lsn()", "pg_logical_emit_message(boolean, text, text)"])
def test_a_server_that_does_not_say_what_is_on_its_disk_is_not_used(server: Server, call: str, caplog: pytest.LogCaptureFixture) -> None:
    url = plain(server)
    store = create_store_at(url)
    owner = server.database().rpartition("/")[0] + "/" + url.rpartition("/")[2]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"REVOKE EXECUTE ON FUNCTION {call} FROM PUBLIC")

    def write() -> None:
        with store.writing() as records:
            records.log.append([b"leaf"])

    for use in (write, lambda: refuse_writing(store), lambda: leaves(store), lambda: create_store_at(url), lambda: open_store_at(url)):
        with pytest.raises(Failed) as caught:
            use()
        assert caught.value.code is Code.STORE_FAILED
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
