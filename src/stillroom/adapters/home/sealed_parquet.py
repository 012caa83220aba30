"""Tables in Parquet files under Parquet's own modular encryption (AES-GCM with 256 bits), each under a key of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

KEY_SIZE = 32
"""Bytes of a home's data key, and of the key of each file."""

GROUP_ROWS = 2**17
"""Rows that are compressed and encrypted together: the least that can be read."""


def write(path: Path, key: bytes, table: pa.Table, about: bytes | None = None) -> None:
    """Write a table under its file's own key. Whole numbers are stored as differences: small, and fast to read.

    Statistics would be of no use: whoever reads rows reads all of them.

    Args:
        path: Where to.
        key: The file's key.
        table: The table.
        about: What it is; part of what is authenticated (AAD), and not in the file.
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
        encryption_properties=create_encryption_properties(key, aad_prefix=about, store_aad_prefix=False),
    )


def read(file: pq.ParquetFile, columns: list[str] | None, within: slice) -> pa.Table:
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
def opened(path: Path, key: bytes, about: bytes | None = None) -> Iterator[Any]:
    """Open an encrypted file. Every part of it is authenticated, so that what is read is what was written.

    Args:
        path: The file.
        key: Its key.
        about: What it was written to be.

    Raises:
        Failed: `STORE_FAILED` if the file is damaged, or belongs to another key, or is something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_decryption_properties

    try:
        with pq.ParquetFile(path, decryption_properties=create_decryption_properties(key, aad_prefix=about)) as file:
            yield file
    except (OSError, pa.ArrowException):
        raise Failed(
            Code.STORE_FAILED,
            f"The stored data of `{path.parent.parent.name}` cannot be read: it is damaged, or belongs to another key.",
            "Add the dataset again, or restore the home from its backup.",
        ) from None
