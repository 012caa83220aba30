"""Admitted tables on disk: Parquet files under Parquet's own modular encryption (AES-GCM with 256 bits), one key a file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from stillroom.adapters.admitted import PERSON, WHOLE
from stillroom.errors import Code, Failed, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

    from stillroom.adapters.admitted import Contents

KEY_SIZE = 32
"""Bytes of a home's data key, and of the key of each file."""

GROUP_ROWS = 2**17
"""Rows that are compressed and encrypted together: the least that can be read."""

_ROWS = "rows.parquet"
_PERSONS = "persons.parquet"
FILES = (_ROWS, _PERSONS)
"""The files of a table; a public one has no persons."""

_IDENTIFIER = "identifier"


class StoredTable:
    """An admitted table in a home. Only the columns that are asked for are read and decrypted."""

    def __init__(self, folder: Path, key: bytes, salt: bytes) -> None:
        """Name the table's folder, the key of this version's files, and that of the table's keyed hashes."""
        self._folder = folder
        self._key = key
        self._salt = salt

    @property
    def salt(self) -> bytes:
        """The key of the dataset's keyed hashes; empty for a public table."""
        return self._salt

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons.

        Raises:
            Failed: `STORE_FAILED`, as `rows`.
        """
        return self._extent

    @cached_property
    def _extent(self) -> tuple[int, int]:
        """What is read once: a version of a dataset never changes."""
        with _opened(self._folder / _ROWS, self._key) as file:
            rows = file.metadata.num_rows
        if not self._salt:
            return rows, 0
        with _opened(self._folder / _PERSONS, self._key) as file:
            return rows, file.metadata.num_rows

    def rows(self, columns: Sequence[str] | None = None, within: slice = WHOLE) -> pa.Table:
        """Return the rows in a range: `person` (private tables only) and the columns, or all columns.

        Raises:
            Refusal: `DATA_NOT_ADMITTED` if a column was never admitted.
            Failed: `STORE_FAILED` if the file is damaged, or belongs to another key or another place.
        """
        with _opened(self._folder / _ROWS, self._key) as file:
            found = file.schema_arrow.names
            if missing := [name for name in columns or () if name not in found]:
                raise Refusal(Code.DATA_NOT_ADMITTED, f"The data has no column {', '.join(missing)}.", "Its owner adds it again.")
            person = [PERSON] if PERSON in found else []
            return _read(file, None if columns is None else [*person, *columns], within)

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return the canonical identifiers of a range of codes; without one, item i belongs to code i.

        Raises:
            Failed: `STORE_FAILED`, as `rows`.
        """
        import pyarrow as pa

        if not self._salt:
            return pa.array([], pa.string())
        with _opened(self._folder / _PERSONS, self._key) as file:
            return _read(file, None, within).column(0).combine_chunks()


def write_table(folder: Path, place: Path, key: bytes, contents: Contents) -> None:
    """Write an admitted table.

    Args:
        folder: Where to write.
        place: Where the folder will be: its last two parts, dataset and version, are bound into the keys.
        key: The key of this version's files.
        contents: The table.
    """
    import pyarrow as pa

    _write(folder / _ROWS, place / _ROWS, key, contents.rows)
    if contents.salt:
        _write(folder / _PERSONS, place / _PERSONS, key, pa.table({_IDENTIFIER: contents.persons}))


def _write(path: Path, place: Path, key: bytes, table: pa.Table) -> None:
    """Write a table under its file's own key. Whole numbers are stored as differences: small, and fast to read.

    Statistics would be of no use: whoever reads rows reads all of them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_encryption_properties

    whole = [field.name for field in table.schema if pa.types.is_integer(field.type)]
    pq.write_table(
        table,
        path,
        use_dictionary=[name for name in table.column_names if name not in whole],
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        compression="snappy",
        write_statistics=False,
        row_group_size=GROUP_ROWS,
        encryption_properties=create_encryption_properties(_file_key(key, place)),
    )


def _read(file: pq.ParquetFile, columns: list[str] | None, within: slice) -> pa.Table:
    """Read rows in a range, and no group of rows that has none of them."""
    start, stop, _ = within.indices(file.metadata.num_rows)
    ends = list(accumulate(file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)))
    first, last = bisect_right(ends, start), bisect_left(ends, stop)
    groups = list(range(first, min(last + 1, len(ends)))) if start < stop else []
    if len(groups) == len(ends):
        return file.read(columns=columns)[within]
    skipped = ends[first - 1] if first else 0
    return file.read_row_groups(groups, columns=columns)[start - skipped : max(start, stop) - skipped]


@contextmanager
def _opened(path: Path, key: bytes) -> Iterator[Any]:
    """Open an encrypted file. Every part of it is authenticated, so that what is read is what was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_decryption_properties

    try:
        with pq.ParquetFile(path, decryption_properties=create_decryption_properties(_file_key(key, path))) as file:
            yield file
    except (OSError, pa.ArrowException):
        raise Failed(
            Code.STORE_FAILED,
            f"The stored data of `{path.parent.parent.name}` cannot be read: it is damaged, or belongs to another key.",
            "Add the dataset again, or restore the home from its backup.",
        ) from None


def version_key(key: bytes, secret: bytes) -> bytes:
    """Derive the key of a version's files (RFC 5869) from the home's data key and the version's own secret: without either it is gone."""
    return HKDF(SHA256(), KEY_SIZE, salt=secret, info=b"stillroom/version/v1").derive(key)


def _file_key(key: bytes, place: Path) -> bytes:
    """Derive a file's key (RFC 5869, section 2.3) from the version's key and the file's place: dataset, version and name."""
    info = "/".join(("stillroom/file/v1", *place.parts[-3:])).encode()
    return HKDFExpand(SHA256(), KEY_SIZE, info).derive(key)
