"""Connections that can reach nothing but the tables that are registered on them, and that work no longer than they may."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    "enable_progress_bar": "false",
    "preserve_insertion_order": "false",
    "error_on_division_by_zero": "false",
    "lock_configuration": "true",
}
"""No files, network, extensions or Python variables; division by zero is NULL; the last one makes all of it final."""

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
    for name, value in {"threads": str(threads), "memory_limit": memory_limit, **_CLOSED}.items():
        connection.execute(f"SET {name} = '{value}'")
    return connection


class Database:
    """A locked database that stays empty: what is registered on one of its connections is seen by that one alone, until it is closed.

    It takes longer to open than a small question to answer, so it is opened once in each process.
    """

    def __init__(self, threads: int, memory_limit: str) -> None:
        """Set the resources of all its connections together."""
        self._settings = threads, memory_limit
        self._opened: tuple[int, duckdb.DuckDBPyConnection] | None = None
        self._opening = threading.Lock()

    @contextmanager
    def connection(self, deadline: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection whose statements are interrupted at a deadline, by the monotonic clock."""
        with self._own().cursor() as connection, _interrupted(connection, deadline):
            yield connection

    def _own(self) -> duckdb.DuckDBPyConnection:
        """Return this process's database: one that a process inherits has lost its threads."""
        with self._opening:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = os.getpid(), locked_connection(*self._settings)
            return self._opened[1]


@contextmanager
def _interrupted(connection: duckdb.DuckDBPyConnection, deadline: float) -> Iterator[None]:
    """Interrupt whatever a connection does after a deadline, until it is done."""
    done = threading.Event()

    def watch() -> None:
        wait = max(0.0, deadline - time.monotonic())
        while not done.wait(wait):
            connection.interrupt()
            wait = _AGAIN

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
