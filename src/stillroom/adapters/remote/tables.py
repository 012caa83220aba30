"""Tables that owners' agents bring for one run, sealed (`stillroom.ports.Tables`). They are gone once the run has read them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.home.files import PRIVATE_FOLDER, disk_errors
from stillroom.adapters.home.stored_table import KEY_SIZE, StoredTable
from stillroom.adapters.remote.seal import RunKey
from stillroom.adapters.remote.vault import shown
from stillroom.errors import Code, Failed, Refusal, StillroomError
from stillroom.model.errand import Bring
from stillroom.room import contracts, data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from stillroom.adapters.remote.sender import Sender
    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading
    from stillroom.ports import AdmittedTable, Store

SECONDS = 3_600.0
"""How long an agent may take to bring a table."""


class RemoteTables:
    """Tables at owners' agents.

    What an agent brings lies encrypted in a folder that is named by its errand; the key is in memory only, and both are deleted when the
    run has read them, or failed.
    """

    def __init__(self, store: Store, sender: Sender, folder: Path, prove: Callable[[int], bytes]) -> None:
        """Say where versions are known, who sends errands, where files arrive, and what proves that a commit is in the log."""
        self._store, self._sender, self._folder, self._prove = store, sender, folder, prove

    @contextmanager
    def opened(self, plan: Plan, reading: Reading) -> Iterator[Mapping[str, AdmittedTable]]:
        """Have every dataset that a plan reads brought, by all owners at once.

        Raises:
            Refusal: A version is not the present one, or the agent refuses.
            Failed: `AGENT_UNAVAILABLE` or `STORE_FAILED`.
        """
        columns = data.columns_of(plan)
        owners = self._owners(reading.versions, columns)
        tickets = {dataset: self._sender.ticket() for dataset in columns}
        proof = self._prove(reading.commit).decode()
        try:
            with ThreadPoolExecutor(len(columns)) as pool:
                brought = {
                    dataset: pool.submit(self._brought, tickets[dataset], owners[dataset], dataset, columns[dataset], reading, proof)
                    for dataset in columns
                }
                try:
                    tables = {dataset: one.result() for dataset, one in brought.items()}
                except StillroomError:
                    for ticket in tickets.values():
                        self._sender.abandon(ticket)
                    raise
            yield tables
        finally:
            for ticket in tickets.values():
                shutil.rmtree(self._folder / ticket, ignore_errors=True)

    def _brought(  # noqa: PLR0913, PLR0917 - what an errand is about
        self, ticket: str, owner: str, dataset: str, columns: tuple[str, ...], reading: Reading, proof: str
    ) -> StoredTable:
        """Have one dataset brought, and return its table."""
        version, key = reading.versions[dataset], RunKey()
        place = self._folder / ticket / dataset / str(version)
        with disk_errors("What is brought"):
            place.mkdir(mode=PRIVATE_FOLDER, parents=True)
        grounds = shown(reading.grounds)
        task = Bring(reservation=reading.reservation, dataset=dataset, columns=columns, key=key.public, proof=proof, grounds=grounds)
        reply = self._sender.send(owner, task, SECONDS, ticket)
        if reply.refusal is not None or reply.sealed is None:
            raise Failed(Code.RUN_FAILED, f"The agent of {owner} did not bring {dataset}.", "Ask its owner why.")
        secret = key.open(reply.sealed, about(ticket, reading.reservation, dataset, version))
        return StoredTable(place, secret[:KEY_SIZE], secret[KEY_SIZE:])

    def _owners(self, versions: Mapping[str, int], columns: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """Return whose each dataset is, all of the versions being the present ones."""
        with self._store.reading() as records:
            contract = contracts.in_force(records).contract
            for dataset in columns:
                if data.version_of(records, contract, dataset) != versions[dataset]:
                    raise Refusal(
                        Code.DATA_UNKNOWN, f"Version {versions[dataset]} of {dataset} is no longer the present one.", "Ask again."
                    )
        return {dataset: contract.datasets[dataset].owner for dataset in columns}


def about(ticket: str, reservation: str, dataset: str, version: int) -> dict[str, str]:
    """Return what a sealed key is bound to."""
    return {"ticket": ticket, "reservation": reservation, "dataset": dataset, "version": str(version)}
