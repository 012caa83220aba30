"""A data file, opened for admission: checked, and read by a DuckDB that can reach nothing else."""

from __future__ import annotations

import codecs
import csv
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.sources.folder import PARQUET, name_of, open_regular
from stillroom.adapters.sources.rows import check_header, invalid
from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

LINE_LIMIT = 2_000_000
"""The longest line of a CSV file, in bytes."""

_CSV = (
    "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', encoding = 'utf-8', compression = 'none', "
    f"strict_mode = true, null_padding = false, ignore_errors = false, max_line_size = {LINE_LIMIT}"
)
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET temp_directory = ''",
    "SET preserve_insertion_order = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_NOTHING = '"NULL"'
"""The type of a Parquet column in which there was never anything: read as text, it is nothing of any type."""

_LINE = re.compile(r"Invalid Input Error: CSV Error on Line: ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that can be read.

    Attributes:
        connection: A connection of DuckDB that can read them and nothing else.
        relation: What stands after FROM. It is read once.
        columns: For each column that was asked for, the expression that reads it.
        types: For each of these, DuckDB's name of its type.
        kinds: Likewise, what its owner says that it holds; a number that is handed on as text is a number here.
    """

    connection: DuckDBPyConnection
    relation: str
    columns: Mapping[str, str]
    types: Mapping[str, str]
    kinds: Mapping[str, str]


@contextmanager
def open_file(path: Path, columns: Sequence[str], digest: str | None = None) -> Iterator[Source]:
    """Open a CSV or Parquet file that has these columns, and perhaps others.

    Whatever goes wrong inside the block because of the file is replaced by an error that holds none of its values.

    Args:
        path: The file. CSV has commas, a header, UTF-8 and double quotes (RFC 4180); anything that begins like Parquet is Parquet.
        columns: Names as the file's header must have them.
        digest: Digest that the file's bytes must have.

    Raises:
        InvalidInput: `DATA_INVALID` if the file is no regular, readable file of that kind, or lacks columns.
        Failed: `RUN_FAILED` if the machine's memory is too small.
    """
    descriptor = open_regular(path)
    try:
        _check_digest(descriptor, digest)
        with closed_connection(descriptor) as connection, replaced_errors():
            yield _source(connection, descriptor, columns)
    finally:
        os.close(descriptor)


def _check_digest(descriptor: int, digest: str | None) -> None:
    import hashlib

    if digest is None:
        return
    with os.fdopen(os.dup(descriptor), "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest.removeprefix("sha256:"):
        raise invalid(
            f"The file's digest is sha256:{found}, and the contract wants {digest}.",
            "Use the very file that the parties agreed on, or amend the contract.",
        )


@contextmanager
def closed_connection(descriptor: int | None = None) -> Iterator[DuckDBPyConnection]:
    """Open a DuckDB in memory that may read one file or none, spills nothing to disk, and cannot be talked into more."""
    import duckdb

    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as connection:
        if descriptor is not None:
            connection.execute("SET allowed_paths = [$path]", {"path": name_of(descriptor)})
        for setting in _SETTINGS:
            connection.execute(setting)
        yield connection


@contextmanager
def replaced_errors() -> Iterator[None]:
    """Replace DuckDB's errors, which quote the data, by ours, which do not."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise Failed(Code.RUN_FAILED, "There is not enough memory to admit these data.", "Use a machine with more memory.") from None
    except (duckdb.InternalException, duckdb.FatalException, duckdb.InterruptException):
        raise Failed(Code.RUN_FAILED, "The admission of these data broke off; nothing was changed.", "Try again.") from None
    except duckdb.Error as error:
        line = _LINE.match(str(error))
        where = f"Line {line[1]} of the file" if line else "The source"
        raise invalid(
            f"{where} cannot be read. It is damaged or incomplete, or not UTF-8, or a row has another number of fields than the header, "
            f"or a quote is not closed, or a line is longer than {LINE_LIMIT} bytes.",
            "Write the file again as CSV (RFC 4180, UTF-8, commas, one kind of line ends) or as Parquet.",
        ) from None


def types_of(connection: DuckDBPyConnection, relation: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Return DuckDB's name of the type of each column, given what reads it."""
    described = connection.execute(f"DESCRIBE SELECT {', '.join(columns.values())} FROM {relation}").fetchall()  # noqa: S608
    return dict(zip(columns, (str(row[1]) for row in described), strict=True))


def _source(connection: DuckDBPyConnection, descriptor: int, columns: Sequence[str]) -> Source:
    if os.pread(descriptor, len(PARQUET), 0) == PARQUET:
        header = _parquet_header(descriptor)
        relation = f"read_parquet('{name_of(descriptor)}')"
        found = {name: f'"{name}"' for name in columns}
    else:
        header = _csv_header(descriptor)
        fields = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
        relation = f"read_csv('{name_of(descriptor)}', columns = {{{fields}}}, {_CSV})"
        found = {name: f"c{i}" for i, name in enumerate(header)}
    check_header(header, columns)
    expressions = {name: found[name] for name in columns}
    types = types_of(connection, relation, expressions)
    for name in [name for name, type_ in types.items() if type_ == _NOTHING]:
        expressions[name], types[name] = f"{expressions[name]}::VARCHAR", "VARCHAR"
    return Source(connection, relation, expressions, types, types)


def _csv_header(descriptor: int) -> list[str]:
    """Read the first line of a CSV file."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        line = file.read(LINE_LIMIT).removeprefix(codecs.BOM_UTF8).splitlines()[:1]
    try:
        return next(csv.reader([line[0].decode("utf-8")], strict=True)) if line and line[0] else []
    except (UnicodeDecodeError, csv.Error):
        raise invalid("The file's first line is no header of a CSV file in UTF-8.", "Write the file again as CSV or Parquet.") from None


def _parquet_header(descriptor: int) -> list[str]:
    """Read the names of a Parquet file's columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return list(pq.read_schema(file).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise invalid("The file begins like Parquet, but its end is missing or damaged.", "Write the file again.") from None
