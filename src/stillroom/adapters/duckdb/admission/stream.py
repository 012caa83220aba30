"""A stream of Arrow batches, opened for admission by a DuckDB that can reach nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.duckdb.admission.source import Source, closed_connection, replaced_errors, types_of
from stillroom.adapters.sources.place import quoted
from stillroom.errors import StillroomError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from stillroom.adapters.sources.rows import Rows

_RELATION = "stream"


@contextmanager
def open_stream(rows: Rows) -> Iterator[Source]:
    """Open rows that are read somewhere else.

    Whatever goes wrong inside the block because of them is replaced by an error that holds none of their values.

    Raises:
        InvalidInput: `DATA_INVALID` if they cannot be read.
        Failed: `RUN_FAILED` if the machine's memory is too small, or whatever error the reading of the rows raises.
    """
    import pyarrow as pa

    heard = _Heard(rows.batches)
    with closed_connection() as connection, heard.errors(), replaced_errors():
        columns = {name: quoted(name) for name in rows.schema.names}
        connection.register(_RELATION, rows.schema.empty_table())
        types = types_of(connection, _RELATION, columns)
        connection.register(_RELATION, pa.RecordBatchReader.from_batches(rows.schema, iter(heard)))
        yield Source(connection, _RELATION, columns, types, {**types, **rows.kinds})


class _Heard:
    """Batches, and the error that ended them: DuckDB passes on no more than what it says."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Listen to batches."""
        self._batches = batches
        self._error: StillroomError | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        try:
            yield from self._batches
        except StillroomError as error:
            self._error = error
            raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Let the error that ended the batches take the place of what came of it."""
        try:
            yield
        except StillroomError:
            if self._error is None:
                raise
            raise self._error from None
