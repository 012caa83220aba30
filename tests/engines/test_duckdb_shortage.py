"""With too little memory or time, the DuckDB engine finishes in another way or fails in a fixed one, and writes nothing to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from stillroom.adapters.admitted import WHOLE
from stillroom.adapters.duckdb.connection import Database, TimeLimit
from stillroom.adapters.duckdb.engine import FRUGAL_ROWS, DuckdbEngine
from stillroom.errors import Code, Failed
from stillroom.model.schema import Kind
from tests.plans import column, count, facts_of, part, plan, scan, total, union

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stillroom.model.plan import Plan

PERSONS = 600_000
ROWS = 2 * PERSONS
EVERYTHING = 10**9
"""So many rows at once, that is all of them."""

FACTS = facts_of({"visits": {"n": Kind.INTEGER, "code": Kind.INTEGER}})
VISITS = part("visits", scan("visits", "n", "code"))


class Arrow:
    """A large table: two rows of each person. It remembers which rows were asked for."""

    salt = b"a salt"

    def __init__(self) -> None:
        """Make the rows."""
        numbers = np.arange(ROWS, dtype=np.int64)
        self._rows = pa.table({"person": (numbers // 2).astype(np.int32), "n": numbers * 7919 % 101 - 50, "code": numbers})
        self.asked: list[slice] = []

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons."""
        return ROWS, PERSONS

    def rows(self, columns: Sequence[str], within: slice = WHOLE) -> pa.Table:
        """Return rows, and remember which."""
        if columns:
            self.asked.append(within)
        return self._rows.select(["person", *columns])[within]

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return identifiers."""
        return pa.array([f"{n:08d}" for n in range(*within.indices(PERSONS))])


@pytest.fixture(scope="module")
def table() -> Arrow:
    return Arrow()


def sums() -> Plan:
    """Return a plan that adds up each person's rows: a hash table of everybody, unless in parts."""
    measures = [total(column("visits.n"), row=(-50, 50), bounds=(-60, 60)), count(1)]
    return plan(FACTS, [VISITS], measures, rows=2)


def distinct() -> Plan:
    """Return a plan that counts the distinct values of everybody: they cannot be counted in parts, and each row has its own."""
    return plan(FACTS, [VISITS], [union(column("visits.code"), 2)], rows=2)


def failure(engine: DuckdbEngine, asked: Plan, table: Arrow) -> tuple[Code, str]:
    """Run a plan that fails, and return all that the error says."""
    with pytest.raises(Failed) as caught:
        engine.measure_exactly(asked, {"visits": table})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value.code, str(caught.value)


def test_what_memory_does_not_hold_is_done_in_parts(table: Arrow) -> None:
    expected = DuckdbEngine(memory_mb=2000).measure_exactly(sums(), {"visits": table})
    table.asked.clear()
    assert DuckdbEngine(memory_mb=64).measure_exactly(sums(), {"visits": table}) == expected
    assert WHOLE not in table.asked
    assert len(table.asked) > 3


def test_a_run_without_memory_enough_is_made_once_more_in_small_parts(table: Arrow) -> None:
    """DuckDB really runs out of 16 MB on all rows, and not on the parts."""
    expected = DuckdbEngine(memory_mb=2000).measure_exactly(sums(), {"visits": table})
    table.asked.clear()
    assert DuckdbEngine(memory_mb=32, part_rows=EVERYTHING).measure_exactly(sums(), {"visits": table}) == expected
    first, *then = table.asked
    assert first == WHOLE
    assert len(then) >= ROWS // FRUGAL_ROWS
    assert max(one.stop - one.start for one in then) <= FRUGAL_ROWS + 1


class Fickle(Arrow):
    """A table for which memory runs out once, in the middle."""

    short = True

    def rows(self, columns: Sequence[str], within: slice = WHOLE) -> pa.Table:
        """Return rows, but not at the first attempt to read the second half."""
        if columns and self.short and (within.start or 0) > ROWS // 2:
            self.short = False
            raise MemoryError
        return super().rows(columns, within)


def test_what_was_added_up_before_memory_ran_out_does_not_count(table: Arrow) -> None:
    expected = DuckdbEngine().measure_exactly(sums(), {"visits": table})
    fickle = Fickle()
    assert DuckdbEngine(part_rows=ROWS // 4).measure_exactly(sums(), {"visits": fickle}) == expected
    assert not fickle.short


def test_a_run_that_fails_both_times_says_what_one_without_time_says(table: Arrow) -> None:
    """Memory is short for the distinct values, in whatever way; with more of it, the same plan is measured."""
    assert DuckdbEngine(memory_mb=2000).measure_exactly(distinct(), {"visits": table}) == ((ROWS,),)
    table.asked.clear()
    without_memory = failure(DuckdbEngine(memory_mb=32), distinct(), table)
    assert table.asked.count(WHOLE) == 2
    without_time = failure(DuckdbEngine(seconds=1e-9), sums(), table)
    assert without_memory == without_time
    assert without_time[0] is Code.RUN_FAILED


def test_a_run_is_not_made_again_when_time_is_up(table: Arrow) -> None:
    table.asked.clear()
    failure(DuckdbEngine(seconds=1e-9, memory_mb=2000), sums(), table)
    assert table.asked.count(WHOLE) == 1


# ------------------------------------------------------------------------------------------------------------- the time


def test_a_statement_is_interrupted_and_no_other_begins() -> None:
    """The statement would take hours."""
    database = Database(1, "100MB")
    with TimeLimit(100) as limit, database.connection(limit) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    with TimeLimit(2) as limit:
        with database.connection(limit) as connection, pytest.raises(duckdb.InterruptException):
            connection.execute("SELECT sum(hash(i) % 7) FROM range(1000000000000) AS t(i)").fetchall()
        with pytest.raises(TimeoutError), database.connection(limit):
            pass
    with TimeLimit(100) as limit, database.connection(limit) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


# ------------------------------------------------------------------------------------------------- the database of runs


def test_what_one_connection_registers_no_other_sees() -> None:
    database = Database(1, "100MB")
    with TimeLimit(100) as limit:
        with database.connection(limit) as one, database.connection(limit) as other:
            one.register("rows", pa.table({"n": [1]}))
            with pytest.raises(duckdb.CatalogException):
                other.execute("SELECT * FROM rows")
        with database.connection(limit) as later, pytest.raises(duckdb.CatalogException):
            later.execute("SELECT * FROM rows")


def test_duckdb_would_not_encrypt_what_it_spills(tmp_path: Path) -> None:
    """The reason that nothing is spilled: without the extension httpfs, DuckDB refuses. Should that change, think again (ADR 24)."""
    settings: dict[str, str | bool] = {
        "temp_directory": str(tmp_path),
        "temp_file_encryption": True,
        "memory_limit": "20MB",
        "threads": "1",
    }
    with duckdb.connect(config={**settings, "autoload_known_extensions": False}) as connection, pytest.raises(duckdb.Error, match="httpfs"):
        connection.execute("SELECT count(*) FROM (SELECT DISTINCT 'a secret ' || i AS s FROM range(1000000) AS t(i))").fetchall()
