"""Connections that can reach nothing but the tables that are registered on them, and that work no longer than they may."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    import duckdb

_NO_SPILL = {"temp_directory": "", "max_temp_directory_size": "0B"}
"""Nothing is written to disk: intermediate results are rows in the clear, and without an extension DuckDB would write them as such."""

_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_extension_repositories": "forbidden",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
    "preserve_insertion_order": "false",
    "error_on_division_by_zero": "false",
    "lock_configuration": "true",
}
"""No files, network, extensions or Python variables; division by zero is NULL; the last one makes all of it final.

All are global, so that they hold for every connection to the database.
"""

_AGAIN = 0.05
"""Seconds after which a statement that did not hear it, because it had not begun, is told to stop once more."""


def locked_connection(threads: int, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory and lock its settings.

    Args:
        threads: How many threads work on a statement.
        memory_limit: The most memory for intermediate results, as `8GB`.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config=dict(_NO_SPILL))
    connection.execute("SET enable_progress_bar = false")
    for name, value in {"threads": str(threads), "memory_limit": memory_limit, **_CLOSED}.items():
        connection.execute(f"SET GLOBAL {name} = '{value}'")
    return connection


class Database:
    """A locked database that stays empty: what is registered on one of its connections is seen by that one alone, until it is closed.

    It takes longer to open than a small question to answer, so it is opened once in each process.
    """

    def __init__(self, threads: int, memory_limit: str) -> None:
        """Set the resources of all its connections together."""
        self._settings = threads, memory_limit
        self._opened: dict[int, duckdb.DuckDBPyConnection] = {}
        self._opening = threading.Lock()
        weakref.finalize(self, self._opened.clear)  # before the interpreter takes DuckDB apart

    @contextmanager
    def connection(self, limit: TimeLimit) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection, to be closed when a limit is reached or the work is done.

        Raises:
            TimeoutError: The limit was reached before.
        """
        with self._own().cursor() as connection, limit.over(connection):
            yield connection

    def _own(self) -> duckdb.DuckDBPyConnection:
        """Return this process's database: one that a process inherits has lost its threads."""
        process = os.getpid()
        with self._opening:
            if process not in self._opened:
                self._opened[process] = locked_connection(*self._settings)
            return self._opened[process]


class TimeLimit:
    """Interrupts, after so many seconds, what one connection after the other does; as a context, for as long as it lasts."""

    def __init__(self, seconds: float) -> None:
        """Set the limit; it counts from the beginning of the context."""
        self._seconds = seconds
        self._reached, self._done = threading.Event(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._working: duckdb.DuckDBPyConnection | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        """Begin."""
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._done.set()
        self._watcher.join()

    @contextmanager
    def over(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Limit what a connection does.

        Raises:
            TimeoutError: The limit was reached before.
        """
        if self._reached.is_set():
            raise TimeoutError
        self._working = connection
        try:
            yield
        finally:
            with self._turn:
                self._working = None

    def _watch(self) -> None:
        """Wait, then interrupt whatever is done until the end: a statement that has not begun does not hear it."""
        wait = self._seconds
        while not self._done.wait(wait):
            self._reached.set()
            with self._turn:
                if self._working is not None:
                    self._working.interrupt()
            wait = _AGAIN
