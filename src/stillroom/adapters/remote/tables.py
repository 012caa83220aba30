"""Tables that owners' agents bring for one run, sealed (`stillroom.ports.Tables`). What opens them is gone once the run has read them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from stillroom.adapters.home.files import PRIVATE_FOLDER, disk_errors
from stillroom.adapters.home.sealed_parquet import KEY_SIZE
from stillroom.adapters.home.stored_table import FILES, StoredTable
from stillroom.adapters.remote.pieces import PiecedTable, Version, file_digest, pieces_of, unpacked
from stillroom.adapters.remote.seal import RunKey
from stillroom.adapters.remote.vault import shown
from stillroom.errors import Code, Failed, Refusal, StillroomError
from stillroom.model.errand import Bring
from stillroom.room import contracts, data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from stillroom.adapters.remote.kept import Kept
    from stillroom.adapters.remote.sender import Sender
    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading
    from stillroom.ports import AdmittedTable, Store

SECONDS = 3_600.0
"""How long an agent may take to bring a table."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be brought of one dataset for one run.

    Attributes:
        ticket: What the errand is known by.
        dataset: The dataset.
        owner: Whose it is.
        version: Its version.
        columns: The columns that the run reads.
        kept: Whether the contract lets the server keep them.
    """

    ticket: str
    dataset: str
    owner: str
    version: int
    columns: tuple[str, ...]
    kept: bool


class RemoteTables:
    """Tables at owners' agents.

    What an agent brings lies encrypted in a folder that is named by its errand; the key is in memory only, and both are deleted when the
    run has read them, or failed. Where the contract says so, the files stay, and the next run needs their keys alone.
    """

    def __init__(self, store: Store, sender: Sender, folder: Path, kept: Kept, prove: Callable[[int], bytes]) -> None:
        """Say where versions are known, who sends errands, where files arrive and are kept, and what proves that a commit is in the log."""
        self._store, self._sender, self._folder, self._kept, self._prove = store, sender, folder, kept, prove

    @contextmanager
    def opened(self, plan: Plan, reading: Reading) -> Iterator[Mapping[str, AdmittedTable]]:
        """Have every dataset that a plan reads brought, by all owners at once.

        Raises:
            Refusal: A version is not the present one, or the agent refuses.
            Failed: `AGENT_UNAVAILABLE` or `STORE_FAILED`.
        """
        wanted = self._wanted(reading.versions, data.columns_of(plan))
        proof = self._prove(reading.commit).decode()
        try:
            with ThreadPoolExecutor(len(wanted)) as pool:
                brought = {one.dataset: pool.submit(self._brought, one, reading, proof) for one in wanted}
                try:
                    tables = {dataset: one.result() for dataset, one in brought.items()}
                except StillroomError:
                    for one in wanted:
                        self._sender.abandon(one.ticket)
                    raise
            yield tables
        finally:
            for one in wanted:
                shutil.rmtree(self._folder / one.ticket, ignore_errors=True)

    def _brought(self, wanted: _Wanted, reading: Reading, proof: str) -> AdmittedTable:
        """Have one dataset brought, and return its table."""
        place = self._folder / wanted.ticket / wanted.dataset / str(wanted.version)
        with disk_errors("What is brought"):
            place.mkdir(mode=PRIVATE_FOLDER, parents=True)
        if not wanted.kept:
            secret = self._sent(wanted, None, reading, proof)
            return StoredTable(place, secret[:KEY_SIZE], secret[KEY_SIZE:])
        with self._kept.alone(wanted.dataset):
            held = self._kept.files(wanted.owner, wanted.dataset, wanted.version, pieces_of(wanted.columns))
            secret = self._sent(wanted, tuple(held), reading, proof)
            if (place / FILES[0]).exists():  # its owner has attached it, so that it is another table in each run
                return StoredTable(place, secret[:KEY_SIZE], secret[KEY_SIZE:])
            return self._pieced(wanted, place, held, secret)

    def _sent(self, wanted: _Wanted, held: tuple[str, ...] | None, reading: Reading, proof: str) -> bytes:
        """Send the errand, and return what opens the files."""
        key = RunKey()
        task = Bring(
            reservation=reading.reservation,
            dataset=wanted.dataset,
            columns=wanted.columns,
            held=held,
            key=key.public,
            proof=proof,
            grounds=shown(reading.grounds),
        )
        reply = self._sender.send(wanted.owner, task, SECONDS, wanted.ticket)
        if reply.refusal is not None or reply.sealed is None:
            raise Failed(Code.RUN_FAILED, f"The agent of {wanted.owner} did not bring {wanted.dataset}.", "Ask its owner why.")
        return key.open(reply.sealed, about(wanted.ticket, reading.reservation, wanted.dataset, wanted.version))

    def _pieced(self, wanted: _Wanted, place: Path, held: Mapping[str, Path], secret: bytes) -> PiecedTable:
        """Return a table of pieces that were kept and pieces that were brought, each of them the very one that its owner means.

        Raises:
            Failed: `STORE_FAILED` if one of them is another one, or is not there.
        """
        salt, openings = unpacked(secret, pieces_of(wanted.columns))
        brought = {piece: place / piece for piece in openings if (place / piece).exists()}
        files = {**held, **brought}
        for piece, opening in openings.items():
            if piece not in files or not compare_digest(_digest(files[piece]), opening.digest):
                self._kept.drop(wanted.owner, wanted.dataset, wanted.version, piece)
                raise Failed(
                    Code.STORE_FAILED, f"What is kept of {wanted.dataset} is not what was brought.", "Ask again: it is brought anew."
                )
        files |= self._kept.take(wanted.owner, wanted.dataset, wanted.version, brought)
        return PiecedTable(Version(self._sender.room, wanted.dataset, wanted.version), files, openings, salt)

    def _wanted(self, versions: Mapping[str, int], columns: Mapping[str, tuple[str, ...]]) -> tuple[_Wanted, ...]:
        """Return what is to be brought, all of the versions being the present ones."""
        with self._store.reading() as records:
            contract = contracts.in_force(records).contract
            for dataset in columns:
                if data.version_of(records, contract, dataset) != versions[dataset]:
                    raise Refusal(
                        Code.DATA_UNKNOWN, f"Version {versions[dataset]} of {dataset} is no longer the present one.", "Ask again."
                    )
        return tuple(
            _Wanted(self._sender.ticket(), name, contract.datasets[name].owner, versions[name], read, name in contract.kept)
            for name, read in columns.items()
        )


def _digest(file: Path) -> bytes:
    with disk_errors("What is kept"):
        return file_digest(file)


def about(ticket: str, reservation: str, dataset: str, version: int) -> dict[str, str]:
    """Return what a sealed key is bound to."""
    return {"ticket": ticket, "reservation": reservation, "dataset": dataset, "version": str(version)}
