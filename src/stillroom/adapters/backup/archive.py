"""The content of a backup: the files of a room's folder, as a tar."""

from __future__ import annotations

import re
import sqlite3
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

from stillroom.adapters.backup.sealed import broken
from stillroom.adapters.home.files import PRIVATE_FILE, write_private
from stillroom.adapters.room_store import FILE as DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

_LEFT_OUT = re.compile(r"room\.sqlite.*|.*\.(lock|new)|\..*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, while others write to it (SQLite's backup API).

    Raises:
        sqlite3.Error: It cannot be read, or the copy not be written.
    """
    write_private(target, b"")
    with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=60)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)


def write_archive(folder: Path, database: Path | None, out: IO[bytes]) -> tuple[str, ...]:
    """Write the files of a room's folder, with a copy of its database; return their names. What agents bring is left out, and locks.

    Args:
        folder: The room's folder.
        database: The copy of its database; None where that is not in the folder.
        out: Where to.
    """
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file() and not _LEFT_OUT.fullmatch(path.name)}
    if database is not None:
        files[DATABASE] = database
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files.items():
            with path.open("rb") as content:
                archive.addfile(_member(name, path.stat().st_size), content)
    return tuple(files)


def read_archive(source: IO[bytes], folder: Path) -> tuple[str, ...]:
    """Write the files of a backup into a folder, for its user alone; return their names.

    Raises:
        Unverified: `BACKUP_INVALID` if it holds anything else than plain files with plain names, or ends too early.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            names = tuple(_written(archive, folder))
    except tarfile.TarError:
        raise broken("The backup holds no files") from None
    while source.read(1 << 20):
        pass  # the end proves that nothing was cut off
    return names


def _written(archive: tarfile.TarFile, folder: Path) -> Iterator[str]:
    for member in archive:
        content = archive.extractfile(member) if member.isreg() and _NAME.fullmatch(member.name) else None
        if content is None:
            raise broken("The backup holds something that is no file of a room")
        write_private(folder / member.name, content.read())
        yield member.name


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, PRIVATE_FILE
    return member
