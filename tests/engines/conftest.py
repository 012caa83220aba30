"""One suite for all engines. A new engine is a new line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.duckdb.engine import DuckdbEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.ports import Engine

ENGINES: dict[str, Callable[[int], Engine]] = {"duckdb": lambda threads: DuckdbEngine(threads=threads)}


@pytest.fixture(params=ENGINES, scope="session")
def make_engine(request: pytest.FixtureRequest) -> Callable[[int], Engine]:
    """Return a function that makes an engine with so many threads."""
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def engine(make_engine: Callable[[int], Engine]) -> Engine:
    """Return an engine."""
    return make_engine(2)
