"""Bringing a table in pieces that the server may keep: only those that it has not got yet, and the keys of those that a run reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.home.copies import Copy, read_copy
from stillroom.adapters.home.sealed_parquet import KEY_SIZE
from stillroom.adapters.remote.pieces import Opening, file_digest, packed, piece_key, pieces_of, write_piece

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from stillroom.adapters.home import Home
    from stillroom.adapters.remote.pieces import Version
    from stillroom.model.errand import Bring
    from stillroom.ports import AdmittedTable, Entropy


class Copier:
    """Brings what a server lacks of the copy of one version of a dataset."""

    def __init__(self, home: Home, version: Version, table: AdmittedTable, carry: Callable[[Path], None], entropy: Entropy) -> None:
        """Name the home, what is copied, its table, who brings files, and what secrets are made of."""
        self._home, self._version, self._table, self._carry, self._entropy = home, version, table, carry, entropy

    def bring(self, task: Bring, folder: Path) -> bytes:
        """Bring what is missing, and return what opens the pieces that the run reads, and no others, to be sealed for it.

        A piece of which the home knows nothing is brought again, though the server has it: its key is lost.

        Args:
            task: The errand.
            folder: Where to make files; they are gone when this returns.

        Raises:
            Refusal: The version is no longer the present one.
            Failed: `STORE_FAILED`, or the server cannot be reached.
        """
        dataset, number = self._version.dataset, self._version.number
        copy = read_copy(self._home.path, dataset, number) or Copy(secret=self._entropy.token(KEY_SIZE).hex())
        wanted = pieces_of(task.columns)
        missing = [piece for piece in wanted if piece not in (task.held or ()) or piece not in copy.pieces]
        if missing:
            copy = self._brought(copy, missing, folder)
            self._home.keep_copy(dataset, number, copy)
        secret = bytes.fromhex(copy.secret)
        digests = [bytes.fromhex(copy.pieces[piece].removeprefix("sha256:")) for piece in wanted]
        openings = [Opening(piece_key(secret, piece), digest) for piece, digest in zip(wanted, digests, strict=True)]
        return packed(self._table.salt, openings)

    def _brought(self, copy: Copy, pieces: Sequence[str], folder: Path) -> Copy:
        """Bring pieces, one after the other, and return the copy with them."""
        digests = {}
        for piece in pieces:
            file = folder / piece
            write_piece(file, self._version, piece_key(bytes.fromhex(copy.secret), piece), piece, self._table)
            digests[piece] = f"sha256:{file_digest(file).hex()}"
            self._carry(file)
            file.unlink()
        return copy.model_copy(update={"pieces": {**copy.pieces, **digests}})
