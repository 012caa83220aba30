"""What only the DuckDB engine promises: a locked database, SQL of its own words, and no work twice."""

from __future__ import annotations

import gc
import re
import weakref
from typing import TYPE_CHECKING

import duckdb
import pytest

from stillroom.adapters.duckdb.connection import locked_connection
from stillroom.adapters.duckdb.dialect import DUCKDB
from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.engine.links import PersonLinks
from stillroom.adapters.statements.statement import needs_person_step, statements
from stillroom.errors import Code, Failed
from stillroom.model.expression import Compare, Comparison, Constant, Like, Not
from stillroom.model.relation import Filter, JoinKind
from stillroom.model.schema import Kind
from tests.fakes import Damaged, ListTable
from tests.plans import Link, column, count, facts_of, key, linked, part, plan, scan, total

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from stillroom.model.expression import Expression
    from stillroom.model.schema import Scalar

KINDS = {"secret_a": {"n": Kind.INTEGER, "words": Kind.TEXT}, "z": {"m": Kind.INTEGER}}
FACTS = facts_of(KINDS)
A = part("secret_a", scan("secret_a", "n", "words"))
Z = part("z", scan("z", "m"))


# ------------------------------------------------------------------------------------------------------------ the lock


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with locked_connection(1, "100MB") as opened:
        yield opened


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/other.db'",
        "EXPORT DATABASE '{folder}/all'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE PERSISTENT SECRET s (TYPE s3)",
        "SELECT * FROM 'https://example.org/a.parquet'",
        "SELECT * FROM reachable",
        "SET threads = 4",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "PRAGMA enable_profiling",
        "SET temp_directory = '{folder}'",
        "SET error_on_division_by_zero = true",
    ],
)
def test_a_connection_reaches_nothing(connection: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    reachable = connection.sql("SELECT 1").to_arrow_table()  # a replacement scan would find this variable
    assert reachable.num_rows == 1
    with pytest.raises(duckdb.Error):
        connection.execute(sql.format(file=file, folder=tmp_path)).fetchall()
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]


def test_a_connection_writes_no_temporary_file(connection: duckdb.DuckDBPyConnection) -> None:
    settings = dict(connection.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert (settings["temp_directory"], settings["max_temp_directory_size"], settings["threads"]) == ("", "0 bytes", "1")


def test_running_out_of_memory_is_a_fixed_failure() -> None:
    """The run fails rather than spill, and says the same whatever the data."""
    rows: list[dict[str, Scalar]] = [{"person": f"person {n}", "n": n, "words": "very secret words"} for n in range(100_000)]
    asked = plan(FACTS, [A], [count(1)], keys=[key(column("secret_a.words"), Kind.TEXT, "very secret words")])
    with pytest.raises(Failed) as failure:
        DuckdbEngine(threads=1, memory_limit="1MB").measure_exactly(asked, {"secret_a": ListTable(rows, KINDS["secret_a"])})
    assert failure.value.code is Code.RUN_FAILED
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
    assert "words" not in str(failure.value)


def test_a_plan_that_is_too_deep_is_a_fixed_failure() -> None:
    node: Expression = Constant(value=True)
    for _ in range(2000):
        node = Not(operand=node)
    asked = plan(FACTS, [A], [count(1)], over=Filter(source=linked(), condition=node))
    with pytest.raises(Failed) as failure:
        DuckdbEngine().measure_exactly(asked, {"secret_a": ListTable([], KINDS["secret_a"])})
    assert failure.value.code is Code.RUN_FAILED


def test_damaged_data_are_a_fixed_failure() -> None:
    """Arrow's own errors speak of what is in the data."""
    asked = plan(FACTS, [A, Z], [count(1)], link=Link(JoinKind.INNER), rows=1)
    whole = ListTable([{"person": "p", "n": 4, "words": "w"}], KINDS["secret_a"])
    damaged = Damaged([{"person": "p", "m": 1}], KINDS["z"])
    with pytest.raises(Failed) as failure:
        DuckdbEngine().measure_exactly(asked, {"secret_a": whole, "z": damaged})
    assert failure.value.code is Code.RUN_FAILED


# ------------------------------------------------------------------------------------------------------- the statement


def test_sql_is_made_of_words_of_its_own() -> None:
    """No text of a contract or question becomes SQL: not a constant, a pattern, nor the name of a dataset or column."""
    texts = ["'; DROP TABLE t1; --", 'a"b', "\\", "$s0", "/*", "\0"]
    equal = [Compare(comparison=Comparison.EQUAL, left=column("secret_a.words"), right=Constant(value=text)) for text in texts]
    rest = Filter(source=Filter(source=linked(), condition=equal[0]), condition=Like(operand=column("secret_a.words"), pattern=texts[1]))
    for condition in equal[2:]:
        rest = Filter(source=rest, condition=condition)
    asked = plan(FACTS, [A, Z], [count(1)], link=Link(kind=JoinKind.LEFT), over=rest, keys=[key(column("z.m"), Kind.INTEGER, 1)], groups=1)
    (written,) = statements(asked, b"salt", DUCKDB)
    assert set(texts) <= set(written.texts.values())
    words = set(re.findall(r"[A-Za-z_]+\d*", written.sql))
    own = {word for word in words if re.fullmatch(r"[a-z]\d+|person|persons|code|identifier|cells|rank", word)}
    assert all(word.isupper() for word in words - own - {"INT128"})
    assert set(re.findall(r"'[^']*'", written.sql)) <= {"'|'", "','"}


@pytest.mark.parametrize(
    ("rows", "low", "high", "groups", "expected"),
    [
        (1, 0, 1, None, False),
        (1, -1, 2, None, False),
        (1, -10, 10, 1, False),
        (2, -20, 20, None, False),
        (2, -20, 19, None, True),
        (2, -19, 20, None, True),
        (2, -20, 20, 1, True),
        (2, -100, 100, 2, True),
    ],
)
def test_persons_are_added_up_when_it_could_matter(rows: int, low: int, high: int, groups: int | None, *, expected: bool) -> None:
    """A row lies in [-10, 10]: n rows of one person need the step as soon as n × 10 can be clamped, or cells are chosen."""
    measure = total(column("secret_a.n"), row=(-10, 10), bounds=(low, high))
    asked = plan(FACTS, [A], [measure], rows=rows, groups=groups)
    assert needs_person_step(asked) is expected


# ----------------------------------------------------------------------------------------------------------- the links


class CountingTable(ListTable):
    """Counts how often its persons are read."""

    read = 0

    def persons(self) -> pa.Array:
        """Return the identifiers."""
        self.read += 1
        return super().persons()


def people(*names: str) -> CountingTable:
    return CountingTable([{"person": name, "m": 1} for name in names], KINDS["z"])


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (("a", "b", "d"), ("b", "c", "d"), [None, 0, 2]),
        (("a", "b", "c", "d"), ("d",), [None, None, None, 0]),
        (("d",), ("a", "b", "c", "d"), [3]),
        (("e",), ("a", "b"), [None]),
        ((), ("a", "b"), []),
        (("a",), (), [None]),
    ],
)
def test_codes_are_translated(source: tuple[str, ...], target: tuple[str, ...], expected: list[int | None]) -> None:
    assert PersonLinks().codes(people(*source), people(*target)).to_pylist() == expected


def test_persons_are_linked_once_for_as_long_as_both_tables_live() -> None:
    engine = DuckdbEngine(threads=1)
    asked = plan(facts_of({"y": KINDS["z"], "z": KINDS["z"]}), [part("y", scan("y", "m")), Z], [count()], link=Link(kind=JoinKind.INNER))
    tables = {"y": people("p", "q"), "z": people("q", "r", "s")}
    assert [engine.measure_exactly(asked, tables) for _ in range(3)] == [((1,),)] * 3
    assert [table.read for table in tables.values()] == [1, 1]
    tables["z"] = people("p", "q")
    assert engine.measure_exactly(asked, tables) == ((2,),)
    remembered = [weakref.ref(table) for table in tables.values()]
    del tables
    gc.collect()
    assert [reference() for reference in remembered] == [None, None]
