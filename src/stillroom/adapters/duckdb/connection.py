"""Connections that can reach nothing but the tables that are registered on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_NO_SPILL = {"temp_directory": "", "max_temp_directory_size": "0B"}
"""Nothing is written to disk: intermediate results are rows in the clear."""

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
