"""A data file, opened for admission: checked, and read by a DuckDB that can reach nothing else."""

from __future__ import annotations

import codecs
import csv
import os
import re
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

LINE_LIMIT = 2_000_000
"""The longest line of a CSV file, in bytes."""

_PARQUET = b"PAR1"
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
_LINE = re.compile(r"Invalid Input Error: CSV Error on Line: ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Source:
    """An open file.

    Attributes:
        connection: A connection of DuckDB that can read this file and nothing else.
        relation: What stands after FROM.
        columns: For each column that was asked for, the expression that reads it.
        types: For each of these, DuckDB's name of its type.
    """

    connection: DuckDBPyConnection
    relation: str
    columns: Mapping[str, str]
    types: Mapping[str, str]


@contextmanager
def open_source(path: Path, columns: Sequence[str], digest: str | None = None) -> Iterator[Source]:
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
    descriptor = _open(path)
    try:
        _check_digest(descriptor, digest)
        with _connection(descriptor) as connection, _file_errors():
            yield _source(connection, descriptor, columns)
    finally:
        os.close(descriptor)


def invalid(reason: str, fix: str) -> InvalidInput:
    """Return the error for a file that cannot be admitted."""
    return InvalidInput(Code.DATA_INVALID, reason, fix)


def _open(path: Path) -> int:
    """Open a regular file; never wait for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise invalid(f"The file {path} cannot be opened: {error.strerror}.", "Check its name and its permissions.") from None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_size:
        return descriptor
    os.close(descriptor)
    what = "is empty" if stat.S_ISREG(found.st_mode) else "is not a regular file"
    raise invalid(f"The file {path} {what}.", "Name a CSV or Parquet file with a header and rows.")


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
def _connection(descriptor: int) -> Iterator[DuckDBPyConnection]:
    """Open a DuckDB in memory that may read one file, spills nothing to disk, and cannot be talked into more."""
    import duckdb

    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}) as connection:
        connection.execute("SET allowed_paths = [$path]", {"path": _path(descriptor)})
        for setting in _SETTINGS:
            connection.execute(setting)
        yield connection


def _path(descriptor: int) -> str:
    """Name an open file, so that what was checked is what is read, and no letter of its path is taken for a pattern."""
    return f"/dev/fd/{descriptor}"


@contextmanager
def _file_errors() -> Iterator[None]:
    """Replace DuckDB's errors, which quote the file, by ours, which do not."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise Failed(Code.RUN_FAILED, "There is not enough memory to admit this file.", "Use a machine with more memory.") from None
    except (duckdb.InternalException, duckdb.FatalException, duckdb.InterruptException):
        raise Failed(Code.RUN_FAILED, "The admission of this file broke off; nothing was changed.", "Try again.") from None
    except duckdb.Error as error:
        line = _LINE.match(str(error))
        where = f"Line {line[1]} of the file" if line else "The file"
        raise invalid(
            f"{where} cannot be read. It is damaged or incomplete, or not UTF-8, or a row has another number of fields than the header, "
            f"or a quote is not closed, or a line is longer than {LINE_LIMIT} bytes.",
            "Write the file again as CSV (RFC 4180, UTF-8, commas, one kind of line ends) or as Parquet.",
        ) from None


def _source(connection: DuckDBPyConnection, descriptor: int, columns: Sequence[str]) -> Source:
    if os.pread(descriptor, len(_PARQUET), 0) == _PARQUET:
        header = _parquet_header(descriptor)
        relation = f"read_parquet('{_path(descriptor)}')"
        found = {name: f'"{name}"' for name in columns}
    else:
        header = _csv_header(descriptor)
        fields = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
        relation = f"read_csv('{_path(descriptor)}', columns = {{{fields}}}, {_CSV})"
        found = {name: f"c{i}" for i, name in enumerate(header)}
    _check_header(header, columns)
    expressions = {name: found[name] for name in columns}
    described = connection.execute(f"DESCRIBE SELECT {', '.join(expressions.values())} FROM {relation}").fetchall()  # noqa: S608
    return Source(connection, relation, expressions, dict(zip(columns, (str(row[1]) for row in described), strict=True)))


def _check_header(header: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse a file in which a column is missing or named twice. What the file's header says is not repeated: it may be a row."""
    missing = [name for name in columns if name not in header]
    if missing:
        raise invalid(
            f"The file has no column {', '.join(f'`{name}`' for name in missing)}.",
            "Its header must spell the columns as the contract does, in lower case.",
        )
    folded = [name.casefold() for name in header]
    twice = [name for name in columns if folded.count(name) > 1]
    if twice:
        raise invalid(f"The file has more than one column {', '.join(f'`{name}`' for name in twice)}.", "Give each column its own name.")


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
