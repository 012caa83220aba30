"""Reading and writing files that users name."""

from __future__ import annotations

import os
from pathlib import Path

from stillroom.errors import Code, InvalidInput


def read_bytes(path: str | Path, limit: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        InvalidInput: There is no such file, it is not a regular one, it cannot be read, or it is larger than the limit.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InvalidInput(Code.FILE_INVALID, f"There is no file {path.name!r} at that place.", "Check the path.")
        if path.stat().st_size > limit:
            raise InvalidInput(Code.FILE_INVALID, f"The file {path.name!r} is larger than {limit} bytes.", "Name the right file.")
        return path.read_bytes()
    except OSError:
        raise InvalidInput(Code.FILE_INVALID, f"The file {path.name!r} cannot be read.", "Check its permissions.") from None


def check_writable(path: Path) -> None:
    """Find out beforehand whether a file can be written, so that nothing is spent in vain.

    Raises:
        InvalidInput: It cannot.
    """
    try:
        writable = not path.is_dir() and os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise _unwritable(path)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file.

    Raises:
        InvalidInput: It cannot be written.
    """
    path = Path(path)
    try:
        path.write_bytes(content)
    except OSError:
        raise _unwritable(path) from None


def _unwritable(path: Path) -> InvalidInput:
    return InvalidInput(Code.FILE_INVALID, f"The file {path.name!r} cannot be written.", "Check the folder and its permissions.")
