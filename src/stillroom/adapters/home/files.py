"""Files that are there whole or not at all, and that nobody else reads."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from stillroom.errors import Code, Failed, InvalidInput
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

V = TypeVar("V", bound=Value)

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_OTHERS = 0o077


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read, through to the disk.

    Raises:
        FileExistsError: There is one.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def replace_private(path: Path, data: bytes) -> None:
    """Replace a file at one stroke: after a crash there is the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    write_private(fresh, data)
    fresh.rename(path)
    sync(path.parent)


def read_value(path: Path, kind: type[V], what: str, fix: str = "Restore the home from its backup.") -> V | None:
    """Return the value that a file holds; nothing if there is no such file.

    Args:
        path: The file.
        kind: What it holds.
        what: What is not known if it is damaged, to begin a sentence with.
        fix: What to do then.

    Raises:
        InvalidInput: `HOME_INVALID` if it is damaged.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise InvalidInput(Code.HOME_INVALID, f"{what} cannot be read.", fix) from None


def sync(path: Path) -> None:
    """Bring a file or a folder's list of names through to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_private(path: Path) -> bool:
    """Tell whether a file can be reached by its owner only."""
    return not path.stat().st_mode & _OTHERS


def check_private(path: Path, code: Code, fix: str) -> None:
    """Refuse a secret key that others can read.

    Raises:
        InvalidInput: With that code.
    """
    if not is_private(path):
        raise InvalidInput(code, f"The secret key in {path.name} is readable by others.", fix)


@contextmanager
def new_folder(path: Path, incoming: Path) -> Iterator[Path]:
    """Fill a folder under another name, and give it its own once all of it is on the disk.

    Args:
        path: The folder to be; a folder of that name must be empty or absent.
        incoming: Where it is filled. What an earlier crash left there is removed.
    """
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(mode=PRIVATE_FOLDER, parents=True)
    try:
        yield incoming
        for entry in (*incoming.rglob("*"), incoming):
            sync(entry)
        incoming.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until no other thread or process holds this lock file, and hold it; the system frees it when its holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Replace an error of the disk by ours.

    Raises:
        Failed: `STORE_FAILED`.
    """
    try:
        yield
    except OSError as error:
        raise Failed(
            Code.STORE_FAILED,
            f"{what} could not be stored: {error.strerror or 'the disk refused'}.",
            "Nothing was changed. Check the space and the permissions of the folder, then try again.",
        ) from None
