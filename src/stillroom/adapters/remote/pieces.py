"""Tables in pieces, each encrypted on its own: what a server may keep, and can read only with the keys that a run is handed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from stillroom.adapters.admitted import PERSON, WHOLE
from stillroom.adapters.home.home import SALT_SIZE
from stillroom.adapters.home.sealed_parquet import KEY_SIZE, opened, read, write
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from stillroom.ports import AdmittedTable

PERSONS = "persons"
"""The piece with the identifiers; the others are columns of rows, the codes of persons among them."""

_ROW = "row."
_DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True)
class Version:
    """What pieces are of; it is bound into each of them.

    Attributes:
        room: The room's identity.
        dataset: The dataset.
        number: Its version.
    """

    room: str
    dataset: str
    number: int

    def about(self, piece: str) -> bytes:
        """Return what is authenticated with a piece."""
        return canonical({"room": self.room, "dataset": self.dataset, "version": self.number, "piece": piece})


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a piece.

    Attributes:
        key: Its key.
        digest: SHA-256 of the encrypted file.
    """

    key: bytes = field(repr=False)
    digest: bytes


def pieces_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the pieces of which a run needs the keys that reads some columns."""
    return (PERSONS, *(f"{_ROW}{column}" for column in (PERSON, *columns)))


def piece_key(secret: bytes, piece: str) -> bytes:
    """Derive a piece's key (RFC 5869, section 2.3) from the secret that its owner has made for the version."""
    return HKDFExpand(SHA256(), KEY_SIZE, f"stillroom/piece/v1/{piece}".encode()).derive(secret)


def write_piece(path: Path, version: Version, key: bytes, piece: str, table: AdmittedTable) -> None:
    """Write one piece of a table, encrypted."""
    import pyarrow as pa

    if piece == PERSONS:
        content = pa.table({piece: table.persons()})
    else:
        column = piece.removeprefix(_ROW)
        content = table.rows(() if column == PERSON else (column,)).select([column])
    write(path, key, content, version.about(piece))


def file_digest(path: Path) -> bytes:
    """Return the SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def packed(salt: bytes, openings: Sequence[Opening]) -> bytes:
    """Return a dataset's salt and what opens some pieces, in their order, as it is sealed for a run."""
    return b"".join((salt, *(part for one in openings for part in (one.key, one.digest))))


def unpacked(secret: bytes, pieces: Sequence[str]) -> tuple[bytes, dict[str, Opening]]:
    """Return the salt and what opens each of some pieces.

    Raises:
        Failed: `RUN_FAILED` if it is for more or fewer pieces.
    """
    starts = range(SALT_SIZE, len(secret), KEY_SIZE + _DIGEST_SIZE)
    if len(secret) != SALT_SIZE + len(pieces) * (KEY_SIZE + _DIGEST_SIZE):
        raise Failed(Code.RUN_FAILED, "What was handed over opens other pieces.", "Use the same version of Stillroom on both sides.")
    parts = [secret[start : start + KEY_SIZE + _DIGEST_SIZE] for start in starts]
    return secret[:SALT_SIZE], {piece: Opening(part[:KEY_SIZE], part[KEY_SIZE:]) for piece, part in zip(pieces, parts, strict=True)}


class PiecedTable:
    """An admitted table in pieces (`stillroom.ports.AdmittedTable`). Only the columns that are asked for are read and decrypted."""

    def __init__(self, version: Version, files: Mapping[str, Path], openings: Mapping[str, Opening], salt: bytes) -> None:
        """Say what it is, where its pieces are, what opens them, and the key of the table's keyed hashes."""
        self._version, self._files, self._openings, self._salt = version, files, openings, salt

    @property
    def salt(self) -> bytes:
        """The key of the dataset's keyed hashes."""
        return self._salt

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons. It fails as `rows`."""
        return self._length(f"{_ROW}{PERSON}"), self._length(PERSONS)

    def rows(self, columns: Sequence[str], within: slice = WHOLE) -> pa.Table:
        """Return the rows in a range: `person`, and the columns.

        Raises:
            Failed: `STORE_FAILED` if a piece is damaged, or another one.
        """
        import pyarrow as pa

        found = [self._read(f"{_ROW}{name}", within) for name in (PERSON, *columns)]
        return pa.Table.from_arrays([one.column(0) for one in found], schema=pa.schema([one.schema.field(0) for one in found]))

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return the canonical identifiers of a range of codes. It fails as `rows`."""
        return self._read(PERSONS, within).column(0).combine_chunks()

    def _length(self, piece: str) -> int:
        with opened(self._files[piece], self._openings[piece].key, self._version.about(piece)) as file:
            return int(file.metadata.num_rows)

    def _read(self, piece: str, within: slice) -> pa.Table:
        """Return a range of a piece, as a table of one column."""
        with opened(self._files[piece], self._openings[piece].key, self._version.about(piece)) as file:
            return read(file, None, within)
