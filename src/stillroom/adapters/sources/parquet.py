"""Parquet files as one table: one schema, and columns that stand in the names of folders."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from stillroom.adapters.sources.rows import Rows, check_header, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

_ROWS_AT_ONCE = 65_536
_ABSENT = "__HIVE_DEFAULT_PARTITION__"
"""What stands in a folder's name for NULL, since Hive."""


@dataclass(frozen=True, slots=True)
class File:
    """A Parquet file.

    Attributes:
        open: Opens it for reading.
        folders: The columns that stand in the names of its folders, and their values.
    """

    open: Callable[[], AbstractContextManager[pa.NativeFile]]
    folders: Mapping[str, str | None] = field(default_factory=dict)


def folder_columns(parts: Sequence[str]) -> dict[str, str | None]:
    """Return the columns that stand in names of folders, as `key=value`.

    Raises:
        InvalidInput: `DATA_INVALID` if one stands there twice.
    """
    pairs = [part.split("=", 1) for part in parts if "=" in part]
    columns = {key: None if value == _ABSENT else unquote(value) for key, value in pairs}
    if len(columns) < len(pairs):
        raise invalid("A column stands twice in the names of nested folders.", "Write the folder again.")
    return columns


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder is left out: markers, sums and lists of those who write such folders begin like this."""
    return name.startswith((".", "_"))


def read_files(files: Sequence[File], columns: Sequence[str], *, at_run: bool) -> Rows:
    """Read files as one table.

    A column that has no type in a file, since all its values there are NULL, takes the type that it has in others.

    Args:
        files: The files, in any order.
        columns: What is read.
        at_run: No files are a table without rows then.

    Raises:
        InvalidInput: `DATA_INVALID` if there are none, they are no Parquet files, or differ in a column that is read.
    """
    import pyarrow as pa

    if not files and not at_run:
        raise invalid("There is no Parquet file in the source.", "Name a file, or a folder with Parquet files.")
    types = dict.fromkeys(columns, pa.null())
    kinds: dict[str, str] = {}
    for file in files:
        with _opened(file) as opened:
            _take(types, kinds, _types(opened.schema_arrow, file, columns))
    schema = pa.schema(
        [(name, pa.large_string() if pa.types.is_null(type_) and name not in kinds else type_) for name, type_ in types.items()]
    )
    return Rows(schema, chain.from_iterable(_batches(file, schema, kinds) for file in files), kinds)


def _take(types: dict[str, pa.DataType], kinds: dict[str, str], found: Mapping[str, pa.DataType]) -> None:
    """Add what one file says of the types.

    Raises:
        InvalidInput: `DATA_INVALID` if others say otherwise.
    """
    import pyarrow as pa

    for name, type_ in found.items():
        plain = _plain(type_)
        if plain is None:
            kinds[name] = str(type_).upper()
        elif pa.types.is_null(types[name]):
            types[name] = plain
        elif not pa.types.is_null(plain) and types[name] != plain:
            raise invalid(f"The column `{name}` has several types in the files of the source.", "Write all files with one schema.")


def _types(schema: pa.Schema, file: File, columns: Sequence[str]) -> dict[str, pa.DataType]:
    """Return the types of the columns of one file, those among them that stand in names of folders."""
    import pyarrow as pa

    check_header([*schema.names, *file.folders], columns)
    return {name: pa.large_string() if name in file.folders else schema.field(name).type for name in columns}


def _plain(type_: pa.DataType) -> pa.DataType | None:
    """Return the type that a column is read as, or None if it is no type of a column that can be admitted."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        return _plain(type_.value_type)
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return pa.large_string()
    plain = types.is_integer, types.is_boolean, types.is_date, types.is_timestamp, types.is_decimal128, types.is_null
    floating = types.is_float32(type_) or types.is_float64(type_)
    return type_ if floating or any(check(type_) for check in plain) else None


def _batches(file: File, schema: pa.Schema, kinds: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """Read one file. It is opened again, and has to be what it was."""
    import pyarrow as pa

    with _opened(file) as opened:
        types = {name: pa.null() for name in schema.names}
        _take(types, dict(kinds), _types(opened.schema_arrow, file, schema.names))
        stored = [name for name in schema.names if name not in file.folders and name not in kinds]
        for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=stored):
            yield pa.record_batch([_column(batch, file, one) for one in schema], schema=schema)


def _column(batch: pa.RecordBatch, file: File, wanted: pa.Field) -> pa.Array:
    import pyarrow as pa

    if wanted.name in file.folders:
        return pa.repeat(pa.scalar(file.folders[wanted.name], wanted.type), batch.num_rows)
    if pa.types.is_null(wanted.type):
        return pa.nulls(batch.num_rows)
    return batch.column(wanted.name).cast(wanted.type)


@contextmanager
def _opened(file: File) -> Iterator[Any]:
    """Open a Parquet file; what is wrong with it is told without a word of what it holds, or of its name, which may be a value.

    Raises:
        InvalidInput: `DATA_INVALID`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open() as opened, pq.ParquetFile(opened) as parquet:
            yield parquet
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise invalid(
            "A file of the source is no Parquet file, or damaged, or could not be read to its end.",
            "Write the file again, or take it away.",
        ) from None
