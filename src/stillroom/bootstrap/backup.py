"""Backing a room up, and restoring it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from stillroom.bootstrap.rooms import read_plate, room_key
from stillroom.errors import Code, Failed, InvalidInput


def back_up(room: Path, file: Path, passphrase: str) -> tuple[str, ...]:
    """Write a room's folder to one sealed file, as it is at one moment, while it may be served. The room's key is in it.

    Records in a PostgreSQL database are not: that has backups of its own.

    Returns:
        The names of the files that are in it.

    Raises:
        InvalidInput: `ROOM_INVALID`, `PASSPHRASE_INVALID`, or `BACKUP_INVALID` if there is a file of that name already.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    import sqlite3

    from stillroom.adapters.backup.archive import copy_database
    from stillroom.adapters.backup.passphrase import check_passphrase
    from stillroom.adapters.home.files import disk_errors, exclusive
    from stillroom.adapters.room_store import FILE, NAMED

    room_key(room)
    check_passphrase(passphrase, _names(room))
    if file.exists():
        raise InvalidInput(Code.BACKUP_INVALID, f"There is something at {file} already.", "Name a file that is not there yet.")
    try:
        with disk_errors("The backup"), exclusive(room / "room.lock"), tempfile.TemporaryDirectory(dir=room, prefix=".backup-") as made:
            copy = None if (room / NAMED).exists() else Path(made) / FILE
            if copy is not None:
                copy_database(room / FILE, copy)
            return _sealed(room, copy, file, passphrase)
    except sqlite3.Error as error:
        raise Failed(
            Code.STORE_FAILED,
            f"The room database could not be copied: {type(error).__name__}.",
            "Check disk space and permissions, and that the file is not damaged, then try again.",
        ) from None


def _names(room: Path) -> tuple[str, ...]:
    """Return the names that whoever guesses a passphrase knows: of the room, and of its parties where the folder has its records."""
    from stillroom.adapters.room_store import NAMED, find_store
    from stillroom.room.parties import names

    parties: tuple[str, ...] = ()
    if not (room / NAMED).exists():
        with suppress(Failed):  # what is wrong with the records is said when they are copied
            parties = names(find_store(room))
    return (read_plate(room).name, *parties)


def _sealed(room: Path, database: Path | None, file: Path, passphrase: str) -> tuple[str, ...]:
    """Write the file whole, or not at all."""
    from stillroom.adapters.backup.archive import write_archive
    from stillroom.adapters.backup.sealed import SALT, SealedWriter
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.home.files import PRIVATE_FILE, sync

    incoming = file.with_name(f".{file.name}.incoming")
    incoming.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE), "wb") as out:
            writer = SealedWriter(out, passphrase, SystemEntropy().token(SALT))
            names = write_archive(room, database, cast("BinaryIO", writer))
            writer.end()
            out.flush()
            os.fsync(out.fileno())
        incoming.rename(file)
        sync(file.parent)
    finally:
        with suppress(FileNotFoundError):
            incoming.unlink()
    return names


def restore(file: Path, folder: Path, passphrase: str) -> str:
    """Make a room's folder of a backup, in a folder that is empty or not there; return the room's name.

    Raises:
        InvalidInput: `ROOM_EXISTS` if there is something; `BACKUP_INVALID` if the file cannot be read.
        Unverified: `BACKUP_INVALID` if the passphrase is another one, or the file was altered or cut off; nothing is left behind.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.backup.archive import read_archive
    from stillroom.adapters.backup.sealed import SealedReader
    from stillroom.adapters.home.files import disk_errors, new_folder
    from stillroom.bootstrap.rooms import free

    with disk_errors("The room"):
        path = free(folder, Code.ROOM_EXISTS)
    try:
        source = file.open("rb")
    except OSError as error:
        raise InvalidInput(Code.BACKUP_INVALID, f"{file} cannot be read: {error.strerror}.", "Name a backup.") from None
    with source, disk_errors("The room"), new_folder(path, path.with_name(f".{path.name}.incoming")) as incoming:
        read_archive(cast("BinaryIO", SealedReader(source, passphrase)), incoming)
        room_key(incoming)
    return read_plate(path).name


def inconsistencies(room: Path) -> tuple[str, ...]:
    """Return all that does not agree in what a room keeps (`stillroom.room.consistency`).

    Raises:
        InvalidInput: `ROOM_INVALID`.
        Failed: `STORE_FAILED` if there is no store, or it cannot be opened.
    """
    from stillroom.adapters.room_store import find_store
    from stillroom.room import consistency
    from stillroom.room.room import Notary

    plate, key = read_plate(room), room_key(room)
    return consistency.findings(find_store(room), Notary(plate.name, key))
