"""Announcing data that a room has not heard of."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from stillroom.errors import Refusal, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.manifest import Holding
    from stillroom.model.record import DataRecord
    from stillroom.room.room import Room
    from stillroom.room.statement import DataStatement


def announce_late(room: Room, homes: Mapping[str, Home]) -> None:
    """Announce what homes hold and the room has not heard of: a crash came between, or it was added in another room."""
    from stillroom.room import contracts, data
    from stillroom.room.signed import sign
    from stillroom.room.statement import DATA_TYPE

    with room.store.reading() as records:
        if records.contracts.active() is None:
            return
        contract = contracts.in_force(records).contract
        known = {record.dataset: record for record in records.versions.all()}
    for home in homes.values():
        party = contract.party(home.party)
        if party is not None and party.key == home.signing_key.public.text:
            for holding in home.datasets():
                if holding.name in contract.datasets and contract.datasets[holding.name].owner == home.party:
                    for statement in _unheard(holding, known.get(holding.name)):
                        with suppress(Refusal, Unverified):  # another process has announced more, or the contract was amended just now
                            data.announce(room, sign(statement, DATA_TYPE, home.signing_key))


def withdrawal(home: Home, dataset: str, known: DataRecord | None) -> bytes | None:
    """Return a home's signed word that it has withdrawn a dataset, if a room still shows a version that the home has had; else nothing.

    That may be an earlier one than the last, of which the room has never heard.

    Args:
        home: The home.
        dataset: The dataset.
        known: What the room shows.
    """
    from stillroom.room.signed import sign
    from stillroom.room.statement import DATA_TYPE, DataStatement

    holding = next((held for held in home.datasets() if held.name == dataset), None)
    if holding is None or holding.current is not None or known is None or known.withdrawn:
        return None
    version = holding.version(known.version)
    if version is None:
        return None
    return sign(
        DataStatement(dataset=dataset, version=version.number, section=version.section, withdrawn=True), DATA_TYPE, home.signing_key
    )


def _unheard(holding: Holding, known: DataRecord | None) -> Iterator[DataStatement]:
    """Yield what there is to say about a dataset: that its last version is there, and that it was withdrawn."""
    from stillroom.adapters.home.manifest import State
    from stillroom.room.statement import DataStatement

    last = holding.versions[-1]
    heard = known.version if known else 0
    there = DataStatement(dataset=holding.name, version=last.number, section=last.section)
    if last.number > heard:
        yield there
    if last.state is State.WITHDRAWN and last.number >= heard and not (known and known.version == last.number and known.withdrawn):
        yield there.model_copy(update={"withdrawn": True})
