"""Opens a place and reads its rows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.sources.place import BucketPlace, DuckdbPlace, PathPlace, ServerPlace
from stillroom.adapters.sources.rows import Rows, checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from stillroom.adapters.sources.place import Place


@contextmanager
def open_rows(place: Place, columns: Sequence[str], *, at_run: bool) -> Iterator[Rows]:
    """Open a place: Parquet, or a table of a database. Nothing but the columns is ever asked for.

    Args:
        place: Where the data lie.
        columns: Names of the columns, as the source must have them.
        at_run: Whether the rows are for a run, in which nothing that a row holds, and no lack of rows, may be an error.

    Raises:
        InvalidInput: `DATA_INVALID` if it is not what was declared; `SOURCE_INVALID` if it is no source of this kind.
        Failed: `SOURCE_UNAVAILABLE` if it cannot be reached or does not let us read.
    """
    with _reader(place, columns, at_run=at_run) as rows:
        yield Rows(rows.schema, checked(rows.batches, at_run=at_run), rows.kinds)


def _reader(place: Place, columns: Sequence[str], *, at_run: bool) -> AbstractContextManager[Rows]:
    from stillroom.adapters.sources import bucket, duckdb_file, folder, postgresql

    match place:
        case PathPlace():
            return folder.read(place.path, columns, at_run=at_run)
        case BucketPlace():
            return bucket.read(place, columns, at_run=at_run)
        case DuckdbPlace():
            return duckdb_file.read(place, columns)
        case ServerPlace():
            return postgresql.read(place, columns)
