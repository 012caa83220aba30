"""Which data is there: announced by its owner as a counter, and admitted under the contract in force or not at all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, Refusal
from stillroom.ledger.entry import DataVersion, DataWithdrawn
from stillroom.model.codec import decode
from stillroom.model.record import DataRecord
from stillroom.model.relation import Enrich, Scan, steps
from stillroom.policy.contracts import section_digest
from stillroom.room import contracts, log
from stillroom.room.signed import open_signed
from stillroom.room.statement import DATA_TYPE, DataStatement
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Mapping

    from stillroom.ledger.entry import Entry
    from stillroom.model.contract import Contract, Party
    from stillroom.model.plan import Plan
    from stillroom.ports import Records
    from stillroom.room.contracts import InForce
    from stillroom.room.room import Room


def announce(room: Room, envelope: bytes) -> DataRecord:
    """Take note of a new version, or of a withdrawal, that the dataset's owner has signed. Saying the same again changes nothing.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` without a contract in force, `DATA_UNKNOWN` for a dataset that it does not name or a withdrawal of
            another version than the present one, `DATA_NOT_ADMITTED` for a version that does not rise.
        Unverified: The owner has not signed it.
    """
    with room.store.writing() as records:
        force = contracts.in_force(records)
        statement = _verified(force.contract, envelope)
        before = records.versions.get(statement.dataset)
        after = DataRecord.model_validate(statement.model_dump(exclude={"format"}))
        if before != after:
            _check_follows(before, after)
            records.versions.put(after)
            log.append(room, records, _entry(room, force, after))
        return after


def admitted(records: Records, contract: Contract, sections: Mapping[str, str]) -> dict[str, int]:
    """Return the version of every dataset that a plan reads, each admitted under the section that the contract has now.

    Args:
        records: What the room keeps.
        contract: The contract.
        sections: Its `sections_of` the plan.

    Raises:
        Refusal: `DATA_UNKNOWN`, `DATA_WITHDRAWN` or `DATA_NOT_ADMITTED`, naming the first such dataset.
    """
    present = {record.dataset: record for record in records.versions.all()}
    return {dataset: _version(contract, dataset, section, present.get(dataset)) for dataset, section in sections.items()}


def sections_of(contract: Contract, plan: Plan) -> dict[str, str]:
    """Return the digest of the contract's section of every dataset that a plan reads, by name in order."""
    return {dataset: section_digest(contract, dataset) for dataset in datasets_of(plan)}


def to_be_kept(records: Records, today: datetime.date) -> Iterator[tuple[str, str, int]]:
    """Yield owner, name and version of each dataset of which a server may keep something on a day, by the contract in force."""
    if records.contracts.active() is None:
        return
    contract = contracts.in_force(records).contract
    for dataset in contract.kept if contract.expires >= today.isoformat() else ():
        with suppress(Refusal):  # there is no version to be kept
            yield contract.datasets[dataset].owner, dataset, version_of(records, contract, dataset)


def datasets_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of all datasets that a plan reads, sorted."""
    return tuple(columns_of(plan))


def columns_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the columns that a plan reads of each dataset, sorted."""
    found: dict[str, set[str]] = {}
    for step in steps(plan.whole):
        if isinstance(step, Scan | Enrich):
            found.setdefault(step.dataset, set()).update(step.columns)
    return {dataset: tuple(sorted(columns)) for dataset, columns in sorted(found.items())}


def version_of(records: Records, contract: Contract, dataset: str) -> int:
    """Return the present version of a dataset, admitted under the section that the contract has now.

    Raises:
        Refusal: `DATA_UNKNOWN`, `DATA_WITHDRAWN` or `DATA_NOT_ADMITTED`.
    """
    if dataset not in contract.datasets:
        raise Refusal(Code.DATA_UNKNOWN, f"The contract in force names no dataset {dataset}.", "Name one of its datasets.")
    return _version(contract, dataset, section_digest(contract, dataset), records.versions.get(dataset))


def _version(contract: Contract, dataset: str, section: str, record: DataRecord | None) -> int:
    owner = contract.datasets[dataset].owner
    if record is None:
        raise Refusal(Code.DATA_UNKNOWN, f"There is no data for {dataset} yet.", f"Ask {owner} to add it.")
    if record.withdrawn:
        raise Refusal(Code.DATA_WITHDRAWN, f"{owner} has withdrawn {dataset}.", f"Ask {owner} to add it again.")
    if record.section != section:
        raise Refusal(
            Code.DATA_NOT_ADMITTED,
            f"{dataset} was admitted under another section of the contract than the one in force.",
            f"Ask {owner} to add it again, under the contract in force.",
        )
    return record.version


def _verified(contract: Contract, envelope: bytes) -> DataStatement:
    """Return the statement, signed by the owner of the dataset that it is about."""
    claimed = decode(unverified_payload(envelope, DATA_TYPE), DataStatement)
    return open_signed(envelope, DATA_TYPE, _owner(contract, claimed.dataset), DataStatement)


def _owner(contract: Contract, dataset: str) -> Party:
    section = contract.datasets.get(dataset)
    party = contract.party(section.owner) if section else None
    if party is None:
        raise Refusal(Code.DATA_UNKNOWN, f"The contract in force names no dataset {dataset}.", "Name one of its datasets.")
    return party


def _check_follows(before: DataRecord | None, after: DataRecord) -> None:
    if after.withdrawn and (before is None or before.model_copy(update={"withdrawn": True}) != after):
        raise Refusal(
            Code.DATA_UNKNOWN, f"Version {after.version} of {after.dataset} is not the present one.", "Withdraw the present version."
        )
    if not after.withdrawn and before is not None and after.version <= before.version:
        raise Refusal(
            Code.DATA_NOT_ADMITTED,
            f"Version {after.version} of {after.dataset} does not follow version {before.version}.",
            "Add the data again, which makes a new version.",
        )


def _entry(room: Room, force: InForce, record: DataRecord) -> Entry:
    at = entry_time(room.clock, force.contract)
    if record.withdrawn:
        return DataWithdrawn(at=at, dataset=record.dataset)
    return DataVersion(at=at, dataset=record.dataset, version=record.version, contract=force.digest)
