"""Sessions that can reach nothing but the tables that are registered on them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from stillroom.adapters.datafusion.months import register_months

if TYPE_CHECKING:
    from collections.abc import Callable

    from datafusion import SessionContext, SQLOptions

Answer = TypeVar("Answer")

_SETTINGS = {
    "datafusion.sql_parser.dialect": "duckdb",
    "datafusion.sql_parser.parse_float_as_decimal": "true",
    "datafusion.sql_parser.recursion_limit": "100000",
    "datafusion.catalog.information_schema": "false",
    "datafusion.execution.skip_physical_aggregate_schema_check": "true",
}
"""Numbers beyond 64 bits are decimals, never floating; statements may be as deep as plans.

A check of DataFusion's own is off, that its logical and its physical plan agree in whether columns may be NULL. Of truth values whose NULL
was settled (`COALESCE(condition, FALSE)`), in a union, the logical plan knows that they are never NULL and the physical one does not, and
such groups were refused. Cells of them are held against the reference on all engines.
"""

STACK = 2**28
"""Bytes of stack for the optimizer, which follows a statement into its depth. What is not used takes no memory."""

_STACKS = threading.Lock()


def locked_context(threads: int, memory_limit: int) -> SessionContext:
    """Open a session without catalogs of others and without any store of objects that a statement could name.

    Args:
        threads: How many threads work on a statement.
        memory_limit: The most memory for intermediate results, in bytes; nothing is written to disk.
    """
    from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

    config = SessionConfig(dict(_SETTINGS)).with_target_partitions(threads)
    context = SessionContext(config, RuntimeEnvBuilder().with_disk_manager_disabled().with_greedy_memory_pool(memory_limit))
    register_months(context)
    return context


def read_only() -> SQLOptions:
    """Return what is allowed of a statement: it makes no table, so reads no file; it writes none; and it changes no setting."""
    from datafusion import SQLOptions

    return SQLOptions().with_allow_ddl(allow=False).with_allow_dml(allow=False).with_allow_statements(allow=False)


def with_deep_stack(work: Callable[[], Answer]) -> Answer:
    """Do work on a thread with a deep stack: on the usual one a deep statement would end the process."""
    pool = ThreadPoolExecutor(1, "datafusion")
    with _STACKS:
        usual = threading.stack_size(STACK)
        try:
            found = pool.submit(work)
        finally:
            threading.stack_size(usual)
    with pool:
        return found.result()
