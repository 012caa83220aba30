"""A file that is not what the contract says is refused by name, changes nothing, and none of its values shows."""

from __future__ import annotations

import gzip
import os
import socket
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillroom.adapters.duckdb.admission import admit_file
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import Person, PrivateDataset, PublicDataset
from stillroom.model.schema import Column, Kind, Use

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.adapters.admitted import Admitted

COLUMNS = {"age": Column(type=Kind.INTEGER, bounds=(0, 120)), "city": Column(type=Kind.TEXT, max_length=20)}
DATASET = PrivateDataset(owner="owner", person=Person(column="id"), rows_per_person=2, columns=COLUMNS)
MARKER = "Mr-M4rk3r"


def admit(path: Path) -> Admitted:
    return admit_file(path, DATASET, bytes(32))


def refused(path: Path) -> InvalidInput:
    """Admit a file that must be refused, and check that nothing of what it holds shows, not even in the trace."""
    with pytest.raises(InvalidInput) as caught:
        admit(path)
    assert caught.value.code is Code.DATA_INVALID
    assert MARKER not in "".join(traceback.format_exception(caught.value))
    return caught.value


def written(folder: Path, content: bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


HEADER = b"id,age,city\n"

BAD_CSV: dict[str, bytes] = {
    "nothing at all": b"",
    "a header only": HEADER,
    "no header": f"{MARKER},{MARKER},{MARKER}\nb,2,y\n".encode(),
    "an empty first line": b"\n" + HEADER + b"a,1,x\n",
    "another delimiter": b"id;age;city\na;1;x\n",
    "a column missing": f"id,age\n{MARKER},1\n".encode(),
    "a column twice": f"id,age,city,age\n{MARKER},1,x,2\n".encode(),
    "names that differ in case only": f"id,age,city,Age\n{MARKER},1,x,2\n".encode(),
    "a short row": HEADER + f"{MARKER},1\n".encode(),
    "a long row": HEADER + f"{MARKER},1,x,y\n".encode(),
    "a long row far below": HEADER + b"a,1,x\n" * 50_000 + f"{MARKER},1,x,y\n".encode(),
    "an open quote": HEADER + f'{MARKER},1,"x\n'.encode(),
    "text after a quote": HEADER + f'{MARKER},1,"x"{MARKER}\n'.encode(),
    "bytes that are not UTF-8": HEADER + f"{MARKER},1,".encode() + b"\xff\xfe\n",
    "a surrogate": HEADER + f"{MARKER},1,".encode() + b"\xed\xa0\x80\n",
    "UTF-16": f"id,age,city\n{MARKER},1,x\n".encode("utf-16"),
    "a header that is not UTF-8": b"id,age,city,\xff\na,1,x,y\n",
    "two kinds of line ends": HEADER + f"{MARKER},1,x\r\n{MARKER},2,y\n".encode(),
    "a cell of 10 MB": HEADER + f"{MARKER},1,".encode() + b"x" * 10_000_000 + b"\n",
    "a quoted cell of 10 MB": HEADER + f'{MARKER},1,"'.encode() + b"x\n" * 5_000_000 + b'"\n',
    "compressed": gzip.compress(HEADER + b"a,1,x\n"),
}


@pytest.mark.parametrize("content", BAD_CSV.values(), ids=BAD_CSV.keys())
def test_a_bad_csv_file_is_refused(content: bytes, tmp_path: Path) -> None:
    refused(written(tmp_path, content))


def test_missing_columns_are_named_and_the_header_is_not_quoted(tmp_path: Path) -> None:
    error = refused(written(tmp_path, f"id,{MARKER}\nx,y\n".encode()))
    assert "`age`" in error.reason
    assert "`city`" in error.reason
    assert "`id`" not in error.reason


def test_the_line_is_named(tmp_path: Path) -> None:
    assert "Line 3 " in refused(written(tmp_path, HEADER + b"a,1,x\n" + f"{MARKER},1\n".encode())).reason


GOOD_CSV: dict[str, bytes] = {
    "plain": HEADER + b"a,1,x\n",
    "a byte order mark": b"\xef\xbb\xbf" + HEADER + b"a,1,x\n",
    "no line end at the end": HEADER + b"a,1,x",
    "CR LF": HEADER.replace(b"\n", b"\r\n") + b"a,1,x\r\n",
    "quotes": b'"id","age","city"\n"a","1","x"\n',
    "other columns too": b'more,city,age,id\n"1\n2",x,1,a\n',
    "blank lines": HEADER + b"\n\na,1,x\n\n",
    "spaces around a number and a person": HEADER + b" a , 1 ,x\n",
}


@pytest.mark.parametrize("content", GOOD_CSV.values(), ids=GOOD_CSV.keys())
def test_a_good_csv_file_is_admitted(content: bytes, tmp_path: Path) -> None:
    admitted = admit(written(tmp_path, content))
    assert admitted.rows.to_pylist() == [{"person": 0, "age": 1, "city": "x"}]
    assert admitted.persons.to_pylist() == ["a"]


def test_no_letter_of_a_path_is_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "we[i]rd *?'\" dir"
    folder.mkdir()
    written(folder, HEADER + b"b,2,y\n", "dataX.csv")
    assert admit(written(folder, HEADER + b"a,1,x\n", "data?.csv")).persons.to_pylist() == ["a"]


def test_a_cell_never_provokes_an_error(tmp_path: Path) -> None:
    """NaN, infinities, dates out of range and the like are no bad files: their cells become NULL or the nearer bound."""
    cells = b"NaN,inf,-inf,1e999999999,-1e999999999,9999999999999999999999,x,\x00,1;2".split(b",")
    content = HEADER + b"".join(b"p%d,%s,x\n" % (i, cell) for i, cell in enumerate(cells))
    ages = admit(written(tmp_path, content)).rows.column("age").to_pylist()
    assert sorted(ages, key=str) == [0, 120, 120, None, None, None, None, None, None]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.csv")
    refused(tmp_path)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    refused(fifo)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        refused(tmp_path / "socket")
    refused(Path("/dev/null"))


def table(**columns: list[Any] | pa.Array) -> pa.Table:
    return pa.table({"id": [MARKER], "age": [1], "city": ["x"], **columns})


def parquet(folder: Path, content: pa.Table) -> Path:
    path = folder / "data.parquet"
    pq.write_table(content, path)
    return path


BAD_TABLES: dict[str, pa.Table] = {
    "no rows": table().slice(0, 0),
    "a column missing": table().drop_columns(["city"]),
    "names that differ in case only": table(City=["y"]),
    "a number for text": table(city=[1.5]),
    "text in lists": table(city=[["x"]]),
    "text in records": table(city=[{"a": "x"}]),
    "bytes": table(city=[b"x"]),
    "truth values for numbers": table(age=[True]),
    "dates for numbers": table(age=pa.array([0], pa.date32())),
    "times": table(age=pa.array([0], pa.time32("s"))),
    "doubles for persons": table(id=[1.0]),
    "records for persons": table(id=[{"a": MARKER}]),
    "text that is not UTF-8": table(city=pa.array([MARKER.encode() + b"\xff"]).view(pa.string())),
}


@pytest.mark.parametrize("content", BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_bad_parquet_file_is_refused(content: pa.Table, tmp_path: Path) -> None:
    refused(parquet(tmp_path, content))


def test_a_column_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    assert "`city`" in refused(parquet(tmp_path, table(city=[[MARKER]]))).reason


def test_columns_that_the_contract_does_not_declare_may_be_anything(tmp_path: Path) -> None:
    admitted = admit(parquet(tmp_path, table(more=[{"a": [1]}], id=["a"])))
    assert admitted.rows.column_names == ["person", "age", "city"]


def test_a_long_text_in_parquet_becomes_null(tmp_path: Path) -> None:
    assert admit(parquet(tmp_path, table(city=["x" * 10_000_000]))).rows.column("city").to_pylist() == [None]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda data: data[: len(data) // 2],
    "without its last byte": lambda data: data[:-1],
    "the first bytes only": lambda data: data[:4],
    "without its beginning": lambda data: data[4:],
    "with a broken footer": lambda data: data[:-100] + b"\x00" * 92 + data[-8:],
    "with broken pages": lambda data: data[:4] + b"\xff" * 200 + data[204:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_half_written_parquet_file_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    whole = parquet(tmp_path, pa.table({"id": [f"{MARKER}{n}" for n in range(500)], "age": [1] * 500, "city": ["x"] * 500})).read_bytes()
    refused(written(tmp_path, damage(whole), "data.parquet"))


ZONES = HEADER.replace(b"id", b"zip") + b"11,1,x\n12,2,y\n12,2,z\n,3,x\n,3,y\n,3,z\n"
ZIP = Column(type=Kind.TEXT, max_length=5, uses=(Use.JOIN,))


def zones(**changes: object) -> PublicDataset:
    section = PublicDataset(kind="public", owner="o", digest=digest(ZONES), key=("zip",), rows_per_key=2, columns={"zip": ZIP, **COLUMNS})
    return section.model_copy(update=changes)


def test_a_public_table_has_no_persons(tmp_path: Path) -> None:
    admitted = admit_file(written(tmp_path, ZONES), zones(), b"")
    assert admitted.rows.to_pylist() == [
        {"age": 1, "city": "x", "zip": "11"},
        {"age": 2, "city": "y", "zip": "12"},
        {"age": 2, "city": "z", "zip": "12"},
    ]
    assert (len(admitted.persons), admitted.salt) == (0, b"")
    assert (admitted.report.rows_read, admitted.report.rows_admitted, admitted.report.without_required) == (6, 3, 3)


def test_a_public_table_is_the_one_of_the_contract(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        admit_file(written(tmp_path, ZONES + b"13,1,x\n"), zones(), b"")
    assert caught.value.code is Code.DATA_INVALID
    assert digest(ZONES) in caught.value.reason


def test_a_public_table_with_too_many_rows_of_one_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        admit_file(written(tmp_path, ZONES), zones(rows_per_key=1), b"")
    assert caught.value.code is Code.DATA_INVALID
    assert "2 rows" in caught.value.reason


def test_the_report_counts_rows_and_cells(tmp_path: Path) -> None:
    rows = [b"a,1,x", b"a,x,x", b"a,200,xxxxxxxxxxxxxxxxxxxxx", b" a,2,", b",1,x", b"b,-1,x", b"c,,x"]
    report = admit(written(tmp_path, HEADER + b"\n".join(rows))).report
    assert (report.rows_read, report.rows_admitted, report.persons) == (7, 4, 3)
    assert (report.without_person, report.without_required, report.beyond_limit) == (1, 0, 2)
    required = DATASET.model_copy(update={"columns": {**COLUMNS, "age": COLUMNS["age"].model_copy(update={"required": True})}})
    report = admit_file(tmp_path / "data.csv", required, bytes(32)).report
    assert (report.without_person, report.without_required, report.beyond_limit, report.persons) == (1, 2, 1, 2)
    wide = DATASET.model_copy(update={"rows_per_person": 9})
    cells = {column.name: (column.unusable, column.clamped) for column in admit_file(tmp_path / "data.csv", wide, bytes(32)).report.columns}
    assert cells == {"age": (1, 2), "city": (1, 0)}
