"""What an owner does with its own data: add, attach, withdraw, forget; each is announced to the room as a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.views import AddedData
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.contract import PrivateDataset

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.home import Home
    from stillroom.client.access import Access
    from stillroom.model.contract import Contract, Dataset
    from stillroom.ports import Progress


class OwnData:
    """The data of one party in a room.

    The contract is looked at once: should an amendment come meanwhile, a version is that of the section it was admitted under.
    """

    def __init__(self, home: Home, access: Access, contract: Contract, progress: Progress) -> None:
        """Name the party's home, how it reaches the room, the contract in force, and who hears of steps."""
        self._home, self._access, self._contract, self._progress = home, access, contract, progress

    def add(self, dataset: str, source: str | Path) -> AddedData:
        """Admit data as the next version, copy them into the home, and announce the version."""
        from stillroom import bootstrap
        from stillroom.policy.contracts import section_digest

        declared = self._declared(dataset)
        self._progress.step("admit")
        admitted = bootstrap.admit(self._home, dataset, declared, source)
        self._progress.step("store")
        section, contract = section_digest(self._contract, dataset), digest_of(self._contract)
        version = self._home.add(dataset, admitted, section=section, contract=contract, after=self._heard(dataset))
        self._announce(dataset, version)
        return AddedData(dataset=dataset, version=version, report=admitted.report)

    def attach(self, dataset: str, source: str | Path) -> AddedData:
        """Admit data to count what becomes of them, note where they lie as the next version, and announce the version."""
        from stillroom import bootstrap
        from stillroom.policy.contracts import section_digest

        declared = self._declared(dataset)
        noted = bootstrap.to_be_noted(source)
        self._progress.step("admit")
        admitted = bootstrap.admit(self._home, dataset, declared, source, attached=True)
        section, contract = section_digest(self._contract, dataset), digest_of(self._contract)
        version = self._home.attach(dataset, admitted.salt, noted, section=section, contract=contract, after=self._heard(dataset))
        self._announce(dataset, version)
        return AddedData(dataset=dataset, version=version, report=admitted.report)

    def withdraw(self, dataset: str) -> None:
        """Withdraw a dataset. What the home has withdrawn, and the room still shows, is announced again.

        Raises:
            Refusal: `DATA_WITHDRAWN` if the room has heard of it, too.
        """
        from stillroom import bootstrap

        self._declared(dataset)
        holding = next((held for held in self._home.datasets() if held.name == dataset), None)
        current = holding.current if holding else None
        missed = None if current else bootstrap.withdrawal(self._home, dataset, self._access.versions().get(dataset))
        if missed is not None:
            self._access.announce(missed)
            return
        self._home.withdraw(dataset)
        if current is not None:
            self._announce(dataset, current.number, withdrawn=True)

    def forget(self, person: str) -> dict[str, int]:
        """Remove one person's rows from every private dataset; return the new versions.

        Raises:
            InvalidInput: `DATA_INVALID` if the identifier names nobody by the rules of any of these datasets.
        """
        from stillroom.admission.identifiers import canonical

        versions = {}
        for holding in self._home.datasets():
            declared = self._contract.datasets.get(holding.name)
            if not isinstance(declared, PrivateDataset) or declared.owner != self._home.party or holding.current is None:
                continue
            if canonical(person, declared.person) is not None:
                versions[holding.name] = self._home.forget(holding.name, declared.person, person, after=self._heard(holding.name))
                self._announce(holding.name, versions[holding.name])
        if not versions:
            raise InvalidInput(Code.DATA_INVALID, "That identifier names nobody in any data of yours.", "Give it as the data has it.")
        return versions

    def _heard(self, dataset: str) -> int:
        """Return the last version of a dataset that the room has heard of, from whichever home."""
        record = self._access.versions().get(dataset)
        return record.version if record else 0

    def _announce(self, dataset: str, version: int, *, withdrawn: bool = False) -> None:
        """Tell the room about a version, signed."""
        from stillroom.room.signed import sign
        from stillroom.room.statement import DATA_TYPE, DataStatement

        holding = next(held for held in self._home.datasets() if held.name == dataset)
        section = next(held.section for held in holding.versions if held.number == version)
        statement = DataStatement(dataset=dataset, version=version, section=section, withdrawn=withdrawn)
        self._access.announce(sign(statement, DATA_TYPE, self._home.signing_key))

    def _declared(self, dataset: str) -> Dataset:
        """Return the contract's section for a dataset that this party owns."""
        declared = self._contract.datasets.get(dataset)
        if declared is None:
            raise Refusal(
                Code.DATASET_UNKNOWN, f"There is no dataset {dataset!r} in the contract.", "`stillroom contract show` lists them."
            )
        if declared.owner != self._home.party:
            raise Refusal(Code.OWNER_ONLY, f"{dataset} belongs to {declared.owner}.", "Its owner does this, from its own home.")
        return declared
