"""Admitted tables on disk: one encrypted file of rows, and one of the identifiers of their persons."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from stillroom.adapters.admitted import PERSON, WHOLE
from stillroom.adapters.home.sealed_parquet import KEY_SIZE, opened, read, write
from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Any

    import pyarrow as pa

    from stillroom.adapters.admitted import Contents

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
        with self._opened(_ROWS) as file:
            rows = file.metadata.num_rows
        if not self._salt:
            return rows, 0
        with self._opened(_PERSONS) as file:
            return rows, file.metadata.num_rows

    def rows(self, columns: Sequence[str] | None = None, within: slice = WHOLE) -> pa.Table:
        """Return the rows in a range: `person` (private tables only) and the columns, or all columns.

        Raises:
            Refusal: `DATA_NOT_ADMITTED` if a column was never admitted.
            Failed: `STORE_FAILED` if the file is damaged, or belongs to another key or another place.
        """
        with self._opened(_ROWS) as file:
            found = file.schema_arrow.names
            if missing := [name for name in columns or () if name not in found]:
                raise Refusal(Code.DATA_NOT_ADMITTED, f"The data has no column {', '.join(missing)}.", "Its owner adds it again.")
            person = [PERSON] if PERSON in found else []
            return read(file, None if columns is None else [*person, *columns], within)

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return the canonical identifiers of a range of codes; without one, item i belongs to code i.

        Raises:
            Failed: `STORE_FAILED`, as `rows`.
        """
        import pyarrow as pa

        if not self._salt:
            return pa.array([], pa.string())
        with self._opened(_PERSONS) as file:
            return read(file, None, within).column(0).combine_chunks()

    def _opened(self, name: str) -> AbstractContextManager[Any]:
        return opened(self._folder / name, _file_key(self._key, self._folder / name))


def write_table(folder: Path, place: Path, key: bytes, contents: Contents) -> None:
    """Write an admitted table.

    Args:
        folder: Where to write.
        place: Where the folder will be: its last two parts, dataset and version, are bound into the keys.
        key: The key of this version's files.
        contents: The table.
    """
    import pyarrow as pa

    write(folder / _ROWS, _file_key(key, place / _ROWS), contents.rows)
    if contents.salt:
        write(folder / _PERSONS, _file_key(key, place / _PERSONS), pa.table({_IDENTIFIER: contents.persons}))


def version_key(key: bytes, secret: bytes) -> bytes:
    """Derive the key of a version's files (RFC 5869) from the home's data key and the version's own secret: without either it is gone."""
    return HKDF(SHA256(), KEY_SIZE, salt=secret, info=b"stillroom/version/v1").derive(key)


def _file_key(key: bytes, place: Path) -> bytes:
    """Derive a file's key (RFC 5869, section 2.3) from the version's key and the file's place: dataset, version and name."""
    info = "/".join(("stillroom/file/v1", *place.parts[-3:])).encode()
    return HKDFExpand(SHA256(), KEY_SIZE, info).derive(key)
