"""The same rows are admitted alike wherever they lie, declared columns alone are asked for, and what is wrong is told without a secret."""

from __future__ import annotations

import datetime
import decimal
import os
import re
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillroom.adapters.duckdb.admission import admit
from stillroom.adapters.sources import open_rows, place_of
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, StillroomError
from stillroom.model.contract import CanonicalRule, Person, PrivateDataset, PublicDataset
from stillroom.model.schema import Column, Kind, Use
from tests.servers import NOBODY, PASSWORD, free_port, postgresql, s3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.adapters.admitted import Admitted
    from tests.servers import Bucket, Server

SALT = bytes(range(32))
MARKER = "Mr-M4rk3r"
"""Stands in rows and names; no message may show it."""

COLUMNS = {
    "age": Column(type=Kind.INTEGER, bounds=(0, 99), required=True),
    "cost": Column(type=Kind.DECIMAL, step=0.01, bounds=(0, 1000)),
    "weight": Column(type=Kind.DECIMAL, step=0.25),
    "city": Column(type=Kind.TEXT, values=("oslo", "rome", "else"), other="else"),
    "note": Column(type=Kind.TEXT, max_length=6),
    "well": Column(type=Kind.BOOLEAN),
    "born": Column(type=Kind.DATE, bounds=("1900-01-01", "2020-12-31")),
    "seen": Column(type=Kind.DATE),
    "at": Column(type=Kind.TIMESTAMP, bounds=("2021-01-01 12:00:00", "2021-01-01 23:45:00")),
}
PERSON = Person(column="id", canonical=(CanonicalRule.TRIM, CanonicalRule.CASEFOLD), placeholders=("n/a",))
DATASET = PrivateDataset(owner="clinic", person=PERSON, rows_per_person=3, columns=COLUMNS)


def rows_of_everybody(count: int = 3000) -> pa.Table:
    """Return rows of some 600 persons, and of nobody, with values of all kinds, some of them absent or beyond what is declared."""
    numbers = range(count)
    moment = datetime.datetime(2021, 1, 1, 23, 30, tzinfo=datetime.UTC)
    data: dict[str, list[Any]] = {
        "id": [None if n % 97 == 0 else ("N/A", f" P{n % 600} ", f"p{n % 600}", f"é{n % 7}")[n % 4] for n in numbers],
        "secret": [f"{MARKER}{n}" for n in numbers],
        "age": [None if n % 31 == 0 else n % 130 - 5 for n in numbers],
        "cost": [None if n % 13 == 0 else decimal.Decimal(n * 7 % 200_000).scaleb(-2) for n in numbers],
        "weight": [None if n % 17 == 0 else float("nan") if n % 19 == 0 else n / 8 for n in numbers],
        "city": [("oslo", "rome", "paris", None)[n % 4] for n in numbers],
        "note": [("", "short", "much too long", "it's", 'q"', None)[n % 6] for n in numbers],
        "well": [(True, False, None)[n % 3] for n in numbers],
        "born": [None if n % 11 == 0 else datetime.date(1890, 1, 1) + datetime.timedelta(n * 20) for n in numbers],
        "seen": [None if n % 7 == 0 else moment + datetime.timedelta(hours=n) for n in numbers],
        "at": [None if n % 5 == 0 else moment.replace(tzinfo=None) + datetime.timedelta(milliseconds=n * 731) for n in numbers],
    }
    kinds = {
        "age": pa.int32(),
        "cost": pa.decimal128(10, 2),
        "weight": pa.float64(),
        "born": pa.date32(),
        "seen": pa.timestamp("us", "UTC"),
        "at": pa.timestamp("us"),
    }
    kinds |= {"well": pa.bool_()}
    return pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in data.items()})


TABLE = rows_of_everybody()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server with the rows in a table."""
    with postgresql() as started:
        started.ingest("visits", TABLE)
        started.execute(
            'CREATE SCHEMA "odd ""schema"""',
            'CREATE TABLE "odd ""schema"""."it\'s; DROP TABLE visits; --" AS SELECT * FROM visits',
            "ALTER TABLE visits ALTER COLUMN cost TYPE numeric(10, 2)",
            "CREATE VIEW seen AS SELECT * FROM visits",
            "CREATE MATERIALIZED VIEW kept AS SELECT * FROM visits",
            "CREATE TABLE empty AS SELECT * FROM visits LIMIT 0",
            "CREATE TABLE short AS SELECT id, age FROM visits",
            "CREATE TABLE parts (LIKE visits) PARTITION BY HASH (id)",
            "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
            "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
            "INSERT INTO parts SELECT * FROM visits",
            "CREATE USER reader PASSWORD 'reading'",
            f"GRANT SELECT ({', '.join(('id', *COLUMNS))}) ON visits TO reader",
            "CREATE USER stranger PASSWORD 'strange'",
        )
        yield started


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    """An S3 service."""
    with s3() as started:
        yield started


@pytest.fixture
def signed(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The service, with its owner's credentials in the environment."""
    for name, value in bucket.environment().items():
        monkeypatch.setenv(name, value)
    bucket.objects.clear()
    bucket.seen.clear()
    return bucket


def parquet(path: Path, table: pa.Table = TABLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=500)
    return path


def folder(path: Path, table: pa.Table = TABLE) -> Path:
    """Write rows as a folder of files, with markers beside them and in folders that name the city."""
    for name, city in (("city=oslo", "oslo"), ("city=rome", "rome"), ("city=paris", "paris"), ("city=__HIVE_DEFAULT_PARTITION__", None)):
        own = table.filter(pa.compute.equal(table["city"], city) if city else pa.compute.is_null(table["city"])).drop_columns("city")
        for n, part in enumerate((own.slice(0, 100), own.slice(100))):
            parquet(path / name / f"part-{n}.parquet", part)
    for hidden in ("_SUCCESS", ".part.crc", "_delta/city=x/part.parquet"):
        (path / hidden).parent.mkdir(parents=True, exist_ok=True)
        (path / hidden).write_bytes(MARKER.encode())
    return path


def database(path: Path, *statements: str) -> Path:
    """Write the rows into a DuckDB file."""
    with duckdb.connect(path) as connection:
        connection.register("given", TABLE)
        connection.execute("CREATE TABLE visits AS SELECT * FROM given")
        for statement in statements:
            connection.execute(statement)
    return path


def admitted(source: str | Path, dataset: PrivateDataset = DATASET, *, at_run: bool = False) -> Admitted:
    return admit(place_of(str(source)), dataset, SALT, attached=at_run, at_run=at_run)


def refused(source: str | Path, dataset: PrivateDataset = DATASET, *, at_run: bool = False) -> StillroomError:
    """Admit what must be refused, and check that nothing of what is there, and no secret, shows, not even in the trace."""
    with pytest.raises(StillroomError) as caught:
        admitted(source, dataset, at_run=at_run)
    trace = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in (MARKER, PASSWORD, "reading", "strange", "s3cr3t") if secret in trace]
    return caught.value


def check_alike(found: Admitted, expected: Admitted) -> None:
    """Compare what is stored, byte for byte, and what is told to the owner."""
    assert found.rows.schema.equals(expected.rows.schema)
    assert stored(found.rows) == stored(expected.rows)
    assert stored(pa.table({"persons": found.persons})) == stored(pa.table({"persons": expected.persons}))
    assert found.report == expected.report


def stored(table: pa.Table) -> bytes:
    """Return a table's bytes as a home has them before they are encrypted."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Admitted:
    """What becomes of the rows in one Parquet file."""
    found = admitted(parquet(tmp_path_factory.mktemp("expected") / "visits.parquet"))
    assert found.report.beyond_limit > 0
    assert found.report.without_person > 0
    assert found.report.without_required > 0
    assert any(column.unusable for column in found.report.columns)
    assert any(column.clamped for column in found.report.columns)
    return found


# --------------------------------------------------------------------------------------------- the same rows, wherever they lie


@pytest.mark.parametrize("at_run", [False, True])
def test_parquet_is_admitted_alike_in_a_file_a_folder_and_a_bucket(
    tmp_path: Path,
    signed: Bucket,
    expected: Admitted,
    *,
    at_run: bool,
) -> None:
    check_alike(admitted(parquet(tmp_path / "visits.parquet"), at_run=at_run), expected)
    check_alike(admitted(folder(tmp_path / "folder"), at_run=at_run), expected)
    signed.put_folder("lake/visits", tmp_path / "folder")
    signed.objects["lake/one.parquet"] = (tmp_path / "visits.parquet").read_bytes()
    signed.objects["lake/visits-of-others/x.parquet"] = b"none of this prefix"
    check_alike(admitted(signed.url("lake/visits"), at_run=at_run), expected)
    check_alike(admitted(signed.url("lake/visits/"), at_run=at_run), expected)
    check_alike(admitted(signed.url("lake/one.parquet"), at_run=at_run), expected)
    assert {method for method, _ in signed.seen} <= {"GET", "HEAD"}


@pytest.mark.parametrize("at_run", [False, True])
def test_tables_of_databases_are_admitted_alike(
    tmp_path: Path,
    server: Server,
    expected: Admitted,
    monkeypatch: pytest.MonkeyPatch,
    *,
    at_run: bool,
) -> None:
    check_alike(admitted(f"duckdb://{database(tmp_path / 'clinic.duckdb')}?table=main.visits", at_run=at_run), expected)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    check_alike(admitted(server.url("visits"), at_run=at_run), expected)
    check_alike(admitted(server.url("public.parts"), at_run=at_run), expected)


def test_types_that_only_databases_have(tmp_path: Path, server: Server) -> None:
    """Long whole numbers, enumerations, days without end, and identifiers that are UUIDs, among them through domains."""
    uuid = "00000000-0000-0000-0000-0000000000ff"
    columns = {
        "big": Column(type=Kind.INTEGER, bounds=(0, 10)),
        "city": Column(type=Kind.TEXT, max_length=9),
        "day": Column(type=Kind.DATE),
        "moment": Column(type=Kind.DATE),
        "second": Column(type=Kind.TIMESTAMP),
        "zoned": Column(type=Kind.TIMESTAMP),
        "small": Column(type=Kind.DECIMAL, step=0.5),
    }
    section = PrivateDataset(owner="clinic", person=Person(column="id"), rows_per_person=9, columns=columns)
    with duckdb.connect(tmp_path / "x.duckdb") as connection:
        connection.execute(
            f"CREATE TABLE t AS SELECT '{uuid}'::UUID AS id, unnest([3, 170141183460469231731687303715884105727])::HUGEINT AS big, "
            "'rome'::ENUM ('oslo', 'rome') AS city, unnest(['infinity', '2020-02-29'])::DATE AS day, "
            "unnest(['-infinity', '2020-02-29 23:59:59'])::TIMESTAMP AS moment, 1.25::DECIMAL(4, 2) AS small, "
            "unnest(['infinity', '1969-12-31 23:59:59.75'])::TIMESTAMP AS second, "
            "unnest(['-infinity', '1969-12-31 23:59:58.25'])::TIMESTAMPTZ AS zoned"
        )
    server.execute(
        "CREATE TYPE city AS ENUM ('oslo', 'rome')",
        "CREATE DOMAIN known AS uuid NOT NULL",
        "CREATE TABLE typed (id known, big numeric, city city, day date, moment timestamp, small float4, "
        "second timestamp, zoned timestamptz)",
        f"INSERT INTO typed VALUES ('{uuid}', 3, 'rome', 'infinity', '-infinity', 1.25, 'infinity', '-infinity')",
        f"INSERT INTO typed VALUES ('{uuid}', 1e300, 'rome', '2020-02-29', '2020-02-29 23:59:59', 1.25, '1969-12-31 23:59:59.75', "
        "'1970-01-01 00:59:58.25+01')",
    )
    found = admitted(f"duckdb://{tmp_path}/x.duckdb?table=t", section)
    day = (datetime.date(2020, 2, 29) - datetime.date(1970, 1, 1)).days
    assert [list(row.values()) for row in found.rows.to_pylist()] == [
        [0, 3, "rome", None, None, None, 15, None],
        [0, 10, "rome", day, day, -1, 15, -2],
    ]
    assert found.persons.to_pylist() == [uuid]
    check_alike(admitted(server.url("typed", password=PASSWORD), section), found)
    assert {column.name: column.unusable for column in found.report.columns} == {
        "big": 0,
        "city": 0,
        "day": 1,
        "moment": 1,
        "second": 1,
        "small": 0,
        "zoned": 1,
    }


def test_a_column_that_is_null_in_one_file_has_the_type_that_it_has_in_others(tmp_path: Path, expected: Admitted) -> None:
    halves = TABLE.filter(pa.compute.is_null(TABLE["note"])), TABLE.filter(pa.compute.is_valid(TABLE["note"]))
    without = halves[0].set_column(halves[0].schema.get_field_index("note"), "note", pa.nulls(halves[0].num_rows))
    parquet(tmp_path / "f" / "a.parquet", without)
    parquet(tmp_path / "f" / "b.parquet", halves[1].set_column(5, "city", halves[1]["city"].dictionary_encode()))
    check_alike(admitted(tmp_path / "f"), expected)


def test_persons_may_stand_in_the_names_of_folders(tmp_path: Path) -> None:
    section = PrivateDataset(owner="clinic", person=PERSON, rows_per_person=2, columns={"age": COLUMNS["age"]})
    for name in ("Ann", "b%20c", "n%2Fa", "__HIVE_DEFAULT_PARTITION__"):
        parquet(tmp_path / "f" / f"id={name}" / "x.parquet", pa.table({"age": [1, 2, 3]}))
    found = admitted(tmp_path / "f", section)
    assert found.persons.to_pylist() == ["ann", "b c"]
    assert (found.rows.num_rows, found.report.without_person, found.report.beyond_limit) == (4, 6, 2)
    parquet(tmp_path / "g" / "id=ann" / "age=7" / "x.parquet", pa.table({"other": [1, 2]}))
    assert admitted(tmp_path / "g", section).rows.column("age").to_pylist() == [7, 7]


# ------------------------------------------------------------------------------------------------------ declared columns only


def test_only_declared_columns_are_ever_asked_for(server: Server, expected: Admitted) -> None:
    """`reader` may read these and no others: a statement with any other column, or with all, would be turned down."""
    before = len(server.said())
    check_alike(admitted(server.url("visits", user="reader", password="reading")), expected)  # noqa: S106 - of this server
    (copied,) = [line for line in server.said()[before:].splitlines() if "COPY (" in line]
    assert set(re.findall(r'AS "(\w+)"', copied)) == {"id", *COLUMNS}
    assert "secret" not in copied
    assert "*" not in copied


def test_the_transaction_reads_one_state_and_cannot_write(server: Server) -> None:
    before = len(server.said())
    admitted(server.url("visits", password=PASSWORD))
    statements = re.findall(r"LOG:  (?:statement|execute [^:]*): (\w+ ?\w*)", server.said()[before:])
    begun = statements.index("BEGIN TRANSACTION")
    assert "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY" in server.said()[before:]
    assert {one.partition(" ")[0] for one in statements[begun:]} <= {"BEGIN", "SET", "SELECT", "COPY", "ROLLBACK", "COMMIT", ""}


def test_a_duckdb_file_is_not_changed(tmp_path: Path) -> None:
    path = database(tmp_path / "clinic.duckdb")
    before = path.read_bytes()
    admitted(f"duckdb://{path}?table=visits")
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["clinic.duckdb"]


# ------------------------------------------------------------------------------------------------------------------- hostile


def test_a_table_with_a_hostile_name_is_that_table(tmp_path: Path, server: Server, expected: Admitted) -> None:
    name = '"odd ""schema""".it\'s; DROP TABLE visits; --'
    check_alike(admitted(server.url(name, password=PASSWORD)), expected)
    assert refused(server.url("visits; DROP TABLE visits", password=PASSWORD)).code is Code.DATA_INVALID
    check_alike(admitted(server.url("visits", password=PASSWORD)), expected)
    path = database(tmp_path / "it's.duckdb", 'CREATE SCHEMA "odd ""schema"""', f'CREATE TABLE {name[:17]}"it\'s; --" AS FROM visits')
    url = f"duckdb://{path}?table=" + "%22odd%20%22%22schema%22%22%22.it's;%20--"
    check_alike(admitted(url), expected)


@pytest.mark.parametrize("table", ["seen", "kept", "nothing", "visits.visits", "pg_catalog.pg_views", "VISITS"])
def test_what_is_no_table_of_the_database_is_refused(server: Server, table: str) -> None:
    error = refused(server.url(table, password=PASSWORD))
    assert error.code is Code.DATA_INVALID
    assert "A view is none" in error.reason


def test_an_empty_or_short_table_is_refused_by_name(tmp_path: Path, server: Server) -> None:
    assert "no rows" in refused(server.url("empty", password=PASSWORD)).reason
    assert "`cost`" in refused(server.url("short", password=PASSWORD)).reason
    path = database(tmp_path / "x.duckdb", "CREATE TABLE empty AS FROM visits LIMIT 0", "CREATE VIEW seen AS FROM visits")
    assert "no rows" in refused(f"duckdb://{path}?table=empty").reason
    assert "A view is none" in refused(f"duckdb://{path}?table=seen").reason
    assert "A view is none" in refused(f"duckdb://{path}?table=none").reason
    assert "A view is none" in refused(f"duckdb://{path}?table=information_schema.tables").reason


WRONG_TYPES = {
    "arrays": "ARRAY[1]",
    "truth values for numbers": "true",
    "days for numbers": "DATE '2020-01-01'",
    "times": "TIME '10:00'",
    "intervals": "INTERVAL '1 day'",
    "documents": "'{}'::json",
}


@pytest.mark.parametrize("value", WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_types_that_a_column_cannot_have_are_refused_by_name(tmp_path: Path, server: Server, value: str) -> None:
    section = PrivateDataset(owner="clinic", person=PERSON, rows_per_person=2, columns={"age": COLUMNS["age"]})
    server.execute("DROP TABLE IF EXISTS wrong", f"CREATE TABLE wrong AS SELECT '{MARKER}' AS id, {value} AS age")
    error = refused(server.url("wrong", password=PASSWORD), section)
    assert error.code is Code.DATA_INVALID
    assert "`age`" in error.reason
    path = database(tmp_path / "x.duckdb", f"CREATE TABLE wrong AS SELECT '{MARKER}' AS id, {value.replace('ARRAY', '')} AS age")
    assert "`age`" in refused(f"duckdb://{path}?table=wrong", section).reason


def test_rows_of_nobody_are_dropped_wherever_they_lie(server: Server) -> None:
    section = PrivateDataset(owner="clinic", person=Person(column="person"), rows_per_person=2, columns={"age": COLUMNS["age"]})
    server.execute("CREATE TABLE nameless AS SELECT CASE WHEN age = 7 THEN id END AS person, age FROM visits")
    report = admitted(server.url("nameless", password=PASSWORD), section).report
    assert report.rows_read == TABLE.num_rows
    assert report.without_person > TABLE.num_rows * 0.9


def test_floats_where_decimals_are_declared_are_read_as_parquet_is(tmp_path: Path, server: Server) -> None:
    table = pa.table({"id": ["a", "b"], "cost": [0.1 + 0.2, 0.285]})
    section = PrivateDataset(owner="clinic", person=PERSON, rows_per_person=2, columns={"cost": COLUMNS["cost"]})
    server.ingest("floats", table)
    check_alike(admitted(server.url("floats", password=PASSWORD), section), admitted(parquet(tmp_path / "x.parquet", table), section))


def test_a_server_that_does_not_let_us_in_or_read_is_told_without_a_secret(server: Server) -> None:
    for url in (
        server.url("visits", password=f"{PASSWORD}{MARKER}"),
        server.url("visits"),
        server.url("visits", user=MARKER, password="x"),  # noqa: S106 - of nobody
        server.url("visits", password=PASSWORD, database=MARKER),
        server.url("visits", user="stranger", password="strange"),  # noqa: S106 - of this server
        server.url("public.parts", user="reader", password="reading"),  # noqa: S106 - of this server
        f"postgresql://owner:{MARKER}@127.0.0.1:{free_port()}/postgres?table=visits",
        f"postgresql://owner:{MARKER}@/postgres?host=%2Fnowhere&table=visits",
    ):
        assert refused(url).code is Code.SOURCE_UNAVAILABLE


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    del tmp_path
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://owner@127.0.0.1:{silent.getsockname()[1]}/postgres?connect_timeout=2&table=visits"
        assert refused(url).code is Code.SOURCE_UNAVAILABLE


WITHOUT_DRIVER = """
import sys
sys.modules["adbc_driver_postgresql"] = None
from stillroom.adapters.sources import open_rows, place_of
from stillroom.errors import StillroomError
try:
    with open_rows(place_of(sys.argv[1]), ["id"], at_run=False):
        pass
except StillroomError as error:
    print(error.code, error.fix)
"""


def test_without_the_extra_it_is_said_what_to_install(server: Server) -> None:
    command = [sys.executable, "-c", WITHOUT_DRIVER, server.url("visits")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith(Code.SOURCE_INVALID)
    assert "stillroom[postgresql]" in said


def test_a_bucket_that_does_not_let_us_read_is_told_without_a_secret(signed: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    signed.objects["lake/one.parquet"] = b"PAR1"
    assert refused(signed.url("lake/none")).code is Code.DATA_INVALID
    assert refused(signed.url("lake/one.parquet")).code is Code.DATA_INVALID
    assert refused(signed.url("lake").replace("warehouse", "elsewhere")).code in {Code.SOURCE_UNAVAILABLE, Code.DATA_INVALID}
    assert refused(signed.url("lake").replace(str(signed.port), str(free_port()))).code is Code.SOURCE_UNAVAILABLE
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"s3cr3t{MARKER}")
    assert refused(signed.url("lake")).code is Code.SOURCE_UNAVAILABLE


def test_a_folder_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no Parquet file" in refused(tmp_path / "empty").reason
    parquet(tmp_path / "mixed" / "a.parquet")
    (tmp_path / "mixed" / f"{MARKER}.csv").write_text(f"id,age\n{MARKER},1\n", encoding="utf-8")
    assert "no Parquet file" in refused(tmp_path / "mixed").reason
    parquet(tmp_path / "two" / "a.parquet")
    parquet(tmp_path / "two" / f"id={MARKER}" / "b.parquet", TABLE.drop_columns("id"))
    assert "`id`" in refused(folder_without(tmp_path, "id")).reason
    wide = TABLE.set_column(2, "age", TABLE["age"].cast(pa.int64()))
    parquet(tmp_path / "types" / "a.parquet")
    parquet(tmp_path / "types" / "b.parquet", wide)
    assert "`age` has several types" in refused(tmp_path / "types").reason
    parquet(tmp_path / "twice" / f"city={MARKER}" / "b.parquet")
    assert "more than one column `city`" in refused(tmp_path / "twice").reason
    parquet(tmp_path / "again" / f"x={MARKER}" / "x=2" / "b.parquet")
    assert "twice" in refused(tmp_path / "again").reason
    parquet(tmp_path / "gone" / "b.parquet", TABLE.drop_columns("note"))
    assert "no column `note`" in refused(tmp_path / "gone").reason


def folder_without(tmp_path: Path, column: str) -> Path:
    """Return a folder in which one file lacks a column that the names of other folders have."""
    path = tmp_path / "lacking"
    parquet(path / f"{column}={MARKER}" / "a.parquet", TABLE.drop_columns(column))
    parquet(path / "b.parquet", TABLE.drop_columns(column))
    return path


def test_pipes_links_and_damaged_files_in_a_folder_are_refused(tmp_path: Path) -> None:
    parquet(tmp_path / "pipe" / "a.parquet")
    os.mkfifo(tmp_path / "pipe" / "b.parquet")
    assert "neither a file nor a folder" in refused(tmp_path / "pipe").reason
    parquet(tmp_path / "link" / "a.parquet")
    (tmp_path / "link" / "again").symlink_to(tmp_path / "link")
    assert "neither a file nor a folder" in refused(tmp_path / "link").reason
    path = parquet(tmp_path / "damaged" / f"x={MARKER}" / "a.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert MARKER not in refused(tmp_path / "damaged").reason
    path.write_bytes(whole[:4] + b"\xff" * 2000 + whole[2004:])
    refused(tmp_path / "damaged")
    path.write_bytes(b"")
    assert "is empty" in refused(tmp_path / "damaged").reason


def test_text_that_is_not_utf8_is_refused_in_a_folder_and_absent_in_a_run(tmp_path: Path) -> None:
    """In a run, others would see that it failed: so a value never makes it fail."""
    broken = pa.array([MARKER.encode() + b"\xff", b"fine", None]).view(pa.string())
    table = TABLE.slice(1, 3).set_column(6, "note", broken)
    parquet(tmp_path / "f" / "x.parquet", table)
    assert "not UTF-8" in refused(tmp_path / "f").reason
    notes = admitted(tmp_path / "f", at_run=True).rows.column("note").to_pylist()
    assert sorted(notes, key=str) == [None, None, "fine"]


def test_without_rows_a_source_is_a_table_without_rows_in_a_run(tmp_path: Path, server: Server, signed: Bucket) -> None:
    (tmp_path / "empty").mkdir()
    path = database(tmp_path / "x.duckdb", "CREATE TABLE empty AS FROM visits LIMIT 0")
    signed.objects["lake/empty/a.parquet"] = parquet(tmp_path / "y" / "a.parquet", TABLE.slice(0, 0)).read_bytes()
    sources = (tmp_path / "empty", tmp_path / "y", f"duckdb://{path}?table=empty", server.url("empty", password=PASSWORD))
    for source in (*sources, signed.url("lake/empty")):
        found = admitted(source, at_run=True)
        assert (found.rows.num_rows, len(found.persons)) == (0, 0)
        assert found.rows.column_names == ["person", *sorted(COLUMNS)]


def test_a_duckdb_file_of_another_kind_is_refused(tmp_path: Path, expected: Admitted) -> None:
    path = database(tmp_path / "clinic.duckdb")
    (tmp_path / "link.duckdb").symlink_to(path)
    check_alike(admitted(f"duckdb://{tmp_path}/link.duckdb?table=visits"), expected)
    os.mkfifo(tmp_path / "pipe.duckdb")
    assert refused(f"duckdb://{tmp_path}/pipe.duckdb?table=visits").code is Code.DATA_INVALID
    assert refused(f"duckdb://{tmp_path}?table=visits").code is Code.DATA_INVALID
    assert refused(f"duckdb://{tmp_path}/none.duckdb?table=visits").code is Code.DATA_INVALID
    assert refused("duckdb:///dev/null?table=visits").code is Code.DATA_INVALID
    (tmp_path / "csv.duckdb").write_text(f"id,age\n{MARKER},1\n", encoding="utf-8")
    assert refused(f"duckdb://{tmp_path}/csv.duckdb?table=visits").code is Code.SOURCE_UNAVAILABLE
    (tmp_path / "half.duckdb").write_bytes(path.read_bytes()[:10_000])
    assert refused(f"duckdb://{tmp_path}/half.duckdb?table=visits").code is Code.SOURCE_UNAVAILABLE


WRITER = """
import duckdb, os, sys
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute("INSERT INTO visits SELECT * FROM visits LIMIT 500")
    print("written", flush=True)
    sys.stdin.read()
    os._exit(0)
"""
"""Keeps a DuckDB file open for writing, with rows that are not in it yet but in its log, and dies."""


def test_what_another_process_writes_is_waited_for_by_nobody_and_read_once_it_is_there(tmp_path: Path) -> None:
    path = database(tmp_path / "clinic.duckdb")
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        assert refused(f"duckdb://{path}?table=visits").code is Code.SOURCE_UNAVAILABLE
        writer.communicate(timeout=60)
    assert admitted(f"duckdb://{path}?table=visits").report.rows_read == TABLE.num_rows + 500


def test_a_view_that_takes_a_tables_place_and_a_column_that_goes_are_found(server: Server) -> None:
    server.execute("CREATE TABLE moving AS SELECT * FROM visits")
    admitted(server.url("moving", password=PASSWORD), at_run=True)
    server.execute("ALTER TABLE moving RENAME COLUMN note TO remark")
    assert "`note`" in refused(server.url("moving", password=PASSWORD), at_run=True).reason
    server.execute("DROP TABLE moving", "CREATE VIEW moving AS SELECT * FROM visits")
    assert "A view is none" in refused(server.url("moving", password=PASSWORD), at_run=True).reason


def test_a_server_that_goes_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with postgresql() as started:
        started.ingest("visits", TABLE)
        url = started.url("visits")
        admitted(url)
    assert refused(url).code is Code.SOURCE_UNAVAILABLE


def test_a_connection_that_breaks_while_rows_come_is_told(server: Server) -> None:
    server.execute(f"CREATE TABLE many AS SELECT '{MARKER}' || n AS id, repeat('x', 500) AS note FROM generate_series(1, 200000) n")
    with open_rows(place_of(server.url("many", password=PASSWORD)), ["id", "note"], at_run=True) as rows:
        assert next(rows.batches).num_rows < 200_000
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND pid <> pg_backend_pid()")
        with pytest.raises(StillroomError) as caught:
            list(rows.batches)
    assert caught.value.code is Code.SOURCE_UNAVAILABLE
    assert MARKER not in "".join(traceback.format_exception(caught.value))


def test_a_table_that_is_being_rebuilt_is_not_waited_for(server: Server) -> None:
    server.execute("CREATE TABLE rebuilt AS SELECT * FROM visits")
    with server.executing("BEGIN", "LOCK TABLE rebuilt IN ACCESS EXCLUSIVE MODE"):
        assert refused(server.url("rebuilt", password=PASSWORD)).code is Code.SOURCE_UNAVAILABLE
    admitted(server.url("rebuilt", password=PASSWORD))


def test_a_bucket_that_breaks_off_is_told(signed: Bucket, tmp_path: Path) -> None:
    signed.objects["lake/a.parquet"] = parquet(tmp_path / "a.parquet").read_bytes()
    with open_rows(place_of(signed.url("lake")), ["id", "note"], at_run=True) as rows:
        signed.objects.clear()
        with pytest.raises(StillroomError) as caught:
            list(rows.batches)
    assert caught.value.code in {Code.SOURCE_UNAVAILABLE, Code.DATA_INVALID}


def test_a_public_table_is_added_as_its_file(tmp_path: Path, server: Server) -> None:
    path = parquet(tmp_path / "zones" / "zones.parquet", pa.table({"zip": ["1", "2"]}))
    zip_code = Column(type=Kind.TEXT, max_length=5, uses=(Use.JOIN,))
    section = PublicDataset(
        kind="public", owner="o", digest=digest(path.read_bytes()), key=("zip",), rows_per_key=1, columns={"zip": zip_code}
    )
    assert admit(place_of(str(path)), section, b"").rows.num_rows == 2
    for place, attached in ((str(path), True), (str(path.parent), False), (server.url("zones"), False)):
        with pytest.raises(StillroomError) as caught:
            admit(place_of(place), section, b"", attached=attached)
        assert caught.value.code is Code.SOURCE_INVALID


def test_two_threads_read_the_same_source(server: Server, tmp_path: Path, expected: Admitted) -> None:
    url = f"duckdb://{database(tmp_path / 'clinic.duckdb')}?table=visits"
    found: list[Admitted] = []
    readings: list[Callable[[], None]] = [
        lambda: found.append(admitted(url)),
        lambda: found.append(admitted(server.url("visits", password=PASSWORD))),
    ]
    threads = [threading.Thread(target=reading) for reading in readings * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for one in found:
        check_alike(one, expected)


def test_the_server_of_the_tests_runs_as_no_administrator(server: Server) -> None:
    if os.geteuid() == 0:
        owner = Path(f"/proc/{server.process.pid}").owner()
        assert owner == NOBODY
