"""Pauses: any owner pauses the room at once, and it goes on when all of them have resumed.

While it is paused nothing is committed. What was committed before is measured and released as far as owners bring their data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.errors import Code, Refusal, Unverified
from stillroom.ledger.entry import Pause
from stillroom.model.record import PauseRecord
from stillroom.room import contracts, log
from stillroom.room.statement import PAUSE_TYPE, PauseStatement
from stillroom.room.times import entry_time
from stillroom.room.words import owners_word

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.ports import Records
    from stillroom.room.room import Room


class Pausing(NamedTuple):
    """How the room's last pause stands.

    Attributes:
        contract: The contract in force.
        last: The last pause, if there ever was one.
    """

    contract: Contract
    last: PauseRecord | None

    @property
    def missing(self) -> tuple[str, ...]:
        """Who has yet to resume, sorted; nobody if the room is not paused."""
        if self.last is None or self.last.ended:
            return ()
        return tuple(owner for owner in self.contract.owners if not self._resumes(self.last, owner))

    def next_word(self, room: str, party: str, *, paused: bool) -> PauseStatement:
        """Return what a party has to sign to begin a pause, or to resume.

        Args:
            room: The room's identity.
            party: The party.
            paused: Whether it begins one.
        """
        number = 0 if self.last is None else self.last.pause
        return PauseStatement(room=room, party=party, pause=number + 1 if paused else max(1, number), paused=paused)

    def _resumes(self, last: PauseRecord, owner: str) -> bool:
        """Tell whether an owner has resumed, by the key that it has under the contract. A word by a key that was since replaced is none."""
        try:
            return owner in last.words and not owners_word(self.contract, last.words[owner], PAUSE_TYPE, PauseStatement).paused
        except (Refusal, Unverified):
            return False


def pausing(records: Records, contract: Contract) -> Pausing:
    """Return how things stand in this transaction."""
    return Pausing(contract, records.pauses.last())


def record(room: Room, envelope: bytes) -> PauseStatement:
    """Take an owner's signed word; the same one again changes nothing.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if none is in force, `OWNER_ONLY` for a party that owns no dataset of it, `PAUSE_INVALID` if it is meant
            for another room or another pause, or if that owner has resumed already.
        Unverified: The party has not signed it.
    """
    with room.store.writing() as records:
        force = contracts.in_force(records)
        given = owners_word(force.contract, envelope, PAUSE_TYPE, PauseStatement)
        before = pausing(records, force.contract)
        if before.last is not None and before.last.words.get(given.party) == envelope:
            return given
        _check(room, before, given)
        words = {} if before.last is None or given.paused else before.last.words
        now = PauseRecord(pause=given.pause, ended=False, words={**words, given.party: envelope})
        records.pauses.put(now.model_copy(update={"ended": not Pausing(force.contract, now).missing}))
        at, kept = entry_time(room.clock, force.contract), log.keep(records, envelope)
        log.append(room, records, Pause(at=at, party=given.party, pause=given.pause, paused=given.paused, statement=kept))
        return given


def stops(room: Room, envelope: bytes) -> bool:
    """Tell whether an owner's word pauses a room that goes on. To take that must never wait, whatever the owner has said before.

    Before a room goes on each owner has resumed, so that an owner who says only this, and what has a rate, has a rate.

    Raises:
        Refusal, Unverified: As `record`, where it is no owner's word.
    """
    with room.store.reading() as records:
        contract = contracts.in_force(records).contract
        given = owners_word(contract, envelope, PAUSE_TYPE, PauseStatement)
        return given.paused and not pausing(records, contract).missing


def current(room: Room) -> Pausing:
    """Return how things stand under the contract in force.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if there is none.
    """
    with room.store.reading() as records:
        return pausing(records, contracts.in_force(records).contract)


def _check(room: Room, before: Pausing, given: PauseStatement) -> None:
    expected = before.next_word(room.identity, given.party, paused=given.paused)
    if given != expected or not (given.paused or given.party in before.missing):
        raise Refusal(
            Code.PAUSE_INVALID,
            "The statement is meant for another room or another pause, or its party has nothing to resume.",
            "Look at who has yet to resume (`stillroom paused`), and say it again.",
        )
