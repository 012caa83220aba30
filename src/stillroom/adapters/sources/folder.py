"""Parquet files on a disk: one, or all in a folder."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from stillroom.adapters.sources.parquet import File, folder_columns, is_hidden, read_files
from stillroom.adapters.sources.place import unusable
from stillroom.adapters.sources.rows import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from stillroom.adapters.sources.rows import Rows

PARQUET = b"PAR1"
"""How a Parquet file begins."""


@contextmanager
def read(path: Path, columns: Sequence[str], *, at_run: bool) -> Iterator[Rows]:
    """Read a Parquet file, or all in a folder and in folders in it, except for what is hidden.

    Raises:
        InvalidInput: `DATA_INVALID` if it cannot be read, or something in the folder is neither file nor folder; `SOURCE_INVALID` if it is
            a file of another kind.
    """
    if path.is_dir():
        yield read_files(list(_files(path, ())), columns, at_run=at_run)
        return
    with _descriptor(path) as descriptor:
        if os.pread(descriptor, len(PARQUET), 0) != PARQUET:
            raise unusable(
                "Only Parquet can be read where it lies, and this file is not.", "Write it as Parquet, or use `stillroom data add`."
            )
    yield read_files([File(partial(_opened, path))], columns, at_run=at_run)


def open_regular(path: Path, what: str | None = None) -> int:
    """Open a regular file and return its descriptor; never wait for a pipe.

    Args:
        path: The file.
        what: What messages call it; its path if left out.

    Raises:
        InvalidInput: `DATA_INVALID` if it cannot be opened, is something else, or is empty.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise invalid(f"{what or f'The file {path}'} cannot be opened: {error.strerror}.", "Check its name and its permissions.") from None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_size:
        return descriptor
    os.close(descriptor)
    lack = "is empty" if stat.S_ISREG(found.st_mode) else "is not a regular file"
    raise invalid(f"{what or f'The file {path}'} {lack}.", "Name a CSV or Parquet file with a header and rows.")


def name_of(descriptor: int) -> str:
    """Name an open file, so that what was checked is what is read, and no letter of its path is taken for a pattern."""
    return f"/dev/fd/{descriptor}"


def _files(folder: Path, parts: tuple[str, ...]) -> Iterator[File]:
    """Find the files of a folder. No links are followed in it: they may lead anywhere, or in a circle."""
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if not is_hidden(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        raise invalid(f"A folder of the source cannot be read: {error.strerror}.", "Check its permissions.") from None
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(folder / entry.name, (*parts, entry.name))
        elif entry.is_file(follow_symlinks=False):
            yield File(partial(_opened, folder / entry.name), folder_columns(parts))
        else:
            raise invalid(
                "Something in the folder is neither a file nor a folder.", "Take it away, or give it a name that begins with a dot."
            )


@contextmanager
def _opened(path: Path) -> Iterator[pa.NativeFile]:
    import pyarrow as pa

    with _descriptor(path, "A file of the source") as descriptor, pa.OSFile(name_of(descriptor)) as file:
        yield file


@contextmanager
def _descriptor(path: Path, what: str | None = None) -> Iterator[int]:
    descriptor = open_regular(path, what)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
