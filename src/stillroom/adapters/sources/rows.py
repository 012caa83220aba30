"""Rows as they are read: Arrow batches of declared columns, in which every text is one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a source.

    Attributes:
        schema: The columns that were asked for, in that order. Text is `large_string`.
        batches: The rows; they can be read once.
        kinds: What the source says that a column holds, in DuckDB's words, where that is something else than the batches have.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    kinds: Mapping[str, str] = field(default_factory=dict)


def invalid(reason: str, fix: str) -> InvalidInput:
    """Return the error for data that cannot be admitted."""
    return InvalidInput(Code.DATA_INVALID, reason, fix)


def check_header(header: Sequence[str], columns: Sequence[str], what: str = "file") -> None:
    """Refuse data in which a column is missing or named twice. What the header says is not repeated: it may be a row.

    Raises:
        InvalidInput: `DATA_INVALID`.
    """
    missing = [name for name in columns if name not in header]
    if missing:
        raise invalid(
            f"The {what} has no column {', '.join(f'`{name}`' for name in missing)}.",
            "Its header must spell the columns as the contract does, in lower case.",
        )
    folded = [name.casefold() for name in header]
    twice = [name for name in columns if folded.count(name) > 1]
    if twice:
        raise invalid(f"The {what} has more than one column {', '.join(f'`{name}`' for name in twice)}.", "Give each column its own name.")


@contextmanager
def unavailable(reason: str, fix: str, *kinds: type[Exception]) -> Iterator[None]:
    """Replace errors of a source, of these kinds, of Arrow or of the system, which may quote rows, names and secrets, by ours.

    Raises:
        Failed: `SOURCE_UNAVAILABLE`.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, *kinds):
        raise Failed(Code.SOURCE_UNAVAILABLE, reason, fix) from None


def batches_of(
    reader: pa.RecordBatchReader, schema: pa.Schema, errors: Callable[[], AbstractContextManager[None]]
) -> Iterator[pa.RecordBatch]:
    """Yield what a reader has, in the types of a schema, under what replaces errors of its source."""
    with errors():
        for batch in reader:
            yield batch.cast(schema)


def large(schema: pa.Schema) -> pa.Schema:
    """Return a schema with text as `large_string`: however much of it there is, a batch can hold it."""
    import pyarrow as pa

    return pa.schema([pa.field(one.name, pa.large_string() if pa.types.is_string(one.type) else one.type) for one in schema])


def checked(batches: Iterator[pa.RecordBatch], *, at_run: bool) -> Iterator[pa.RecordBatch]:
    """Yield batches of which every text is Unicode.

    Args:
        batches: As they were read.
        at_run: A text that is none becomes NULL: in a run, nothing that a row holds may end it.

    Raises:
        InvalidInput: `DATA_INVALID` if some text is none, unless it is read for a run.
    """
    import pyarrow as pa

    for batch in batches:
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid:
            if not at_run:
                raise invalid("Some text in the data is not UTF-8, or the data are damaged.", "Write the data again.") from None
            yield pa.record_batch([_readable(column) for column in batch.columns], schema=batch.schema)
        else:
            yield batch


def _readable(column: pa.Array) -> pa.Array:
    """Return a column without its texts that are none."""
    import pyarrow as pa

    if not pa.types.is_large_string(column.type):
        return column
    return pa.array([_text(value) for value in column.cast(pa.large_binary()).to_pylist()], column.type)


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
