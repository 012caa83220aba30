"""One suite for all engines. A new engine is a new line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.datafusion.engine import DatafusionEngine
from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.polars.engine import PolarsEngine
from stillroom.adapters.spark.engine import SparkEngine
from tests.connect_servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.ports import Engine

ENGINES: dict[str, Callable[[Servers, int], Engine]] = {
    "duckdb": lambda _servers, threads: DuckdbEngine(threads=threads),
    "polars": lambda _servers, _threads: PolarsEngine(),
    "datafusion": lambda _servers, threads: DatafusionEngine(threads=threads),
    "sail": lambda servers, _threads: SparkEngine(servers.sail),
    "spark": lambda servers, _threads: SparkEngine(servers.spark),
}
"""How each engine is made, given the servers that run for tests, and how many threads it may use, if it asks."""

SLOW = {"spark"}
"""Engines that answer in seconds where others take milliseconds."""

SAIL_ALWAYS = {"test_engine_corpus", "test_engine_matrix", "test_engine_semantics", "test_server_protection"}
"""What Sail runs every time: a quarter of the corpus, every function, and what plans mean. The rest of the suite takes it minutes more."""

SAIL_SHARES = 4
"""So many of the corpus's sixteen shares."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what Sail does not run every time."""
    for item in items:
        given: dict[str, Any] = dict(item.callspec.params) if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if given.get("make_engine") == "sail" and (item.path.stem not in SAIL_ALWAYS or given.get("share", 0) >= SAIL_SHARES):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start servers as they are asked for, and stop them in the end."""
    with Servers() as running:
        yield running


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in ENGINES], scope="session")
def make_engine(request: pytest.FixtureRequest, servers: Servers) -> Callable[[int], Engine]:
    """Return a function that makes an engine with so many threads."""
    make = ENGINES[request.param]
    return lambda threads: make(servers, threads)


@pytest.fixture(scope="session")
def engine(make_engine: Callable[[int], Engine]) -> Engine:
    """Return an engine."""
    return make_engine(2)
