"""Where a room on one machine finds data: in its owners' homes, or where those say that they lie."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillroom.adapters.home import Home
    from stillroom.model.contract import PrivateDataset, PublicDataset
    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading
    from stillroom.ports import AdmittedTable, Store


class RoomTables:
    """Finds a dataset in the home of the party that owns it under the contract in force, or where that says that it lies.

    Tables in homes are kept once they were opened. What is attached is read anew each time: a run opens each of its datasets once.
    """

    def __init__(self, store: Store, homes: Mapping[str, Home]) -> None:
        """Look up owners in a room's store, and their homes by party."""
        self._store = store
        self._homes = homes
        self._opened: dict[tuple[str, str, int], AdmittedTable] = {}

    @contextmanager
    def opened(self, plan: Plan, reading: Reading) -> Iterator[Mapping[str, AdmittedTable]]:
        """Open every dataset that a plan reads. It fails as `open` does."""
        from stillroom.room.data import datasets_of

        yield self.open({dataset: reading.versions[dataset] for dataset in datasets_of(plan)})

    def open(self, versions: Mapping[str, int]) -> dict[str, AdmittedTable]:
        """Return versions of datasets, by name, as they are in one state of the store.

        Raises:
            InvalidInput: `HOME_INVALID` if an owner's home cannot be reached.
            Refusal: One was withdrawn or is not there, or an amendment has come that it was not admitted under.
        """
        from stillroom.room import contracts, data

        with self._store.reading() as records:
            contract = contracts.in_force(records).contract
            for dataset, version in versions.items():
                if data.version_of(records, contract, dataset) != version:
                    raise Refusal(Code.DATA_UNKNOWN, f"Version {version} of {dataset} is no longer the present one.", "Ask again.")
        return {dataset: self._table(contract.datasets[dataset], dataset, version) for dataset, version in versions.items()}

    def _table(self, declared: PrivateDataset | PublicDataset, dataset: str, version: int) -> AdmittedTable:
        """Return a version of a dataset as it is declared."""
        from stillroom.adapters.attached import read_attached

        home = self._homes.get(declared.owner)
        if home is None:
            raise InvalidInput(
                Code.HOME_INVALID, f"The home of {declared.owner} cannot be reached.", "Bring its folder back, then ask again."
            )
        attachment = home.attachment(dataset, version)
        if attachment is not None:
            return read_attached(attachment, declared)
        return self._opened.setdefault((declared.owner, dataset, version), home.table(dataset, version))
