"""What only a server does: it goes away and comes back, asks who we are, and has settings of its own."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from stillroom.adapters.sql_store.database import Database
from stillroom.adapters.sql_store.postgresql_server import PostgresqlServer, open_database_at
from stillroom.adapters.sql_store.room_tables import ROOM
from stillroom.adapters.sql_store.store import create_store_at, open_store_at
from stillroom.errors import Code, Failed, Refusal
from tests.children import FORKS, start
from tests.servers import PASSWORD, free_port, postgresql
from tests.stores import open_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.adapters.sql_store.records import SqlRecords
    from tests.servers import Server


@pytest.fixture
def url(database_server: Server) -> str:
    """Return the URL of an empty database."""
    return database_server.database()


@pytest.fixture(scope="module")
def restarted() -> Iterator[Server]:
    """A server that is stopped and started."""
    with postgresql() as server:
        yield server


def failure(action: Callable[[], object]) -> Failed:
    """Return how something fails."""
    with pytest.raises(Failed) as caught:
        action()
    assert caught.value.code is Code.STORE_FAILED
    return caught.value


def setting(database: Database, name: str, *, write: bool) -> str:
    """Return a setting, as a transaction has it."""
    with database.transaction(write=write) as connection:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar())


def test_transactions_are_of_the_kind_that_the_port_speaks_of(url: str) -> None:
    database = open_database_at(url, ROOM)
    assert setting(database, "transaction_isolation", write=True) == "read committed"
    assert setting(database, "transaction_isolation", write=False) == "repeatable read"
    assert setting(database, "lock_timeout", write=True) == "1min"
    store = open_store_at(url)
    with store.reading() as records:
        assert records.log.leaves() == ()
    with pytest.raises(Failed), store.reading() as records:
        records.log.append([b"leaf"])


def test_every_text_is_ordered_by_its_bytes_whatever_the_database_says(url: str) -> None:
    with open_database_at(url, ROOM).transaction(write=False) as connection:
        columns = [(name, column) for name in ROOM.tables.tables for column in sa.inspect(connection).get_columns(name)]
    collations = {(name, str(one["name"])): one["type"].collation for name, one in columns if isinstance(one["type"], sa.String)}
    assert ("versions", "dataset") in collations
    assert set(collations.values()) == {"C"}


def test_rooms_in_databases_of_their_own_do_not_wait_for_each_other(database_server: Server) -> None:
    with create_store_at(database_server.database()).writing() as first, create_store_at(database_server.database()).writing() as second:
        first.log.append([b"first"])
        second.log.append([b"second"])
        assert first.log.leaves() == (b"first",)


def test_more_threads_than_connections_wait_for_their_turn(url: str) -> None:
    store = create_store_at(url)

    def write(number: int) -> None:
        with store.writing() as records:
            records.log.append([b"%d" % number])
        with store.reading() as records:
            records.log.checkpoint()

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(write, range(120)))
    with store.reading() as records:
        assert len(records.log.leaves()) == 120


def test_of_processes_that_want_to_make_the_tables_all_but_the_first_find_them(url: str) -> None:
    """All have looked, and found none, before anyone may begin."""
    database, meeting = Database(PostgresqlServer(url), ROOM), FORKS.Barrier(3)
    children = [start(open_together, url, meeting) for _ in range(3)]
    with database.transaction(write=True) as connection:
        end, waiting = time.monotonic() + 50, 0
        while waiting < 3 and time.monotonic() < end:
            waiting = connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'").scalar_one()
    for child in children:
        child.join(120)
    assert waiting == 3
    assert [child.exitcode for child in children] == [0] * 3


def test_a_store_outlives_a_restart_of_its_server(restarted: Server) -> None:
    store = create_store_at(restarted.database())
    for number in range(3):
        with store.writing() as records:
            records.log.append([b"%d" % number])
        with store.reading() as records, store.reading() as others:
            assert records.log.leaves() == others.log.leaves()
        restarted.stop()
        failure(lambda: store.reading().__enter__())
        failure(lambda: store.writing().__enter__())
        restarted.start()
    with store.reading() as records:
        assert records.log.leaves() == (b"0", b"1", b"2")


def test_kept_connections_to_a_server_that_was_restarted_are_replaced_unseen(restarted: Server) -> None:
    store = create_store_at(restarted.database())
    with store.reading(), store.reading(), store.reading():
        pass
    restarted.stop()
    restarted.start()
    with store.writing() as records, store.reading() as others:
        records.log.append([b"leaf"])
        assert others.log.leaves() == ()


def go_on(records: SqlRecords) -> None:
    """Append another leaf."""
    records.log.append([b"lost, too"])


def end(_: SqlRecords) -> None:
    """Do nothing more."""


def refuse(_: SqlRecords) -> None:
    """Fail for another reason."""
    raise Refusal(Code.HOLD_LAPSED, "The hold has lapsed.", "Ask again.")


@pytest.mark.parametrize("then", [go_on, end, refuse])
def test_a_server_that_goes_in_the_middle_takes_the_transaction_with_it(
    restarted: Server, caplog: pytest.LogCaptureFixture, then: Callable[[SqlRecords], None]
) -> None:
    store = create_store_at(restarted.database())

    def write() -> None:
        with store.writing() as records:
            records.log.append([b"lost"])
            restarted.stop()
            then(records)

    failure(write)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    restarted.start()
    with store.writing() as records:
        assert records.log.leaves() == ()


def changed(url: str, old: str, new: str) -> str:
    assert old in url
    return url.replace(old, new)


UNUSABLE: dict[str, Callable[[str], str]] = {
    "another password": lambda url: changed(url, "@127", "x@127"),
    "no password": lambda url: "postgresql://owner@" + url.rpartition("@")[2],
    "another user": lambda url: changed(url, "owner", "stranger"),
    "another port": lambda url: changed(url, url.rpartition(":")[2].partition("/")[0], str(free_port())),
    "another database": lambda url: url + "_too",
    "another certificate": lambda url: url + "?sslmode=verify-full",
    "no such setting": lambda url: url + "?sslmoed=require",
    "no such port": lambda url: changed(url, "127.0.0.1:", "127.0.0.1:x"),
    "half an address": lambda url: changed(url, "127.0.0.1", "[::1"),
    "another kind": lambda url: changed(url, "postgresql", "mysql"),
    "another driver": lambda url: changed(url, "postgresql", "postgresql+psycopg"),
    "half a letter": lambda url: url + "\udc00",
}


@pytest.mark.parametrize("how", UNUSABLE)
@pytest.mark.parametrize("use", [create_store_at, open_store_at])
def test_what_cannot_be_used_is_told_without_a_word_about_where_it_is(
    url: str, how: str, use: Callable[[str], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = UNUSABLE[how](url)
    error = failure(lambda: use(wrong))
    assert error.__cause__ is None
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    place = [url.rpartition(":")[2], "127.0.0.1", "owner", "stranger", "rooms_"]
    secret = [PASSWORD, PASSWORD[:8], wrong, url]
    assert [word for word in [*place, *secret] if word in shown] == []
    assert [word for word in secret if word in caplog.text] == []
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


def test_nothing_that_is_kept_of_a_url_shows(url: str) -> None:
    place = PostgresqlServer(url)
    database = Database(place, ROOM)
    database.make()
    for shown in (place, database, place.engine(), place.engine().url, place.engine().pool):
        assert PASSWORD not in repr(shown) + str(shown)
        assert "127.0.0.1" not in repr(shown)


def test_without_the_driver_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from stillroom.adapters.sql_store.store import open_store_at\n"
        "open_store_at('postgresql://127.0.0.1:1/room')"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert "stillroom[postgresql]" in done.stderr
    assert "STORE_FAILED" in done.stderr
    assert "127.0.0.1" not in done.stderr.splitlines()[-1]
