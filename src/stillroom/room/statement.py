"""What parties sign, besides contracts, questions and decisions: holds and lapses of their accounts, and what data there is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stillroom.ledger.account import AccountName, Reservation
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

CONTRACT_TYPE = "application/vnd.stillroom.contract.v1+json"
"""DSSE payload type of a contract (`stillroom.model.contract.Contract`), signed by its parties."""

QUESTION_TYPE = "application/vnd.stillroom.question.v1+json"
"""DSSE payload type of a question (`stillroom.model.question.Question`), signed by the party that asks."""

DRAFT_TYPE = "application/vnd.stillroom.draft.v1+json"
"""DSSE payload type of a question that a party would like to know something about, and does not ask: nothing can be charged for it."""

HOLD_TYPE = "application/vnd.stillroom.hold.v1+json"
"""DSSE payload type of a hold."""

LAPSE_TYPE = "application/vnd.stillroom.lapse.v1+json"
"""DSSE payload type of a lapse."""

ERRAND_TYPE = "application/vnd.stillroom.errand.v1+json"
"""DSSE payload type of an errand (`stillroom.model.errand.Errand`), signed by the room."""

ROOM_TYPE = "application/vnd.stillroom.room.v1+json"
"""DSSE payload type of what is on a room's door, signed by the room."""

JOIN_TYPE = "application/vnd.stillroom.join.v1+json"
"""DSSE payload type of a party's wish to join a room."""

DATA_TYPE = "application/vnd.stillroom.data.v1+json"
"""DSSE payload type of an announcement of data."""

TELEMETRY_TYPE = "application/vnd.stillroom.telemetry.v1+json"
PAUSE_TYPE = "application/vnd.stillroom.pause.v1+json"
"""DSSE payload type of an owner's word about metrics and operational logs."""


class HoldStatement(Value):
    """An owner's word that an account holds a charge.

    Attributes:
        format: The version of this format.
        room: The room's identity.
        reservation: What it is held for.
        account: Whose account.
        charge: How much.
    """

    format: Literal["stillroom/hold/v1"] = Field(default="stillroom/hold/v1", alias="schema")
    room: str
    reservation: Reservation
    account: AccountName
    charge: Charge


class LapseStatement(Value):
    """An owner's word that an account has given up a hold, and will not hold for this reservation again."""

    format: Literal["stillroom/lapse/v1"] = Field(default="stillroom/lapse/v1", alias="schema")
    reservation: Reservation
    account: AccountName


class RoomStatement(Value):
    """A room's word about itself.

    Attributes:
        format: The version of this format.
        name: Its name.
        key: Its public key.
        certificate: Digest of the certificate that its server shows; nothing without TLS.
    """

    format: Literal["stillroom/room-card/v1"] = Field(default="stillroom/room-card/v1", alias="schema")
    name: str
    key: str
    certificate: Digest | None

    @property
    def identity(self) -> str:
        """The room's name and public key, as releases and holds state them."""
        return f"{self.name} {self.key}"


class JoinStatement(Value):
    """A party's wish to be in a room, signed with the key that it will sign everything with.

    Attributes:
        format: The version of this format.
        room: The room's identity.
        party: The party's name.
        key: Its public key.
    """

    format: Literal["stillroom/join/v1"] = Field(default="stillroom/join/v1", alias="schema")
    room: str
    party: Name
    key: str


class DataStatement(Value):
    """An owner's word that a dataset has a new version, or that it is withdrawn. It says nothing about the content.

    Attributes:
        format: The version of this format.
        dataset: Which.
        version: Rises with every new version; a withdrawal names the present one.
        section: Digest of the section of the contract under which the data was admitted.
        withdrawn: Whether the owner takes it back.
    """

    format: Literal["stillroom/data/v1"] = Field(default="stillroom/data/v1", alias="schema")
    dataset: Name
    version: int = Field(ge=1, le=2**53 - 1)
    section: Digest
    withdrawn: bool = False


class TelemetryStatement(Value):
    """An owner's word whether the room's server may keep metrics and operational logs. The room's log is kept in any case.

    Attributes:
        format: The version of this format.
        room: The room's identity.
        party: The owner.
        number: 1, 2, … for the owner's statements, so that an older one cannot be played again.
        on: Whether it may.
    """

    format: Literal["stillroom/telemetry/v1"] = Field(default="stillroom/telemetry/v1", alias="schema")
    room: str
    party: Name
    number: int = Field(ge=1, le=2**53 - 1)
    on: bool


class PauseStatement(Value):
    """An owner's word that the room pauses, or that it may go on as far as that owner is concerned.

    Attributes:
        format: The version of this format.
        room: The room's identity.
        party: The owner.
        pause: Which pause of the room, from 1. Who begins one names the next; who resumes names the last, so that no word about an earlier
            one ends it.
        paused: Whether it begins; otherwise this owner resumes.
    """

    format: Literal["stillroom/pause/v1"] = Field(default="stillroom/pause/v1", alias="schema")
    room: str
    party: Name
    pause: int = Field(ge=1, le=2**53 - 1)
    paused: bool
