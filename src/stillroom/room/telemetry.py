"""Telemetry: metrics and operational logs of a room's server, which every owner must agree to, and any one may end.

The room's own log is no telemetry: it is never off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, Refusal, Unverified
from stillroom.ledger.entry import TelemetryConsent
from stillroom.model.codec import decode
from stillroom.room import contracts, log
from stillroom.room.statement import TELEMETRY_TYPE, TelemetryStatement
from stillroom.room.times import entry_time
from stillroom.room.words import owners_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.contract import Contract
    from stillroom.room.room import Room


class Consent(NamedTuple):
    """What owners say about telemetry.

    Attributes:
        contract: The contract in force.
        said: The last statement of each party, signed.
    """

    contract: Contract
    said: Mapping[str, bytes]

    @property
    def on(self) -> bool:
        """Whether every owner agrees, signed by the key that it has under the contract."""
        return all(self.agrees(name) for name in self.contract.owners)

    def agrees(self, owner: str) -> bool:
        """Tell whether an owner's last word is yes. One by a key that was since replaced is none."""
        try:
            return owner in self.said and owners_word(self.contract, self.said[owner], TELEMETRY_TYPE, TelemetryStatement).on
        except (Refusal, Unverified):
            return False


def statement(room: str, party: str, said: Mapping[str, bytes], *, on: bool) -> TelemetryStatement:
    """Return what a party has to sign to switch telemetry on or off.

    Args:
        room: The room's identity.
        party: The party.
        said: What owners have said last.
        on: What it says now.
    """
    return TelemetryStatement(room=room, party=party, number=_last(said.get(party)) + 1, on=on)


def record(room: Room, envelope: bytes) -> TelemetryStatement:
    """Take an owner's signed word; the same one again changes nothing.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if none is in force, `OWNER_ONLY` for a party that owns no dataset of it, `TELEMETRY_INVALID` if it is
            meant for another room, or does not follow the party's last.
        Unverified: The party has not signed it.
    """
    with room.store.writing() as records:
        force = contracts.in_force(records)
        given = owners_word(force.contract, envelope, TELEMETRY_TYPE, TelemetryStatement)
        said = records.consents.all()
        if said.get(given.party) == envelope:
            return given
        if given != statement(room.identity, given.party, said, on=given.on):
            raise Refusal(
                Code.TELEMETRY_INVALID,
                "The statement is meant for another room, or does not follow the last one of its party.",
                "Look at what owners have said, and say it again.",
            )
        records.consents.put(given.party, envelope)
        kept = log.keep(records, envelope)
        at = entry_time(room.clock, force.contract)
        log.append(room, records, TelemetryConsent(at=at, party=given.party, number=given.number, on=given.on, statement=kept))
        return given


def ends(room: Room, envelope: bytes) -> bool:
    """Tell whether an owner's word takes back that it agrees. To take that must never wait, whatever the owner has said before.

    Before it takes that back it has agreed, so that an owner who says only this, and what has a rate, has a rate.

    Raises:
        Refusal, Unverified: As `record`, where it is no owner's word.
    """
    found = consent(room)
    given = owners_word(found.contract, envelope, TELEMETRY_TYPE, TelemetryStatement)
    return not given.on and found.agrees(given.party)


def consent(room: Room) -> Consent:
    """Return how things stand under the contract in force.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if there is none.
    """
    with room.store.reading() as records:
        contract, said = contracts.in_force(records).contract, records.consents.all()
    return Consent(contract, said)


def _last(envelope: bytes | None) -> int:
    """Return the number of a statement."""
    if envelope is None:
        return 0
    return decode(unverified_payload(envelope, TELEMETRY_TYPE), TelemetryStatement).number
