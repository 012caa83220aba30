"""How a party reaches a room: a folder of this machine, or a server. What goes in and out is signed bytes and plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.plan import Plan
    from stillroom.model.question import Question
    from stillroom.model.record import DataRecord, PauseRecord, SignedContract, Tally
    from stillroom.ports import Progress
    from stillroom.room.approvals import Put
    from stillroom.room.room import Room


@dataclass(frozen=True, slots=True)
class Answer:
    """What an ask comes to.

    Attributes:
        envelope: The signed release.
        fresh: Whether this ask was charged; otherwise the release was there.
    """

    envelope: bytes
    fresh: bool


class Access(Protocol):
    """A room, as one party reaches it. Each method fails as the use case behind it does."""

    def contract(self) -> bytes | None:
        """Return the contract in force with its signatures; None if there is none."""

    def submit(self, envelope: bytes) -> SignedContract:
        """Hand in a signed contract, and return how it stands."""

    def versions(self) -> Mapping[str, DataRecord]:
        """Return the present version of each dataset that has one."""
        ...

    def announce(self, envelope: bytes) -> None:
        """Hand in a signed announcement of data."""

    def lacking(self, question: Question, plan: Plan) -> tuple[str, ...]:
        """Return what the room's engine lacks for a question of this party, whose plan this is."""
        ...

    def ask(self, question: bytes, progress: Progress) -> Answer:
        """Take a signed question through the door."""
        ...

    def questions(self) -> tuple[Put, ...]:
        """Return the questions that were put to owners under the contract in force."""
        ...

    def decide(self, envelope: bytes) -> None:
        """Hand in a signed decision."""

    def releases(self) -> tuple[bytes, ...]:
        """Return the signed releases that the party may have, in the order in which they were stored."""
        ...

    def proof(self, reservation: str) -> bytes:
        """Return proofs that a release, which the party may have, is in the log (`stillroom/proof/v1`)."""
        ...

    def balance(self) -> Tally:
        """Return what may be spent under the contract in force, and what is spent."""
        ...

    def log(self) -> bytes:
        """Return the whole log with its signed checkpoint (`stillroom/log/v1`)."""
        ...

    @property
    def identity(self) -> str:
        """The room's name and public key."""

    def said(self) -> Mapping[str, bytes]:
        """Return the last signed statement of each owner about telemetry."""
        ...

    def say(self, envelope: bytes) -> None:
        """Hand in a signed statement about telemetry."""

    def pause(self) -> PauseRecord | None:
        """Return the room's last pause, if there ever was one."""

    def say_pause(self, envelope: bytes) -> None:
        """Hand in a signed statement that the room pauses, or that an owner resumes."""


class LocalAccess:
    """A room in a folder of this machine."""

    def __init__(self, room: Room, party: str) -> None:
        """Name the room and who comes to it."""
        self._room, self._party = room, party

    def contract(self) -> bytes | None:
        """Return the contract in force."""
        with self._room.store.reading() as records:
            record = records.contracts.active()
        return None if record is None else record.envelope

    def submit(self, envelope: bytes) -> SignedContract:
        """Hand in a contract, and log the accounts that it names."""
        from stillroom.room import accounts, contracts

        signed = contracts.hand_in(self._room, envelope)
        accounts.note_raises(self._room)
        return signed

    def versions(self) -> Mapping[str, DataRecord]:
        """Return the present version of each dataset."""
        with self._room.store.reading() as records:
            return {record.dataset: record for record in records.versions.all()}

    def announce(self, envelope: bytes) -> None:
        """Hand in an announcement of data."""
        from stillroom.room import data

        data.announce(self._room, envelope)

    def lacking(self, question: Question, plan: Plan) -> tuple[str, ...]:
        """Ask the engine."""
        del question
        return self._room.outlet.protection.lacking(plan)

    def ask(self, question: bytes, progress: Progress) -> Answer:
        """Go through the door."""
        from stillroom.room import door
        from stillroom.room.stages import Released

        found = door.ask(self._room, question, door.Discreet(progress))
        if not isinstance(found, Released):
            raise Refusal(Code.RELEASE_INVALID, "This room rehearses: its noise does not protect.", "Ask in a room with genuine noise.")
        return Answer(found.envelope, found.fresh)

    def questions(self) -> tuple[Put, ...]:
        """Return the questions that were put to owners."""
        from stillroom.room import approvals

        return approvals.put(self._room)

    def decide(self, envelope: bytes) -> None:
        """Hand in a decision."""
        from stillroom.room import approvals

        approvals.record(self._room, envelope)

    def releases(self) -> tuple[bytes, ...]:
        """Return the party's releases."""
        from stillroom.room import releases

        found = releases.received_by(self._room, self._party)
        return tuple(releases.envelope_for(self._room, self._party, one.reservation) for one in found)

    def proof(self, reservation: str) -> bytes:
        """Return proofs that a release is in the log."""
        from stillroom.room import releases

        return releases.proof_for(self._room, self._party, reservation)

    def balance(self) -> Tally:
        """Return the contract's balance."""
        from stillroom.room import releases

        return releases.balance(self._room)

    def log(self) -> bytes:
        """Return the whole log."""
        from stillroom.room.extract import whole_log

        return whole_log(self._room)

    @property
    def identity(self) -> str:
        """The room's name and public key."""
        return self._room.identity

    def said(self) -> Mapping[str, bytes]:
        """Return what owners say about telemetry."""
        from stillroom.room import telemetry

        return telemetry.consent(self._room).said

    def say(self, envelope: bytes) -> None:
        """Hand in a statement about telemetry."""
        from stillroom.room import telemetry

        telemetry.record(self._room, envelope)

    def pause(self) -> PauseRecord | None:
        """Return the room's last pause."""
        from stillroom.room import pauses

        return pauses.current(self._room).last

    def say_pause(self, envelope: bytes) -> None:
        """Hand in a statement that the room pauses, or that an owner resumes."""
        from stillroom.room import pauses

        pauses.record(self._room, envelope)
